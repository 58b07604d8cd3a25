"""Segmentation as a task: a network, its loss, its optimiser, its score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from math import isfinite, nan

import numpy as np
import torch
from torch import Tensor, nn

from napari_vessel.errors import CallerError
from napari_vessel.networks import autocast, choose_precision
from napari_vessel.training._augmentation import augment
from napari_vessel.training._averaging import RunningMean
from napari_vessel.training._config import TrainingConfig
from napari_vessel.training._dropping import dropping, head_of
from napari_vessel.training._losses import kept_mean, reviewed_loss
from napari_vessel.training._replay import Rehearsal
from napari_vessel.training._room import Room
from napari_vessel.training._samples import Batch
from napari_vessel.training._tail import tail_stages
from napari_vessel.training._task import State

__all__ = ["SegmentationTask"]


class SegmentationTask:
    """Train a network that gives one logit a pixel.

    In fine-tuning, batch normalisation stays in eval mode: a batch of a few patches
    from a few corrected places has other statistics than the volume, and running
    means that drifted to them would change the prediction everywhere, also where
    nothing was wrong. Its scale and shift are trained as usual.

    Parameters
    ----------
    network
        On its device; trained in place. After validating and restoring it is in eval mode
        and holds the mean of its weights (see :class:`RunningMean`), which is what is scored.
    score
        Scores the network, in eval mode, on what is not learned from (see
        ``score_blocks`` and ``mean_score``); higher is better.
    config
        Learning rate, loss, and what is kept as it is.
    before
        The network as it was, in eval mode: what it says of phantoms is to stay, and a share of
        its weights (``start_share``). None: the truth of phantoms is learned, and no share stays.

    Raises
    ------
    CallerError
        Where ``keep_encoder`` is asked of a network that has none, or dropout of one without head.
    """

    def __init__(
        self,
        network: nn.Module,
        score: Callable[[nn.Module], float],
        config: TrainingConfig,
        before: nn.Module | None = None,
    ) -> None:
        torch.manual_seed(config.seed)  # dropout
        self.network, self._score, self._config = network, score, config
        self._before = before
        self._device = next(network.parameters()).device
        precision = choose_precision(self._device, config.precision, network)
        # Gradients underflow in fp16 without loss scaling.
        self.precision = "fp32" if precision == "fp16" else precision
        if config.dropout:
            head_of(network)
        frozen = _frozen(network, config)
        for weight in network.parameters():
            weight.requires_grad_(True)
        for part in frozen:
            part.requires_grad_(False)
        self._kept = list(_kept(network, frozen, statistics=config.keep_statistics))
        self._room = Room()
        self._weights = [w for w in network.parameters() if w.requires_grad]
        self._optimiser = torch.optim.AdamW(
            self._weights,
            lr=config.learning_rate,
            betas=(config.momentum, 0.999),
            weight_decay=config.weight_decay,
        )
        # What learns from volumes, not from corrections, has nothing to hold on to.
        start_share = config.start_share if before is not None else 0.0
        self._mean = RunningMean(network, config.averaging, start_share)

    def step(self, batch: Batch | Rehearsal) -> float:
        """Learn from one batch; return its loss, of a rehearsal that of the corrections.

        Returns NaN, and changes nothing, where loss or gradient is not finite.

        Raises
        ------
        DeviceMemoryError
            Where the device has no room for a single patch: a batch goes in parts where it must,
        and what is learned stays the same.
        """
        self._mean.hide()
        self._train_mode()
        parts = batch[:2] if isinstance(batch, Rehearsal) else (batch,)
        share = batch.share if isinstance(batch, Rehearsal) else 0.0
        count, patch = sum(len(part.image) for part in parts), parts[0].image.shape[-1]
        with dropping(self.network, self._config.dropout):
            value = self._room.attempt(
                lambda: self._backward(parts, share), count=count, patch=patch, device=self._device
            )
        if not isfinite(value):
            return nan
        norm = nn.utils.clip_grad_norm_(self._weights, self._config.gradient_norm)
        if not isfinite(float(norm)):
            return nan
        self._optimiser.step()
        self._mean.update()
        return value

    def validate(self) -> float:
        """Return the score of the network with the mean of its weights, which it then holds."""
        self._mean.show()
        return self._score(self.network.eval())

    def show(self) -> None:
        """Put the mean of its weights into the network, in eval mode, without scoring it."""
        self._mean.show()
        self.network.eval()

    def state(self) -> State:
        """Return a copy of the network's weights, their mean, and the optimiser's state."""
        return {
            "network": self._mean.state(),
            "optimiser": deepcopy(self._optimiser.state_dict()),
        }

    def restore(self, state: State) -> None:
        """Go back to a snapshot; the network holds the mean of its weights, in eval mode."""
        self._mean.restore(state["network"])  # type: ignore[arg-type]
        self._optimiser.load_state_dict(deepcopy(state["optimiser"]))  # type: ignore[arg-type]
        self.network.eval()

    def slow_down(self) -> None:
        """Halve the learning rate."""
        for group in self._optimiser.param_groups:
            group["lr"] /= 2

    def _backward(self, parts: Sequence[Batch], share: float) -> float:
        """Put the gradient into the weights; return the loss of the corrections, NaN of none."""
        self._optimiser.zero_grad(set_to_none=True)
        losses = self._losses(parts)
        loss = (1 - share) * losses[0] + share * losses[1] if len(losses) > 1 else losses[0]
        if not isfinite(float(loss.detach())):
            return nan
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return float(losses[0].detach())

    def _losses(self, parts: Sequence[Batch]) -> list[Tensor]:
        """Return the loss of each part, of one pass of all of them.

        A loss is of sums over reviewed voxels: together, phantoms, known in every voxel, would
        silence a few corrected ones.
        """
        image, target, reviewed = (
            torch.from_numpy(np.concatenate(arrays)).to(self._device)
            for arrays in zip(*parts, strict=True)
        )
        if self._config.augmentation:
            strength = 2 * self._config.augmentation_strength
            image, target, reviewed = augment(image, target, reviewed, strength)
        with autocast(self._device, self.precision):
            images = image.contiguous(memory_format=torch.channels_last)
            logits = self._room.logits(self.network, images)
        sizes = [len(part.image) for part in parts]
        pieces = (torch.split(a, sizes) for a in (logits.float(), target, reviewed))
        config = self._config.loss
        losses = [reviewed_loss(a, b, c, config) for a, b, c in zip(*pieces, strict=True)]
        if len(parts) > 1 and self._before is not None:
            losses[1] = self._forgotten(images[sizes[0] :], logits[sizes[0] :].float())
        return losses

    def _forgotten(self, images: Tensor, logits: Tensor) -> Tensor:
        """Return how far the network has moved from what it was, on phantoms."""
        with torch.no_grad(), autocast(self._device, self.precision):
            before = self._before(images) if self._before is not None else logits
        return kept_mean(logits, before.float())

    def _train_mode(self) -> None:
        self.network.train()
        for part in self._kept:
            part.eval()


def _encoder(network: nn.Module) -> nn.Module:
    encoder = getattr(network, "encoder", None)
    if not isinstance(encoder, nn.Module):
        raise CallerError(
            f"keep_encoder: {type(network).__name__} has no encoder; leave keep_encoder out."
        )
    return encoder


def _frozen(network: nn.Module, config: TrainingConfig) -> list[nn.Module]:
    """List what is not trained: the encoder, or all but the last stages, where asked."""
    if config.train_last is not None:
        trained = {
            part for stage in tail_stages(network, config.train_last) for part in stage.modules()
        }
        return [part for part in network.modules() if not trained.intersection(part.modules())]
    return [_encoder(network)] if config.keep_encoder else []


def _kept(
    network: nn.Module, frozen: Sequence[nn.Module], *, statistics: bool
) -> Iterator[nn.Module]:
    """Yield what stays in eval mode: what is frozen, and batch normalisation."""
    yield from frozen
    if statistics:
        for part in network.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - no public base
                yield part
