"""Voxel size is part of what a checkpoint expects."""

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard
from napari_vessel.tiling import SAME
from napari_vessel.volumes import VolumeOptions, open_store, volume_of_array
from napari_vessel.workflows import WORKFLOWS, Predict, Propose, scale_sentence, scale_used
from napari_vessel.workflows._scale import extent_of, with_zoom
from napari_vessel.workflows._settling import settled

from .conftest import QUICK

CARD = CheckpointCard(voxel_size_um=(50, 50, 50))
AUTO = InferenceConfig()


def volume_of(*edges, shape=(64, 64, 64)):
    size = VoxelSize(*edges) if edges else None
    return volume_of_array(np.zeros(shape, np.uint8), voxel_size=size, uri="x")


def zoom_of(*edges):
    return with_zoom(AUTO, volume_of(*edges), CARD).zoom


@pytest.mark.parametrize("edge", [12.5, 20, 25, 63.08, 100, 200])
def test_a_volume_is_shown_at_the_voxel_size_the_checkpoint_learned_at(edge):
    assert zoom_of(edge, edge, edge) == pytest.approx((edge / 50,) * 3)
    sentence = scale_sentence(zoom_of(edge, edge, edge), volume_of(edge, edge, edge), CARD)
    assert "Rescaled from" in sentence
    assert "50 µm" in sentence


@pytest.mark.parametrize("edge", [48, 50, 50.28, 52.4])
def test_a_few_per_cent_are_no_other_size(edge):
    assert zoom_of(edge, edge, edge) == SAME


def test_axes_are_rescaled_each_by_its_own_edge():
    assert zoom_of(200, 25, 50) == pytest.approx((4, 0.5, 1))
    assert zoom_of(50, 25, 25) == pytest.approx((1, 0.5, 0.5))


@pytest.mark.parametrize("edge", [1, 12, 210])
def test_another_scale_is_shown_as_it_is_and_said_so(edge):
    assert zoom_of(edge, edge, edge) == SAME
    assert zoom_of(5 * edge, edge, edge) == (5, 1, 1)  # pixels are square in every plane
    sentence = scale_sentence(SAME, volume_of(edge, edge, edge), CARD)
    assert "far from the 50 µm" in sentence


def test_an_unknown_voxel_size_rescales_nothing_and_is_said():
    volume = volume_of()
    assert with_zoom(AUTO, volume, CARD).zoom == SAME
    assert "unknown" in scale_sentence(SAME, volume, CARD)


def test_a_person_s_zoom_counts_along_the_finest_edge():
    config = with_zoom(InferenceConfig(zoom=1.5), volume_of(5, 1, 1), CARD)
    assert config.zoom == (7.5, 1.5, 1.5)
    assert "as asked" in scale_sentence(config.zoom, volume_of(5, 1, 1), CARD)
    assert with_zoom(InferenceConfig(zoom=1), volume_of(25, 25, 25), CARD).zoom == SAME


@pytest.mark.parametrize(
    ("edges", "as_learned"),
    [
        ((50, 50, 50), True),
        ((52, 52, 52), True),
        ((25, 25, 25), False),
        ((1, 1, 1), False),
        ((200, 50, 50), False),
        ((), False),
    ],
)
def test_only_the_size_that_was_learned_is_no_news(edges, as_learned):
    used = scale_used(AUTO, volume_of(*edges), CARD)
    assert used.as_learned == as_learned
    assert used.zoom == with_zoom(AUTO, volume_of(*edges), CARD).zoom_for()
    assert used.reason == scale_sentence(used.zoom, volume_of(*edges), CARD)


def test_settling_twice_is_settling_once():
    volume = volume_of(25, 25, 25)
    once = settled(AUTO, volume, CARD)
    assert once.block == (256, 512, 512)  # as much for the network as before
    assert settled(once, volume, CARD) == once


def test_planes_are_chosen_by_what_the_network_sees_of_them():
    fine = volume_of(25, 25, 25, shape=(40, 400, 400))
    assert extent_of(fine, zoom_of(25, 25, 25)) == (20, 200, 200)
    assert settled(AUTO, fine, CARD).planes == (Plane.XY,)
    assert settled(AUTO, volume_of(50, 50, 50, shape=(40, 400, 400)), CARD).planes == tuple(Plane)


def test_the_recipe_holds_the_zoom_and_makes_the_same_mask_again(volume, tiny, tmp_path):
    options = VolumeOptions(voxel_size=VoxelSize(25, 25, 25))

    def predicted(name, config):
        out = tmp_path / f"{name}.ome.zarr"
        request = Predict(
            str(volume),
            out,
            options,
            checkpoint=str(tiny.path),
            inference=config,
            probability=True,
        )
        list(WORKFLOWS["predict"](request))
        store = open_store(tmp_path / f"{name}.probability.ome.zarr")
        return store.attrs, store.read("probability", Box.of((16, 64, 64)))

    recipe, found = predicted("first", QUICK)
    assert recipe["inference"]["zoom"] == [0.5, 0.5, 0.5]
    assert "Rescaled" in recipe["scale"]
    again, same = predicted("again", InferenceConfig.model_validate(recipe["inference"]))
    np.testing.assert_array_equal(same, found)
    assert again == recipe
    _, plain = predicted("plain", QUICK.model_copy(update={"zoom": 1.0}))
    assert np.abs(plain.astype(int) - found).max() > 10


def test_a_proposal_says_at_which_scale_it_was_made(project):
    list(WORKFLOWS["propose"](Propose(project.path)))
    recipe = project.open_proposal().recipe
    assert "unknown" in recipe["scale"]
    assert recipe["inference"]["zoom"] == [1, 1, 1]
