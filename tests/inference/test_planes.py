import pytest

from napari_vessel.geometry import Plane, VoxelSize
from napari_vessel.inference import choose_planes, plane_weights

XY, XZ, YZ = Plane


@pytest.mark.parametrize(
    ("edges", "planes"),
    [
        ((1, 1, 1), (XY, XZ, YZ)),
        ((1.5, 1, 1), (XY, XZ, YZ)),
        ((1.6, 1, 1), (XY,)),
        ((0.6, 1, 1), (XY,)),
        ((2, 2, 1), (XY, YZ)),
    ],
)
def test_planes_of_oblong_pixels_are_left_out(
    edges: tuple[float, float, float], planes: tuple[Plane, ...]
) -> None:
    assert choose_planes((64, 64, 64), VoxelSize(*edges)) == planes


@pytest.mark.parametrize(
    ("shape", "planes"),
    [
        ((31, 64, 64), (XY,)),
        ((32, 32, 32), (XY, XZ, YZ)),
        ((64, 64, 8), (XY, YZ)),
        ((1, 1, 1), (XY,)),
    ],
)
def test_planes_of_small_slices_are_left_out_but_never_all(
    shape: tuple[int, int, int], planes: tuple[Plane, ...]
) -> None:
    assert choose_planes(shape) == planes


def test_a_plane_counts_by_the_shorter_side_of_its_slices() -> None:
    assert plane_weights((XY, XZ, YZ), (32, 500, 500)) == (1, 0.5, 0.5)
    assert plane_weights((XZ, XY), (32, 500, 48)) == (32 / 48, 1)
    assert plane_weights((XZ,), (32, 500, 48)) == ()


def test_planes_that_show_enough_count_alike() -> None:
    assert plane_weights((XY, XZ, YZ), (64, 500, 99)) == ()
    assert plane_weights((XY, XZ, YZ), (40, 40, 40)) == ()
