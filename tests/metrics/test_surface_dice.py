import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_vessel.errors import LabelsError
from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics import SurfaceDice, surface_dice

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]
FLAT = VoxelSize(5, 1.5, 0.7)


def reference(prediction: NDArray[np.bool_], truth: NDArray[np.bool_], size: VoxelSize) -> float:
    """DOMAIN.md's formula, said with whole arrays and monai's table."""
    utils = pytest.importorskip("monai.metrics.utils")
    table = np.asarray(utils.create_table_neighbour_code_to_surface_area(size.zyx)[0])
    areas = []
    for mask in (prediction, truth):
        padded = np.pad(mask, 1).astype(int)
        code = sum(
            padded[
                z : padded.shape[0] - 1 + z,
                y : padded.shape[1] - 1 + y,
                x : padded.shape[2] - 1 + x,
            ]
            << (7 - (4 * z + 2 * y + x))
            for z in (0, 1)
            for y in (0, 1)
            for x in (0, 1)
        )
        areas.append(table[code])
    both = (areas[0] > 0) & (areas[1] > 0)
    return float((areas[0][both].sum() + areas[1][both].sum()) / (areas[0].sum() + areas[1].sum()))


def test_the_fields_check_value() -> None:
    truth, prediction = np.zeros((2, 100, 100, 100), bool)
    truth[:, :, :50] = True
    prediction[:, :, :51] = True
    assert surface_dice(prediction, truth) == pytest.approx(0.750877, abs=5e-7)


@pytest.mark.parametrize("size", [VoxelSize(1, 1, 1), FLAT])
def test_it_is_the_fields_formula(blobs: Masks, size: VoxelSize) -> None:
    expected = reference(*blobs, size)
    assert 0.05 < expected < 0.95
    assert surface_dice(*blobs, voxel_size=size) == pytest.approx(expected, rel=1e-6)


def test_streaming_equals_the_whole_exactly(blobs: Masks) -> None:
    streamed = SurfaceDice(FLAT)
    for prediction, truth in zip(*blobs, strict=True):
        streamed.value()  # looking in between changes nothing
        streamed.add(prediction.astype(np.uint8) * 255, truth)
    assert streamed.value() == surface_dice(*blobs, voxel_size=FLAT)


def test_a_slice_buffer_may_be_reused(blobs: Masks) -> None:
    streamed, buffers = SurfaceDice(), np.zeros((2, *blobs[0].shape[1:]), bool)
    for pair in zip(*blobs, strict=True):
        buffers[:] = pair
        streamed.add(*buffers)
    assert streamed.value() == surface_dice(*blobs)


def test_a_mask_agrees_with_itself_and_less_with_its_dilation(blobs: Masks) -> None:
    truth = blobs[1]
    assert surface_dice(truth, truth) == 1
    assert 0 < surface_dice(binary_dilation(truth), truth) < 1


def test_a_mask_that_touches_the_border_has_surface_there() -> None:
    full = np.ones((3, 3, 3), bool)
    hollow = full.copy()
    hollow[1, 1, 1] = False
    assert surface_dice(full, full) == 1
    assert surface_dice(hollow, full) < 1


def test_empty_masks_are_defined() -> None:
    empty, full = np.zeros((2, 3, 3)), np.ones((2, 3, 3))
    assert surface_dice(empty, empty) == 1
    assert surface_dice(empty, full) == surface_dice(full, empty) == 0
    assert SurfaceDice().value() == 1


def test_shapes_that_differ_are_both_named() -> None:
    with pytest.raises(LabelsError, match=r"\(2, 2, 2\).*\(2, 2, 3\)"):
        surface_dice(np.zeros((2, 2, 2)), np.zeros((2, 2, 3)))
    streamed = SurfaceDice()
    streamed.add(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(LabelsError, match=r"\(3, 2\)"):
        streamed.add(np.zeros((3, 2)), np.zeros((3, 2)))
    with pytest.raises(LabelsError, match="slices"):
        streamed.add(np.zeros(4), np.zeros(4))
