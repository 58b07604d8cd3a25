import numpy as np
import pytest
from numpy.typing import NDArray

from napari_vessel.errors import LabelsError
from napari_vessel.metrics import ClDice, cldice

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def tube(start: int, stop: int, radius: int = 3) -> NDArray[np.bool_]:
    mask = np.zeros((60, 20, 20), bool)
    mask[start:stop, 10 - radius : 11 + radius, 10 - radius : 11 + radius] = True
    return mask


def test_a_thinner_tube_with_the_same_centreline_scores_one() -> None:
    assert cldice(tube(0, 60, radius=1), tube(0, 60)) == 1


def test_half_a_tube_scores_by_the_missing_centreline() -> None:
    score = cldice(tube(0, 30), tube(0, 60))
    assert score == pytest.approx(2 / 3, abs=0.05)  # precision 1, sensitivity about 1/2


def test_masks_that_do_not_meet_score_zero() -> None:
    assert cldice(tube(0, 20), tube(40, 60)) == 0


def test_empty_masks_are_defined() -> None:
    empty = np.zeros((60, 20, 20))
    assert cldice(empty, empty) == 1
    assert cldice(empty, tube(0, 60)) == cldice(tube(0, 60), empty) == 0


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 9), (9, 1, 9)])
def test_a_volume_one_voxel_thick_has_a_score(shape: tuple[int, int, int]) -> None:
    assert cldice(np.ones(shape), np.ones(shape)) == 1


def test_the_skeleton_does_not_depend_on_empty_surroundings(tubes: Masks) -> None:
    prediction, truth = (np.pad(mask, 5) for mask in tubes)
    assert cldice(prediction, truth) == pytest.approx(cldice(*tubes), abs=0.01)


def test_counts_add_up() -> None:
    assert ClDice(4, 2, 3, 1) + ClDice(1, 1, 2, 2) == ClDice(5, 3, 5, 3)
    assert ClDice(4, 2, 4, 4).value == pytest.approx(2 / 3)


def test_shapes_that_differ_are_both_named() -> None:
    with pytest.raises(LabelsError, match=r"\(2, 2, 2\).*\(2, 2, 3\)"):
        cldice(np.zeros((2, 2, 2)), np.zeros((2, 2, 3)))
    with pytest.raises(LabelsError, match="volumes"):
        cldice(np.zeros((2, 2)), np.zeros((2, 2)))
