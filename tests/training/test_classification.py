"""The laws of a classifier's training; small networks on images of stripes."""

from math import isnan

import numpy as np
import pytest
import torch
from torch import nn

from napari_vessel.errors import DeviceMemoryError
from napari_vessel.networks import ClassifierConfig, build_classifier
from napari_vessel.training import (
    ClassBatch,
    ClassBatches,
    ClassificationTask,
    ClassifierTrainingConfig,
    EpochEnd,
    FitEnd,
    balanced_weights,
    fit,
    predict_classes,
)

EDGE = 8


def stripes(counts: tuple[int, ...] = (24, 24)) -> tuple[np.ndarray, np.ndarray]:
    """Return images of noisy stripes: class 0 lie, class 1 stand."""
    random = np.random.default_rng(0)
    label = np.repeat(np.arange(len(counts)), counts)
    wave = (np.arange(EDGE) % 2).astype(np.float32)
    lying, standing = np.tile(wave[:, None], EDGE), np.tile(wave, (EDGE, 1))
    image = np.stack([(lying, standing)[one] for one in label])[:, None]
    return (0.6 * image + 0.4 * random.random(image.shape)).astype(np.float32), label


IMAGES, LABELS = stripes()
LEARNED, HELD_OUT = np.arange(0, 48, 2), np.arange(1, 48, 2)
CONFIG = ClassifierTrainingConfig(
    epochs=3, batch=8, learning_rate=3e-3, augmentation="none", precision="fp32"
)
NETWORK = ClassifierConfig(
    classes=("lying", "standing"), backbone="lenet", size=EDGE, hidden=(8,), dropout=0.1
)


def made(network: ClassifierConfig = NETWORK, **changes) -> tuple[ClassificationTask, ClassBatches]:
    torch.manual_seed(0)
    config = CONFIG.model_copy(update=changes)
    judged = ClassBatches(IMAGES, LABELS, HELD_OUT, batch=8, draw="in_order")
    learned = ClassBatches(IMAGES, LABELS, LEARNED, batch=config.batch, seed=config.seed)
    return ClassificationTask(build_classifier(network), config, judged, learned.truth()), learned


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimiser": "sgd", "learning_rate": 0.03, "momentum": 0.5},
        {"balance": "weights", "label_smoothing": 0.1},
        {"augmentation": "upright", "augmentation_strength": 0.2},
        {"monitor": "auc"},
        {"monitor": "loss"},
        {"precision": "bf16"},
    ],
    ids=str,
)
def test_it_learns_what_can_be_learned(changes: dict[str, object]) -> None:
    task, learned = made(**changes)
    *events, last = fit(task, learned, CONFIG)
    assert isinstance(last, FitEnd)
    assert last.score > max(last.start, 0.7)
    losses = [event.loss for event in events if isinstance(event, EpochEnd)]
    assert losses[-1] < losses[0]


def test_the_curves_tell_of_both_parts() -> None:
    task, learned = made()
    told = []
    for event in fit(task, learned, CONFIG):
        if isinstance(event, EpochEnd):
            told.append(task.curves)
            assert task.curves.score == event.score
            assert task.curves.loss == pytest.approx(event.loss)  # batches are of equal size
    first, *_, last = told
    assert 0 <= last.accuracy <= 1
    assert last.validation_loss < first.validation_loss
    assert last.validation_accuracy > 0.9
    assert last.learning_rate == CONFIG.learning_rate


def test_before_training_there_is_nothing_to_tell_of_what_was_learned() -> None:
    task, _ = made()
    task.validate()
    assert isnan(task.curves.loss)
    assert isnan(task.curves.accuracy)
    assert task.curves.validation_loss > 0


def test_the_best_state_predicts_as_it_was_scored() -> None:
    task, learned = made()
    *_, last = fit(task, learned, CONFIG)
    found = predict_classes(task.network, [IMAGES[HELD_OUT]])
    assert found.shape == (24, 2)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
    right = found.argmax(1) == LABELS[HELD_OUT]
    assert np.mean([right[:12].mean(), right[12:].mean()]) == last.score


def states(task: ClassificationTask) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in task.network.state_dict().items()}


def test_going_back_to_a_snapshot_goes_on_as_from_there() -> None:
    task, learned = made(optimiser="sgd")
    first, second, third = learned
    task.step(first)
    kept, random = task.state(), torch.get_rng_state()
    expected = [task.step(second), task.step(third)], states(task)
    task.validate()
    curves = task.curves
    task.restore(kept)
    torch.set_rng_state(random)
    assert [task.step(second), task.step(third)] == expected[0]
    torch.testing.assert_close(states(task), expected[1])
    task.validate()
    assert task.curves == curves  # the step before the snapshot counts again


def test_a_loss_that_is_not_finite_changes_nothing() -> None:
    task, learned = made()
    batch = next(iter(learned))
    task.network.eval()
    bad = ClassBatch(np.full_like(batch.image, np.nan), batch.label, batch.which)
    before = [weight.clone() for weight in task.network.parameters()]
    assert isnan(task.step(bad))
    for old, new in zip(before, task.network.parameters(), strict=True):
        assert torch.equal(old, new)


def test_slowing_down_halves_the_rate() -> None:
    task, _ = made()
    task.slow_down()
    task.validate()
    assert task.curves.learning_rate == CONFIG.learning_rate / 2


def test_weights_make_a_rare_class_count_as_much() -> None:
    weights = balanced_weights([0] * 9 + [1] * 3, 3)
    assert weights.tolist() == pytest.approx([2 / 3, 2, 0])
    assert 9 * weights[0] == pytest.approx(3 * weights[1])


def test_the_loss_is_the_cross_entropy_that_balance_and_smoothing_ask_for() -> None:
    learned = ClassBatches(IMAGES, LABELS, [*range(2, 12), *range(26, 30)], batch=14)
    batch = next(iter(learned))
    losses = {}
    for balance in ("none", "weights"):
        config = CONFIG.model_copy(update={"balance": balance, "label_smoothing": 0.1})
        torch.manual_seed(0)
        network = build_classifier(NETWORK.model_copy(update={"dropout": 0.0}))
        with torch.no_grad():
            network.head[-1].bias.copy_(torch.tensor([2.0, 0.0]))
        task = ClassificationTask(network, config, learned, learned.truth())
        logits = network.train()(torch.from_numpy(batch.image))
        weight = torch.tensor([14 / 20, 14 / 8]) if balance == "weights" else None
        expected = nn.functional.cross_entropy(
            logits, torch.from_numpy(batch.label), weight=weight, label_smoothing=0.1
        )
        losses[balance] = task.step(batch)
        assert losses[balance] == pytest.approx(float(expected.detach()), rel=1e-5)
    assert losses["weights"] > losses["none"]  # the rare class is what is wrong


class Counting(nn.Module):
    """A backbone that counts the images it is shown."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.images = inner, 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.images += len(image)
        return self.inner(image)


def counted(train: str, **changes) -> tuple[ClassificationTask, ClassBatches, Counting]:
    config = NETWORK.model_copy(update={"train": train})
    task, learned = made(config, **changes)
    task.network.backbone = Counting(task.network.backbone)
    return task, learned, task.network.backbone


@pytest.mark.parametrize(
    ("train", "augmentation", "expected"),
    [
        ("head", "none", 24 + 24),  # each image once
        ("head", "flips", 24 + 3 * 24),  # validation once, what is varied each time
        ("all", "none", 4 * 24 + 3 * 24),
    ],
)
def test_a_backbone_that_does_not_learn_sees_an_image_once(
    train: str, augmentation: str, expected: int
) -> None:
    task, learned, backbone = counted(train, augmentation=augmentation)
    list(fit(task, learned, CONFIG))
    assert backbone.images == expected


def test_kept_features_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = NETWORK.model_copy(update={"train": "head"})
    found = []
    for keep in (True, False):
        task, learned = made(frozen)
        if not keep:
            task._judged_by = task._learned_from = None
        *_, last = fit(task, learned, CONFIG)
        found.append((last.score, states(task)))
    assert found[0][0] == found[1][0]
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-5, rtol=1e-4)


class Narrow(nn.Module):
    """A network that has room for so many images at a time."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.layer = room, nn.Linear(EDGE**2, 2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        if len(image) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.layer(image.flatten(1))


def narrow(room: int) -> tuple[ClassificationTask, ClassBatches]:
    judged = ClassBatches(IMAGES, LABELS, HELD_OUT, batch=2, draw="in_order")
    learned = ClassBatches(IMAGES, LABELS, LEARNED, batch=8)
    torch.manual_seed(0)
    return ClassificationTask(Narrow(room), CONFIG, judged, learned.truth()), learned


def test_a_batch_that_has_no_room_goes_in_parts_and_teaches_the_same() -> None:
    (whole, learned), (parted, _) = narrow(100), narrow(3)
    batch = next(iter(learned))
    assert parted.step(batch) == pytest.approx(whole.step(batch), abs=1e-6)
    torch.testing.assert_close(states(parted), states(whole), atol=1e-6, rtol=1e-4)


def test_where_no_image_fits_smaller_ones_are_advised() -> None:
    task, learned = narrow(0)
    with pytest.raises(DeviceMemoryError, match=r"images of 8 × 8 pixels.*more memory"):
        task.step(next(iter(learned)))
