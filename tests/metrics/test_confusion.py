import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from napari_vessel.errors import LabelsError
from napari_vessel.metrics import Confusion, confusion

masks = arrays(np.uint8, (2, 3, 4))


@given(prediction=masks, truth=masks)
def test_counts_add_up_over_pieces(prediction: np.ndarray, truth: np.ndarray) -> None:
    pieces = [confusion(p, t) for p, t in zip(prediction, truth, strict=True)]
    whole = confusion(prediction, truth)
    assert sum(pieces, Confusion()) == whole
    assert whole.tp + whole.fp + whole.fn + whole.tn == truth.size


@given(prediction=masks, truth=masks)
def test_every_score_is_a_number_between_0_and_1(prediction: np.ndarray, truth: np.ndarray) -> None:
    counts = confusion(prediction, truth)
    for score in (counts.dice, counts.iou, counts.precision, counts.recall):
        assert 0 <= score <= 1


def test_scores_of_known_counts() -> None:
    counts = Confusion(tp=6, fp=2, fn=4, tn=88)
    assert counts.dice == 12 / 18
    assert counts.iou == 0.5
    assert counts.precision == 0.75
    assert counts.recall == 0.6


def test_two_empty_masks_agree_and_one_empty_mask_does_not() -> None:
    empty, full = np.zeros(5), np.ones(5)
    both, missed, invented = (
        confusion(*pair) for pair in ((empty, empty), (empty, full), (full, empty))
    )
    assert (both.dice, both.iou, both.precision, both.recall) == (1, 1, 1, 1)
    for counts in (missed, invented):
        assert (counts.dice, counts.iou, counts.precision, counts.recall) == (0, 0, 0, 0)


def test_anything_but_zero_is_vessel() -> None:
    assert confusion(np.array([1, 255, 0]), np.array([True, True, False])).dice == 1


def test_shapes_that_differ_are_both_named() -> None:
    with pytest.raises(LabelsError, match=r"\(2, 3\).*\(3, 2\)"):
        confusion(np.zeros((2, 3)), np.zeros((3, 2)))


def test_nan_and_infinity_are_never_vessel() -> None:
    assert confusion(np.array([np.nan, np.inf, 1.0]), [0, 0, 1]) == Confusion(tp=1, tn=2)
