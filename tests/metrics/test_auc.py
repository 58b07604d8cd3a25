import numpy as np
import pytest

from napari_vessel.errors import LabelsError
from napari_vessel.metrics import AreaUnderCurve, auc


def test_it_is_the_chance_that_a_vessel_voxel_scores_higher() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.3
    scores = np.clip(rng.normal(120 + 30 * truth, 40), 0, 255).astype(np.uint8) // 8 * 8
    vessel, other = scores[truth].astype(int)[:, None], scores[~truth].astype(int)[None]
    expected = ((vessel > other) + 0.5 * (vessel == other)).mean()
    assert auc(scores, truth) == pytest.approx(expected)


def test_pieces_equal_the_whole() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 256, (5, 30), np.uint8), rng.random((5, 30)) < 0.5
    curve = AreaUnderCurve()
    for piece in zip(scores, truth, strict=True):
        curve.add(*piece)
    assert curve.value() == auc(scores, truth)


@pytest.mark.parametrize("truth", [[0, 0], [1, 1]])
def test_a_truth_of_one_kind_is_chance(truth: list[int]) -> None:
    assert auc(np.array([3, 200], np.uint8), truth) == 0.5


def test_what_is_no_stored_probability_is_refused() -> None:
    with pytest.raises(LabelsError, match="float64"):
        auc(np.array([0.1, 0.9]), [0, 1])
    with pytest.raises(LabelsError, match=r"\(2,\).*\(3,\)"):
        auc(np.zeros(2, np.uint8), [0, 1, 1])
