import numpy as np
import pytest

from napari_vessel.errors import LabelsError
from napari_vessel.metrics import BettiNumbers, betti_errors, betti_numbers


def ring() -> np.ndarray:
    mask = np.zeros((3, 7, 7), np.uint8)
    mask[1, 1:6, 1:6] = 255
    mask[1, 2:5, 2:5] = 0
    return mask


def shell() -> np.ndarray:
    mask = np.ones((5, 5, 5), bool)
    mask[2, 2, 2] = False
    return mask


def test_pieces_loops_and_cavities_are_counted() -> None:
    two = np.zeros((3, 3, 5), bool)
    two[1, 1, (0, 4)] = True
    assert betti_numbers(two) == BettiNumbers(2, 0, 0)
    assert betti_numbers(ring()) == BettiNumbers(1, 1, 0)
    assert betti_numbers(shell()) == BettiNumbers(1, 0, 1)
    assert betti_numbers(np.zeros((2, 2, 2))) == BettiNumbers(0, 0, 0)
    assert betti_numbers(np.ones((2, 2, 2))) == BettiNumbers(1, 0, 0)


def test_corners_connect() -> None:
    assert betti_numbers(np.eye(3)[None] * np.ones((1, 3, 3))).b0 == 1


def test_errors_are_differences_and_none_for_the_truth() -> None:
    broken = ring()
    broken[1, 1, 3] = 0
    assert betti_errors(broken, ring()) == BettiNumbers(0, 1, 0)
    assert betti_errors(ring(), ring()) == BettiNumbers(0, 0, 0)


def test_a_slice_is_refused() -> None:
    with pytest.raises(LabelsError, match="volume"):
        betti_numbers(np.zeros((3, 3)))
