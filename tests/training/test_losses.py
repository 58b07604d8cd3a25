import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from napari_vessel.training import bce_sum, reviewed_loss, soft_dice


def gradient(
    logits: torch.Tensor, target: torch.Tensor, reviewed: torch.Tensor, dice_weight: float = 0.5
) -> torch.Tensor:
    logits = logits.clone().requires_grad_()
    reviewed_loss(logits, target, reviewed, dice_weight=dice_weight).backward()
    assert logits.grad is not None
    return logits.grad


@given(seed=some.integers(0, 1000), padding=some.integers(1, 5000), weight=some.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_the_gradient_at_a_corrected_voxel_ignores_how_much_is_unannotated(
    seed: int, padding: int, weight: float
) -> None:
    torch.manual_seed(seed)
    logits, target = torch.randn(64), (torch.rand(64) > 0.7).float()
    reviewed = (torch.rand(64) > 0.3).float()
    alone = gradient(logits, target, reviewed, weight)
    more = [
        torch.cat([a, b])
        for a, b in (
            (logits, torch.randn(padding) * 9),
            (target, (torch.rand(padding) > 0.5).float()),
            (reviewed, torch.zeros(padding)),
        )
    ]
    padded = gradient(*more, weight)
    torch.testing.assert_close(padded[:64], alone)
    assert not padded[64:].any()


def test_a_label_that_is_not_reviewed_changes_no_gradient() -> None:
    torch.manual_seed(0)
    logits, target, reviewed = torch.randn(40), torch.zeros(40), torch.ones(40)
    reviewed[10:20] = 0
    before = gradient(logits, target, reviewed)
    target[10:20] = 1
    assert torch.equal(gradient(logits, target, reviewed), before)


@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_one_class_alone_gives_a_finite_loss_that_teaches_it(truth: float) -> None:
    logits = torch.zeros(30)
    found = gradient(logits, torch.full((30,), truth), torch.ones(30))
    assert torch.isfinite(found).all()
    assert (found > 0).all() if truth == 0 else (found < 0).all()


def test_nothing_reviewed_teaches_nothing() -> None:
    found = gradient(torch.randn(30), torch.ones(30), torch.zeros(30))
    assert not found.any()


def test_an_infinite_logit_that_is_not_reviewed_harms_nothing() -> None:
    logits = torch.tensor([0.5, float("inf"), float("-inf")])
    target, reviewed = torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 0.0])
    assert torch.isfinite(reviewed_loss(logits, target, reviewed, dice_weight=0.5))
    assert torch.isfinite(gradient(logits, target, reviewed)).all()


def test_a_rare_vessel_voxel_weighs_at_most_fourfold() -> None:
    target, reviewed = torch.zeros(100_000), torch.ones(100_000)
    target[0] = 1
    found = gradient(torch.zeros(100_000), target, reviewed, dice_weight=0.0)
    assert -found[0] / found[1] == pytest.approx(4.0)


def test_a_perfect_prediction_costs_nothing() -> None:
    target = torch.tensor([0.0, 0.0, 1.0, 1.0])
    logits, reviewed = (target * 2 - 1) * 50, torch.ones(4)
    assert bce_sum(logits, target, reviewed) < 1e-6
    assert soft_dice(logits, target, reviewed) < 1e-6
