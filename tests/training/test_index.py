from collections import Counter

import numpy as np
import pytest
from training_toys import FakeOverlay

from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Plane
from napari_vessel.training import ReviewedIndex, TrainingConfig, split_blocks
from napari_vessel.training import _index as index_module

PLANES = tuple(Plane)


def index_of(overlay: FakeOverlay, config: TrainingConfig | None = None) -> ReviewedIndex:
    return ReviewedIndex(overlay, split_blocks(overlay, config or TrainingConfig()))


def test_every_draw_is_a_trainable_voxel_of_the_class_asked_for(overlay: FakeOverlay) -> None:
    index, rng = index_of(overlay), np.random.default_rng(0)
    from napari_vessel.geometry import Box

    free = index.split.trainable(Box.of(overlay.shape))
    for vessel in (True, False):
        for _ in range(200):
            place, _ = index.draw(rng, vessel=vessel, planes=PLANES)
            assert overlay.codes[place] & 3 == (2 if vessel else 1)
            assert free[place]


def test_all_planes_given_are_drawn_and_no_other(overlay: FakeOverlay) -> None:
    index, rng = index_of(overlay), np.random.default_rng(0)
    seen = Counter(index.draw(rng, vessel=True, planes=PLANES)[1] for _ in range(500))
    assert set(seen) == set(Plane)
    assert seen[Plane.XY] > seen[Plane.XZ]  # XY slices were reviewed
    two = (Plane.XZ, Plane.YZ)
    assert {index.draw(rng, vessel=True, planes=two)[1] for _ in range(100)} == set(two)


def test_a_class_that_is_missing_is_made_up_for_by_the_other() -> None:
    for code in (1, 6):
        overlay = FakeOverlay()
        overlay.codes[3, 4, 5] = code
        index = index_of(overlay)
        for vessel in (True, False):
            place, _ = index.draw(np.random.default_rng(0), vessel=vessel, planes=PLANES)
            assert place == (3, 4, 5)


def test_nothing_reviewed_is_a_clear_refusal() -> None:
    with pytest.raises(NothingReviewedError, match="Nothing is reviewed yet"):
        index_of(FakeOverlay())


def test_counts_are_of_all_voxels_though_few_are_kept(
    overlay: FakeOverlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_MOST_PER_CELL", 16)
    config = TrainingConfig(validation_block=(32, 128, 128))  # one cell: nothing held out
    index = index_of(overlay, config)
    assert index.vessel == np.count_nonzero(overlay.codes & 3 == 2)
    assert index.background == np.count_nonzero(overlay.codes & 3 == 1)
    rng = np.random.default_rng(0)
    places = {index.draw(rng, vessel=True, planes=PLANES)[0] for _ in range(500)}
    assert len(places) <= 16


def test_a_few_strokes_are_drawn_beside_a_large_accepted_slice() -> None:
    overlay = FakeOverlay()
    overlay.codes[6, :, :64] = 5
    overlay.codes[10, 100, 100:104] = 1
    index, rng = index_of(overlay), np.random.default_rng(0)
    strokes = sum(index.draw(rng, vessel=False, planes=PLANES)[0][0] == 10 for _ in range(2000))
    assert strokes > 10  # by their number it would be one


def drawn(overlay: FakeOverlay) -> Counter[Plane]:
    index, rng = index_of(overlay), np.random.default_rng(0)
    return Counter(index.draw(rng, vessel=False, planes="auto")[1] for _ in range(1000))


def test_of_a_reviewed_slice_patches_are_cut_in_its_plane() -> None:
    for plane in Plane:
        overlay = FakeOverlay()
        overlay.accept(np.zeros(overlay.shape, bool), plane, 20)
        assert drawn(overlay)[plane] > 900


def test_a_reviewed_box_is_seen_in_all_planes() -> None:
    overlay = FakeOverlay((64, 64, 64))
    overlay.codes[:] = 5
    assert min(drawn(overlay)[plane] for plane in Plane) > 200


def test_planes_are_drawn_by_the_reviewed_voxels_of_the_slice_through_the_place() -> None:
    overlay = FakeOverlay((32, 64, 64))
    overlay.codes[6, :, :] = 5
    overlay.codes[20:30, 30, 30] = 2  # a stroke along z
    index, rng = index_of(overlay), np.random.default_rng(0)
    planes = Counter(index.draw(rng, vessel=True, planes="auto")[1] for _ in range(1000))
    # In XY the slice holds the stroke's one voxel; across it, its ten and a row of the slice.
    assert planes[Plane.XY] < 50
    assert abs(planes[Plane.XZ] - planes[Plane.YZ]) < 150
