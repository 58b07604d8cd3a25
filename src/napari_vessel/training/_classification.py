"""Classification of images as a task: a network, its loss, its optimiser, its score."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from napari_vessel.networks import (
    Classifier,
    autocast,
    choose_precision,
    trainable_parameters,
)
from napari_vessel.training._class_augmentation import vary
from napari_vessel.training._class_batches import ClassBatch, ClassBatches, Images
from napari_vessel.training._class_features import KeptFeatures, head_alone_learns
from napari_vessel.training._class_score import mean_loss, monitored
from napari_vessel.training._classifier_config import ClassifierTrainingConfig
from napari_vessel.training._room import Room, RoomWords
from napari_vessel.training._task import State

__all__ = ["ClassCurves", "ClassificationTask", "balanced_weights", "predict_classes"]

Probabilities = npt.NDArray[np.float32]


_IMAGES = RoomWords("images", option="size", multiple_of=8)


@dataclass(frozen=True, slots=True)
class ClassCurves:
    """What an epoch adds to the curves; NaN where there is nothing to tell."""

    loss: float  # of training, mean of its images, as it went
    accuracy: float  # of training, of varied images and with dropout, as it went
    validation_loss: float
    validation_accuracy: float
    score: float  # what is monitored, on the validation part
    learning_rate: float


class ClassificationTask:
    """Train a network that gives a logit a class.

    Parameters
    ----------
    network
        On its device; trained in place, but for what ``build_classifier`` froze.
    config
        Optimiser, balance, augmentation, and what is monitored.
    validation
        What is scored on and never learned from, in order (``draw="in_order"``).
    train_labels
        (N,) of what is learned from: what ``balance="weights"`` counts.

    Attributes
    ----------
    curves
        What the last epoch brought; true whenever :meth:`validate` has returned.
    """

    def __init__(
        self,
        network: nn.Module,
        config: ClassifierTrainingConfig,
        validation: ClassBatches,
        train_labels: npt.ArrayLike,
    ) -> None:
        torch.manual_seed(config.seed)  # dropout, augmentation
        self.network, self._config, self._validation = network, config, validation
        self._device = next(network.parameters()).device
        precision = choose_precision(self._device, config.precision, network)
        # Gradients underflow in fp16 without loss scaling.
        self.precision = "fp32" if precision == "fp16" else precision
        self._weights = trainable_parameters(network)
        self._optimiser = _optimiser(self._weights, config)
        self._labels = np.asarray(train_labels) if config.balance == "weights" else None
        self._room = Room(_IMAGES)
        self._seen = _Seen()
        frozen: Classifier | None = network if head_alone_learns(network) else None
        self._judged_by = KeptFeatures(frozen) if frozen else None
        varied = config.augmentation != "none"
        self._learned_from = KeptFeatures(frozen) if frozen and not varied else None
        self.curves = ClassCurves(nan, nan, nan, nan, nan, config.learning_rate)

    def step(self, batch: ClassBatch) -> float:
        """Learn from one batch; return its loss, NaN (and nothing changes) where not finite.

        Raises
        ------
        DeviceMemoryError
            Where the device has no room for a single image.
        """
        self.network.train()
        loss, right = self._room.attempt(
            lambda: self._backward(batch),
            count=len(batch.image),
            patch=batch.image.shape[-1],
            device=self._device,
        )
        if not isfinite(loss):
            return nan
        norm = nn.utils.clip_grad_norm_(self._weights, self._config.gradient_norm)
        if not isfinite(float(norm)):
            return nan
        self._optimiser.step()
        self._seen.add(loss, right, len(batch.image))
        return loss

    def validate(self) -> float:
        """Return the monitored score on the validation part, and end the epoch's curves."""
        probabilities = self._probabilities()
        truth = self._validation.truth()
        score = monitored(self._config.monitor, truth, probabilities)
        self.curves = ClassCurves(
            *self._seen.means(),
            validation_loss=mean_loss(truth, probabilities),
            validation_accuracy=float((probabilities.argmax(1) == truth).mean()),
            score=score,
            learning_rate=float(self._optimiser.param_groups[0]["lr"]),
        )
        self._seen = _Seen()
        return score

    def state(self) -> State:
        """Return a copy of the network's weights and the optimiser's state."""
        weights = self.network.state_dict()
        return {
            "network": {name: value.detach().clone() for name, value in weights.items()},
            "optimiser": deepcopy(self._optimiser.state_dict()),
            "seen": self._seen.sums(),
        }

    def restore(self, state: State) -> None:
        """Go back to a snapshot; the network is then in eval mode."""
        self.network.load_state_dict(state["network"])  # type: ignore[arg-type]
        self._optimiser.load_state_dict(deepcopy(state["optimiser"]))  # type: ignore[arg-type]
        self._seen = _Seen(*state["seen"])  # type: ignore[misc]
        self.network.eval()

    def slow_down(self) -> None:
        """Halve the learning rate."""
        for group in self._optimiser.param_groups:
            group["lr"] /= 2

    def _backward(self, batch: ClassBatch) -> tuple[float, int]:
        """Put the gradient into the weights; return the loss and how many were right."""
        self._optimiser.zero_grad(set_to_none=True)
        with autocast(self._device, self.precision):
            logits = self._logits(batch).float()
        label = torch.from_numpy(batch.label).to(self._device)
        loss = cross_entropy(
            logits,
            label,
            weight=self._balance(logits),
            label_smoothing=self._config.label_smoothing,
        )
        value = float(loss.detach())
        if isfinite(value):
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return value, int((logits.argmax(1) == label).sum())

    def _logits(self, batch: ClassBatch) -> Tensor:
        if self._learned_from is not None:
            return self._room.logits(_head(self.network), self._learned_from.of(batch))
        image = torch.from_numpy(batch.image).to(self._device)
        varied = vary(image, self._config.augmentation, self._config.augmentation_strength)
        return self._room.logits(self.network, varied)

    def _probabilities(self) -> Probabilities:
        """Return those of the validation part, the network in eval mode."""
        if self._judged_by is None:
            return predict_classes(self.network, self._validation.images(), self.precision)
        self.network.eval()
        with torch.inference_mode(), autocast(self._device, self.precision):
            features = self._judged_by.of_all(self._validation)
            return _softmax(_head(self.network)(some) for some in features)

    def _balance(self, logits: Tensor) -> Tensor | None:
        if self._labels is None:
            return None
        return torch.from_numpy(balanced_weights(self._labels, logits.shape[1])).to(logits)


@dataclass
class _Seen:
    """Sums over what was learned from since the epoch began."""

    loss: float = 0.0
    right: float = 0
    count: float = 0

    def add(self, loss: float, right: int, count: int) -> None:
        self.loss += loss * count
        self.right += right
        self.count += count

    def sums(self) -> list[float]:
        """Return what a state keeps of it."""
        return [self.loss, self.right, self.count]

    def means(self) -> tuple[float, float]:
        """Return the mean loss and the accuracy, NaN of nothing."""
        return (self.loss / self.count, self.right / self.count) if self.count else (nan, nan)


def balanced_weights(labels: npt.ArrayLike, classes: int) -> npt.NDArray[np.float32]:
    """Return the weight of each class in the loss: all classes together count the same.

    >>> balanced_weights([0, 0, 0, 0, 1, 1], 2).tolist()
    [0.75, 1.5]

    A class without samples has none to weigh: 0.
    """
    counts = np.bincount(np.asarray(labels), minlength=classes)
    present = np.count_nonzero(counts)
    weights = counts.sum() / (present * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 0).astype(np.float32)


def _optimiser(
    weights: list[nn.Parameter], config: ClassifierTrainingConfig
) -> torch.optim.Optimizer:
    rate, decay, momentum = config.learning_rate, config.weight_decay, config.momentum
    if config.optimiser == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=momentum, weight_decay=decay)
    return torch.optim.AdamW(weights, lr=rate, betas=(momentum, 0.999), weight_decay=decay)


def predict_classes(
    network: nn.Module, batches: Iterable[Images], precision: str = "fp32"
) -> Probabilities:
    """Return the probability of each class for each image.

    Parameters
    ----------
    network
        On its device; left in eval mode.
    batches
        Of images, (n, C, H, W) float32 in [0, 1].
    precision
        Arithmetic of the forward pass.

    Returns
    -------
    np.ndarray
        (N, K) float32; (0, 0) of no images.
    """
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode(), autocast(device, precision):
        return _softmax(network(torch.from_numpy(image).to(device)) for image in batches)


def _softmax(logits: Iterable[Tensor]) -> Probabilities:
    found = [torch.softmax(some.float(), 1).cpu().numpy() for some in logits]
    return np.concatenate(found) if found else np.zeros((0, 0), np.float32)


def _head(network: nn.Module) -> nn.Module:
    if not isinstance(network, Classifier):
        raise TypeError(f"{type(network).__name__} has no head of its own")
    return network.head
