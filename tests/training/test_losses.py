import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from napari_vessel.training import (
    LossConfig,
    bce_sum,
    boundary_sum,
    focal_sum,
    reviewed_loss,
    soft_dice,
    soft_tversky,
)

NONE = {"bce": 0.0, "dice": 0.0}
EACH = {
    "bce": LossConfig(dice=0),
    "focal": LossConfig(**NONE, focal=1),
    "dice": LossConfig(bce=0),
    "tversky": LossConfig(**NONE, tversky=1),
    "focal tversky": LossConfig(**NONE, tversky=1, tversky_exponent=0.75),
    "boundary": LossConfig(**NONE, boundary=1),
    "surface dice": LossConfig().model_copy(update={**NONE, "surface_dice": 1}),
    "all": LossConfig(focal=0.3, tversky=0.7, boundary=2, surface_dice=1),
}
Images = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
every = pytest.mark.parametrize("config", EACH.values(), ids=EACH.keys())


def images(seed: int = 0, shape: tuple[int, ...] = (2, 1, 12, 10)) -> Images:
    torch.manual_seed(seed)
    return torch.randn(shape), (torch.rand(shape) > 0.6).float(), (torch.rand(shape) > 0.2).float()


def gradient(
    logits: torch.Tensor, target: torch.Tensor, reviewed: torch.Tensor, config: LossConfig
) -> torch.Tensor:
    logits = logits.clone().requires_grad_()
    reviewed_loss(logits, target, reviewed, config).backward()
    assert logits.grad is not None
    return logits.grad


@every
@given(seed=some.integers(0, 1000), rows=some.integers(0, 30), columns=some.integers(1, 30))
@settings(max_examples=15, deadline=None)
def test_the_gradient_at_a_corrected_voxel_ignores_how_much_is_unannotated(
    config: LossConfig, seed: int, rows: int, columns: int
) -> None:
    batch = images(seed)
    alone = gradient(*batch, config)
    padding, whole = (columns, columns, rows, 2), (..., slice(rows, -2), slice(columns, -columns))
    logits, target, reviewed = (torch.nn.functional.pad(image, padding) for image in batch)
    unseen = torch.ones_like(reviewed)
    unseen[whole] = 0
    logits += unseen * torch.randn(logits.shape) * 9
    target += unseen * (torch.rand(target.shape) > 0.5)
    found = gradient(logits, target, reviewed, config)
    torch.testing.assert_close(found[whole], alone)
    found[whole] = 0
    assert not found.any()


@every
@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf"), 1e30])
def test_what_is_not_reviewed_may_hold_anything(config: LossConfig, odd: float) -> None:
    logits, target, reviewed = images()
    unseen = reviewed == 0
    loss, before = reviewed_loss(logits, target, reviewed, config), None
    before = gradient(logits, target, reviewed, config)
    assert torch.isfinite(before).all()
    assert before[~unseen].any()
    assert not before[unseen].any()
    logits[unseen], target[unseen] = odd, odd
    assert torch.equal(reviewed_loss(logits, target, reviewed, config), loss)
    assert torch.equal(gradient(logits, target, reviewed, config), before)


@every
def test_another_image_that_is_not_reviewed_changes_no_gradient(config: LossConfig) -> None:
    batch, other = images(0), images(1)
    both = [torch.cat([a, b]) for a, b in zip(batch, other, strict=True)]
    both[2][2:] = 0
    torch.testing.assert_close(gradient(*both, config)[:2], gradient(*batch, config))


@every
def test_descent_finds_the_truth(config: LossConfig) -> None:
    if config == EACH["surface dice"]:  # alone it cannot
        config = LossConfig(dice=0, bce=0.1, surface_dice=1)
    torch.manual_seed(0)
    target, reviewed = torch.zeros(1, 1, 16, 16), torch.ones(1, 1, 16, 16)
    target[..., 4:11, 5:12] = 1
    logits = (torch.randn(target.shape) / 10).requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=0.2)
    for _ in range(150):
        optimiser.zero_grad()
        reviewed_loss(logits, target, reviewed, config).backward()
        optimiser.step()
    assert ((logits > 0) == (target > 0)).float().mean() > 0.95


@every
@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_one_class_alone_is_finite(config: LossConfig, truth: float) -> None:
    shape = (1, 1, 6, 6)
    batch = torch.zeros(shape), torch.full(shape, truth), torch.ones(shape)
    assert torch.isfinite(reviewed_loss(*batch, config))
    assert torch.isfinite(gradient(*batch, config)).all()


@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_one_class_alone_teaches_it(truth: float) -> None:
    logits = torch.zeros(30)
    found = gradient(logits, torch.full((30,), truth), torch.ones(30), LossConfig())
    assert (found > 0).all() if truth == 0 else (found < 0).all()


@every
def test_nothing_reviewed_teaches_nothing(config: LossConfig) -> None:
    logits, target, reviewed = images()
    assert reviewed_loss(logits, target, 0 * reviewed, config) == 0
    assert not gradient(logits, target, 0 * reviewed, config).any()


@every
def test_a_perfect_prediction_costs_nothing_and_its_gradient_is_finite(config: LossConfig) -> None:
    _, target, reviewed = images()
    logits = (target * 2 - 1) * 200
    assert reviewed_loss(logits, target, reviewed, config) < 1e-5
    assert torch.isfinite(gradient(logits, target, reviewed, config)).all()


@every
def test_saturated_errors_have_a_finite_gradient(config: LossConfig) -> None:
    _, target, reviewed = images()
    assert torch.isfinite(gradient((1 - target * 2) * 200, target, reviewed, config)).all()


def test_a_rare_vessel_voxel_weighs_at_most_fourfold() -> None:
    target, reviewed = torch.zeros(100_000), torch.ones(100_000)
    target[0] = 1
    found = gradient(torch.zeros(100_000), target, reviewed, EACH["bce"])
    assert -found[0] / found[1] == pytest.approx(4.0)


def test_the_default_is_half_cross_entropy_and_half_dice() -> None:
    batch = images()
    expected = bce_sum(*batch) / batch[2].sum() / 2 + soft_dice(*batch) / 2
    torch.testing.assert_close(reviewed_loss(*batch, LossConfig()), expected)


def test_soft_dice_is_milletari_s_with_one_added() -> None:
    logits, target, reviewed = images()
    chance = logits.sigmoid()[reviewed > 0]
    truth = target[reviewed > 0]
    expected = 1 - (2 * (chance * truth).sum() + 1) / (chance.sum() + truth.sum() + 1)
    torch.testing.assert_close(soft_dice(logits, target, reviewed), expected)


def test_tversky_of_halves_is_dice_and_its_exponent_a_power() -> None:
    batch, halves = images(), {"tversky_false_positive": 0.5, "tversky_false_negative": 0.5}
    plain = soft_tversky(*batch, LossConfig(tversky=1, **halves))
    assert torch.equal(plain, soft_dice(*batch))
    power = soft_tversky(*batch, LossConfig(tversky=1, tversky_exponent=0.75, **halves))
    torch.testing.assert_close(power, plain**0.75)


def test_tversky_minds_missed_vessel_more() -> None:
    target, reviewed = torch.zeros(1, 1, 1, 40), torch.ones(1, 1, 1, 40)
    target[..., :20] = 1
    missing, inventing = target.clone(), target.clone()
    missing[..., :10], inventing[..., 20:30] = 0, 1
    config = LossConfig(tversky=1)
    missed, invented = (
        soft_tversky((mask * 2 - 1) * 50, target, reviewed, config) for mask in (missing, inventing)
    )
    assert missed == pytest.approx(7 / 17.5, rel=1e-5)  # 0.7·10 / (10 + 0.7·10 + 0.5)
    assert invented == pytest.approx(3 / 23.5, rel=1e-5)  # 0.3·10 / (20 + 0.3·10 + 0.5)


def test_focal_at_exponent_0_is_cross_entropy() -> None:
    batch = images()
    torch.testing.assert_close(focal_sum(*batch, exponent=0), bce_sum(*batch))


def test_focal_is_cross_entropy_times_a_power_of_the_error() -> None:
    chance = torch.tensor([0.9])
    found = focal_sum(chance.logit(), torch.ones(1), torch.ones(1), exponent=2)
    assert found == pytest.approx(0.1**2 * -chance.log().item(), rel=1e-4)


def test_a_boundary_error_counts_by_its_distance_up_to_the_reach() -> None:
    target, reviewed = torch.zeros(1, 1, 3, 30), torch.ones(1, 1, 3, 30)
    target[..., :10] = 1
    logits = (target * 2 - 1) * 100
    costs = []
    for column in (9, 8, 5, 10, 14, 29):
        wrong = logits.clone()
        wrong[..., 1, column] *= -1
        costs.append(8 * boundary_sum(wrong, target, reviewed, reach_px=8).item())
    assert costs == pytest.approx([0.5, 1.5, 4.5, 0.5, 4.5, 8.0])


def test_the_boundary_loss_has_kervadec_s_gradient() -> None:
    logits, target, reviewed = torch.zeros(1, 1, 4, 8), torch.zeros(1, 1, 4, 8), None
    target[..., :3] = 1
    reviewed = torch.ones_like(target)
    logits.requires_grad_()
    boundary_sum(logits, target, reviewed, reach_px=100).backward()
    signed = torch.arange(8.0) - 2.5  # negative inside
    torch.testing.assert_close(logits.grad[0, 0], signed.expand(4, 8) / 100 / 4)


def test_a_boundary_that_was_not_reviewed_is_not_known() -> None:
    target, reviewed = torch.zeros(1, 1, 4, 8), torch.ones(1, 1, 4, 8)
    target[..., :3] = 1
    reviewed[..., :3] = 0  # what is left is background alone
    assert boundary_sum(torch.randn(1, 1, 4, 8), target, reviewed, reach_px=8) == 0


@pytest.mark.parametrize("config", [EACH["surface dice"], EACH["all"]], ids=["one", "all"])
def test_gradients_are_those_of_differences(config: LossConfig) -> None:
    logits, target, reviewed = images(3, (1, 1, 5, 6))
    logits, target, reviewed = logits.double().requires_grad_(), target.double(), reviewed.double()
    assert torch.autograd.gradcheck(
        lambda values: reviewed_loss(values, target, reviewed, config), (logits,)
    )


def test_a_loss_without_weight_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    for name in ("focal_sum", "soft_tversky", "boundary_sum", "soft_surface_dice"):
        monkeypatch.setattr(f"napari_vessel.training._losses.{name}", refuse)
    assert reviewed_loss(*images(), LossConfig()) > 0


def test_terms_add_up_by_their_weights() -> None:
    batch = images()
    names = ("bce", "focal", "dice", "tversky", "boundary", "surface_dice")
    weights = dict(zip(names, itertools.count(1), strict=False))
    parts = sum(
        weight * reviewed_loss(*batch, LossConfig().model_copy(update={**NONE, name: 1}))
        for name, weight in weights.items()
    )
    torch.testing.assert_close(reviewed_loss(*batch, LossConfig(**weights)), parts)
