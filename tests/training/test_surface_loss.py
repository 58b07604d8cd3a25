import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics import SurfaceDice, surfel_areas
from napari_vessel.training import soft_surface_dice

HARD = 200.0  # a logit whose sigmoid is 0 or 1


def masks(seed: int, shape: tuple[int, int] = (9, 11)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(shape) > 0.5
    return truth, truth ^ (rng.random(shape) > 0.8)


def hard_loss(prediction: np.ndarray, truth: np.ndarray, reviewed: np.ndarray) -> float:
    logits = torch.from_numpy(np.where(prediction, HARD, -HARD))
    target, seen = (torch.from_numpy(mask).double() for mask in (truth, reviewed))
    return float(soft_surface_dice(logits[None, None], target[None, None], seen[None, None]))


def endless(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The metric's own score of a slice that goes on unchanged, without its two ends."""
    metric, areas = SurfaceDice(), surfel_areas(VoxelSize(1, 1, 1))
    counts = []
    for _ in range(3):
        metric.add(prediction, truth)
        counts.append(metric._counts.copy())
    between = counts[2] - counts[1]  # of one pair of equal slices
    everything, shared = between.sum(axis=0) @ areas
    return shared / everything


@given(seed=some.integers(0, 10_000))
@settings(max_examples=100, deadline=None)
def test_of_masks_it_is_the_metric_itself(seed: int) -> None:
    truth, prediction = masks(seed)
    # The metric pads by background: here it is given, and reviewed.
    padded = np.pad(truth, 1), np.pad(prediction, 1)
    found = hard_loss(padded[1], padded[0], np.ones_like(padded[0]))
    assert 1 - found == pytest.approx(endless(prediction, truth), abs=1e-12)


def test_a_tall_stack_of_one_slice_scores_the_same() -> None:
    truth, prediction = masks(1)
    metric = SurfaceDice()
    for _ in range(5000):
        metric.add(prediction, truth)
    padded = np.pad(truth, 1), np.pad(prediction, 1)
    found = hard_loss(padded[1], padded[0], np.ones_like(padded[0]))
    assert 1 - found == pytest.approx(metric.value(), abs=1e-3)


@given(seed=some.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_only_wholly_reviewed_neighbourhoods_count(seed: int) -> None:
    truth, prediction = masks(seed)
    inner = np.zeros_like(truth)
    inner[2:7, 3:9] = True
    cut = np.s_[2:7, 3:9]
    whole = np.ones((5, 6), bool)
    expected = hard_loss(prediction[cut], truth[cut], whole)
    assert hard_loss(prediction, truth, inner) == pytest.approx(expected, abs=1e-12)


def test_probabilities_give_the_mean_over_the_masks_they_stand_for() -> None:
    # One neighbourhood: numerator and denominator are linear in each corner's chance.
    chances = torch.tensor([[0.2, 0.7], [0.5, 0.9]], dtype=torch.float64)
    truth = np.array([[1, 0], [1, 1]], bool)
    areas = surfel_areas(VoxelSize(1, 1, 1))[17 * np.arange(16)]
    true_length = areas[0b1011]
    length = some_outline = 0.0
    for code in range(16):
        corners = [code >> bit & 1 for bit in (3, 2, 1, 0)]
        chance = np.prod([p if c else 1 - p for p, c in zip(chances.ravel(), corners, strict=True)])
        length += chance * areas[code]
        some_outline += chance * (code not in {0, 15})
    expected = 1 - (length + true_length * some_outline) / (length + true_length)
    found = soft_surface_dice(
        chances.logit(), torch.from_numpy(truth).double(), torch.ones(2, 2).double()
    )
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_a_mask_and_its_complement_cost_the_same() -> None:
    # Which is why LossConfig refuses it alone.
    truth, prediction = masks(2)
    reviewed = np.ones_like(truth)
    found = [hard_loss(mask, truth, reviewed) for mask in (prediction, ~prediction)]
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert 0 < found[0] < 1


def test_an_empty_truth_costs_and_teaches_nothing() -> None:
    logits = torch.randn(1, 1, 8, 8, requires_grad=True)
    loss = soft_surface_dice(logits, torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8))
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()
