"""Labels and images at another size than the volume's voxels."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_toys import FakeOverlay

from napari_vessel.geometry import Box, Plane
from napari_vessel.tiling import Zoom, grid_of, resample
from napari_vessel.training import PatchSampler, ReviewedIndex, TrainingConfig, split_blocks
from napari_vessel.training._window import PlaneGrid, label_pixels

SHAPE = (16, 48, 48)
WHOLE = Box.of(SHAPE)


def labelled(vessel: np.ndarray, reviewed: np.ndarray, zoom: Zoom) -> tuple[np.ndarray, ...]:
    voxels = Box.of(reviewed.shape)
    return label_pixels(vessel & reviewed, reviewed, voxels, grid_of(voxels, zoom), zoom)


@pytest.mark.parametrize("zoom", [0.5, 0.3, 0.8])
def test_one_reviewed_slice_stays_reviewed_at_a_coarser_size(zoom: float) -> None:
    reviewed = np.zeros(SHAPE, bool)
    reviewed[5] = True
    _, found = labelled(reviewed, reviewed, (zoom,) * 3)
    at = int(5.5 * zoom)
    assert found[at].all()
    assert not np.delete(found, at, axis=0).any()


def test_one_reviewed_slice_is_thick_at_a_finer_size() -> None:
    reviewed = np.zeros(SHAPE, bool)
    reviewed[5] = True
    _, found = labelled(reviewed, reviewed, (2.0, 2.0, 2.0))
    assert found.all(axis=(1, 2)).nonzero()[0].tolist() == [10, 11]
    assert found.sum() == 2 * 96 * 96


def test_what_nobody_reviewed_has_no_say_in_what_is_vessel() -> None:
    # Of each 2³ pixel one voxel is reviewed, and it is vessel.
    reviewed = np.zeros((4, 4, 4), bool)
    reviewed[::2, ::2, ::2] = True
    vessel, found = labelled(np.ones((4, 4, 4), bool), reviewed, (0.5, 0.5, 0.5))
    assert vessel.all()
    assert found.all()


def test_a_pixel_is_vessel_from_half_of_its_reviewed_voxels_on() -> None:
    vessel = np.zeros((1, 1, 8), bool)
    vessel[..., [0, 4, 5]] = True
    found, _ = labelled(vessel, np.ones((1, 1, 8), bool), (1.0, 1.0, 0.25))
    assert found[0, 0].tolist() == [False, True]


@given(
    zoom=st.tuples(*[st.sampled_from([0.25, 0.4, 0.5, 0.8, 1.0, 1.26, 2.0])] * 3),
    seed=st.integers(0, 99),
)
def test_no_reviewed_voxel_is_lost_at_a_coarser_size_and_none_made_up(zoom, seed) -> None:
    rng = np.random.default_rng(seed)
    reviewed = rng.random((6, 7, 8)) < 0.1
    _, found = labelled(reviewed, reviewed, zoom)
    here = np.zeros(found.shape, bool)
    grid = PlaneGrid(Plane.XY, zoom, reviewed.shape)
    for place in np.argwhere(reviewed).tolist():
        if all(factor <= 1 for factor in zoom):
            assert found[grid.pixel_of(place)]
        spans = [(int(p * f), ceil((p + 1) * f - 1e-9)) for p, f in zip(place, zoom, strict=True)]
        here[tuple(slice(*span) for span in spans)] = True
    assert not (found & ~here).any()


@pytest.mark.parametrize("plane", list(Plane))
@pytest.mark.parametrize("zoom", [0.5, 1.5])
def test_a_patch_is_what_a_prediction_shows_the_network(plane: Plane, zoom: float) -> None:
    overlay = FakeOverlay(SHAPE)
    overlay.codes[:] = 1
    image = np.random.default_rng(0).random(SHAPE, np.float32)
    grid = PlaneGrid.of(plane, (zoom,) * 3, SHAPE)
    whole = resample(image, WHOLE, grid.pixels, grid.zoom, WHOLE)
    config = TrainingConfig(
        patch=32, batch=3, augmentation=False, planes=(plane,), validation_block=(64, 64, 64)
    )
    index = ReviewedIndex(overlay, split_blocks(overlay, config))

    def read(box: Box) -> np.ndarray:
        assert WHOLE.contains(box)
        return image[box.slices]

    sampler = PatchSampler(index, overlay, read, config, zoom=(zoom,) * 3)
    slices = np.moveaxis(whole, plane.normal, 0)
    for batch in (sampler.batch() for _ in range(4)):
        for patch, reviewed in zip(batch.image[:, 0], batch.reviewed[:, 0], strict=True):
            rows, columns = reviewed.any(1).nonzero()[0], reviewed.any(0).nonzero()[0]
            seen = patch[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            windows = np.lib.stride_tricks.sliding_window_view(slices, seen.shape, (1, 2))
            assert np.isclose(windows, seen, atol=1e-6).all(axis=(-2, -1)).any()


def test_a_patch_reaches_as_far_as_its_pixels() -> None:
    overlay = FakeOverlay((1, 256, 256))
    overlay.codes[:] = 1
    asked: list[Box] = []

    def read(box: Box) -> np.ndarray:
        asked.append(box)
        return np.zeros(box.shape, np.float32)

    config = TrainingConfig(patch=64, batch=1, planes=(Plane.XY,), validation_block=(8, 512, 512))
    index = ReviewedIndex(overlay, split_blocks(overlay, config))
    PatchSampler(index, overlay, read, config, zoom=(0.5, 0.5, 0.5)).batch()
    assert all(128 <= edge <= 132 for edge in asked[0].shape[1:])
