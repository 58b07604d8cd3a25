"""Planes, weights and threshold of a trained network, chosen by reviewed voxels."""

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard, read_card
from napari_vessel.networks._sealed_card import sealed_text
from napari_vessel.training import ReviewedPrediction
from napari_vessel.volumes import volume_of_array
from napari_vessel.workflows._fusion import best_fusion, cores
from napari_vessel.workflows._lesson import choose_threshold
from napari_vessel.workflows._settling import settled

XY, XZ, YZ = Plane
THREE = tuple(Plane)
CARD = CheckpointCard(voxel_size_um=(50, 50, 50))
CUBES = VoxelSize(50, 50, 50)


def predicted(noise, seed=0):
    """A plane's probability is the truth and so much noise of its own."""
    rng = np.random.default_rng(seed)
    vessel = rng.random(4000) < 0.2
    planes = {
        plane: np.clip(vessel * 128 + 64 + rng.normal(0, sigma, 4000), 0, 255).astype(np.uint8)
        for plane, sigma in zip(THREE, noise, strict=True)
    }
    fused = np.mean(list(planes.values()), axis=0).astype(np.uint8)
    return ReviewedPrediction(Box.of((1, 63, 64)), vessel, fused, planes)


def choose(score):
    return choose_threshold(score, 0.5)


def fusion_of(noise, *, fixed=False, weights=(), judges=None):
    default = InferenceConfig(planes=THREE, weights=weights)
    return best_fusion([predicted(noise)], default, choose, fixed=fixed, judges=judges)


@pytest.mark.parametrize(("noise", "plane"), [((5, 250, 250), XY), ((250, 250, 5), YZ)])
def test_planes_that_only_hurt_are_left_out(noise, plane):
    assert fusion_of(noise).weights == {plane: 1.0}


def test_as_long_as_no_plane_alone_is_better_the_default_stays():
    assert fusion_of((60, 60, 60)).weights is None


def test_equal_weights_are_taken_where_better_than_the_default_s():
    weights = fusion_of((60, 60, 60), weights=(1.0, 0.01, 0.01)).weights
    assert weights == {XY: 1, XZ: 1, YZ: 1}


def test_a_gain_that_is_not_clear_changes_nothing():
    # One plane is a little better than the mean, by less than the choice of few voxels is worth.
    few = predicted((20, 90, 250))
    part = slice(0, 200)
    planes = {plane: voxels[part] for plane, voxels in few.planes.items()}
    small = ReviewedPrediction(few.box, few.vessel[part], few.probability[part], planes)
    assert small.vessel.sum() < 100
    default = InferenceConfig(planes=THREE)
    assert best_fusion([small], default, choose, fixed=False).weights is None


def test_planes_are_chosen_by_what_was_left_out_and_not_by_what_was_learned():
    learned, left_out = (5, 250, 250), (60, 60, 60)
    assert fusion_of(learned, judges=[predicted(left_out)]).weights is None
    assert fusion_of(left_out, judges=[predicted(learned)]).weights == {XY: 1.0}


def test_where_nothing_was_left_out_only_planes_of_no_use_are_dropped():
    assert fusion_of((5, 40, 40), judges=[]).weights is None
    one = predicted((5, 5, 5))
    blind = np.full(4000, 10, np.uint8)
    planes = {**dict.fromkeys(THREE, blind), XY: one.planes[XY]}
    found = ReviewedPrediction(one.box, one.vessel, blind, planes)
    default = InferenceConfig(planes=THREE)
    assert best_fusion([found], default, choose, fixed=False, judges=[]).weights == {XY: 1.0}


def test_a_person_s_planes_stay():
    assert fusion_of((5, 250, 250), fixed=True).weights is None


def test_the_threshold_is_that_of_the_chosen_planes():
    default = InferenceConfig(planes=THREE)
    one = predicted((1, 1, 1))
    planes = {XY: one.planes[XY], XZ: one.planes[XZ] // 3, YZ: one.planes[YZ] // 3}
    low = ReviewedPrediction(one.box, one.vessel, one.probability, planes)
    assert best_fusion([low], default, choose, fixed=False).threshold < 0.3
    assert choose(lambda at: low.score(at, planes[XY]).dice) > 0.4


def test_a_network_that_gives_nan_keeps_the_default():
    nan = ReviewedPrediction(Box.of((1, 1, 4)), np.ones(4, bool), None, {})
    found = best_fusion([nan], InferenceConfig(planes=THREE), choose, fixed=False)
    assert (found.weights, found.threshold) == (None, 0.5)


def test_planes_are_compared_on_a_small_part_around_vessels():
    class Corrections:
        def read(self, box):
            codes = np.ones((32, 64, 64), np.uint8)
            codes[3, 50:54, 2:6] = 2
            return codes

    block = Box((32, 64, 0), (64, 128, 64))
    (core,) = cores(Corrections(), [block])
    assert block.contains(core)
    assert core.shape == (32, 32, 32)
    assert core.contains(Box((35, 114, 2), (36, 118, 6)))


def test_weights_of_the_checkpoint_are_followed_where_the_planes_are_auto():
    volume = volume_of_array(np.zeros((64, 64, 64)), voxel_size=CUBES, uri="x")
    card = CARD.model_copy(update={"weights": {XY: 1.0, YZ: 0.5}})
    auto = settled(InferenceConfig(), volume, card)
    assert (auto.planes, auto.weights) == ((XY, YZ), (1.0, 0.5))
    named = settled(InferenceConfig(planes=(XZ,)), volume, card)
    assert (named.planes, named.weights) == ((XZ,), ())
    voted = settled(InferenceConfig(fuse="vote"), volume, card)
    assert (voted.planes, voted.weights) == (THREE, ())
    flat = volume_of_array(np.zeros((4, 64, 64)), voxel_size=CUBES, uri="x")
    only = CARD.model_copy(update={"weights": {YZ: 1.0}})
    assert settled(InferenceConfig(), flat, only).planes == (XY,)


def test_without_them_thin_slices_count_less():
    volume = volume_of_array(
        np.broadcast_to(np.uint8(0), (32, 500, 500)), voxel_size=CUBES, uri="x"
    )
    auto = settled(InferenceConfig(), volume, CARD)
    assert (auto.planes, auto.weights) == (THREE, (1.0, 0.5, 0.5))


def test_weights_lie_in_the_card_and_older_cards_are_read(tmp_path):
    card = CARD.model_copy(update={"weights": {XY: 1.0, YZ: 0.5}})
    (tmp_path / "card.json").write_text(sealed_text(card))
    assert read_card(tmp_path).weights == {XY: 1.0, YZ: 0.5}
    assert CheckpointCard.model_validate({"voxel_size_um": (1, 1, 1)}).weights is None
