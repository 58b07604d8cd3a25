"""Learn from corrected slices within seconds: the last stages alone, on features that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import cos, isfinite, pi
from time import monotonic
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_vessel.networks import autocast
from napari_vessel.training._events import StepEnd
from napari_vessel.training._light_config import LightConfig
from napari_vessel.training._losses import reviewed_loss
from napari_vessel.training._tail import Features, TailNetwork

__all__ = ["LightSample", "learn_light"]

_ALIGNED = 32  # px: windows start on the coarsest pixel of any network


@dataclass(frozen=True, slots=True, eq=False)
class LightSample:
    """A tile of a corrected slice, arrays (rows, columns), multiples of 32.

    Parameters
    ----------
    image
        float32, as the network sees it.
    target, reviewed
        float32, 0 or 1: vessel, and what the loss may see.
    newest
        Whether it is of the slice that was accepted last.
    """

    image: NDArray[np.float32]
    target: NDArray[np.float32]
    reviewed: NDArray[np.float32]
    newest: bool = False


def learn_light(
    network: TailNetwork,
    samples: Sequence[LightSample],
    config: LightConfig,
    *,
    precision: str = "fp32",
    clock: Callable[[], float] = monotonic,
) -> Iterator[StepEnd]:
    """Train the tail of ``network`` on windows of ``samples``, yielding after each step.

    However it ends, also by a loss that is not finite, the tail holds weights that are.

    Parameters
    ----------
    network
        Its tail is trained in place.
    samples
        At least one, some of it reviewed.
    config
        Steps, seconds, windows, rate.
    precision
        Arithmetic of the forward pass.
    clock
        Seconds since some moment.
    """
    began = clock()
    draw = _Windows(network, samples, config)
    weights = [weight.requires_grad_(True) for weight in network.tail.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=0.0)
    device = weights[0].device
    for step in range(1, config.steps + 1):
        done = max((step - 1) / config.steps, (clock() - began) / config.seconds)
        # The rate falls to nothing, so that where it stops does not hang on the last windows.
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * (1 + cos(pi * min(done, 1.0))) / 2
        features, target, reviewed = draw.batch()
        optimiser.zero_grad(set_to_none=True)
        with autocast(device, precision):
            logits = network.tail(features)
        loss = reviewed_loss(logits.float(), target.to(device), reviewed.to(device), config.loss)
        value = float(loss.detach())
        if isfinite(value) and loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            norm = nn.utils.clip_grad_norm_(weights, 1.0)
            if isfinite(float(norm)):
                optimiser.step()
        yield StepEnd(1, step, value)
        if clock() - began >= config.seconds or not isfinite(value):
            return


class _Window(NamedTuple):
    """A window: its features, what is vessel, and what may be learned from."""

    features: Features
    target: NDArray[np.float32]
    reviewed: NDArray[np.float32]


class _Windows:
    """Draws windows of samples, around what is reviewed."""

    def __init__(
        self, network: TailNetwork, samples: Sequence[LightSample], config: LightConfig
    ) -> None:
        self._network, self._config = network, config
        self._samples = [sample for sample in samples if sample.reviewed.any()]
        self._rng = np.random.default_rng(config.seed)
        self._newest = [sample for sample in self._samples if sample.newest] or self._samples
        self._places = {id(sample): _places(sample) for sample in self._samples}

    def batch(self) -> tuple[Features, Tensor, Tensor]:
        """Return features, target and reviewed of some windows."""
        parts = [self._window(self._drawn()) for _ in range(self._config.batch)]
        shape = min(part.features.shape for part in parts)
        parts = [part for part in parts if part.features.shape == shape]  # of small and large tiles
        target = torch.from_numpy(np.stack([part.target for part in parts])[:, None])
        reviewed = torch.from_numpy(np.stack([part.reviewed for part in parts])[:, None])
        return Features.stack([part.features for part in parts]), target, reviewed

    def _drawn(self) -> LightSample:
        newest = self._rng.random() < self._config.newest_share
        among = self._newest if newest else self._samples
        return among[self._rng.integers(len(among))]

    def _window(self, sample: LightSample) -> _Window:
        vessel, other = self._places[id(sample)]
        among = vessel if self._rng.random() < self._config.vessel_share else other
        among = among if len(among) else (vessel if len(vessel) else other)
        place = among[self._rng.integers(len(among))]
        rows, columns = (
            self._span(int(at), length)
            for at, length in zip(place, sample.image.shape, strict=True)
        )
        at = slice(*rows), slice(*columns)
        whole = self._network.features(torch.from_numpy(sample.image)[None])
        reviewed = _inner(sample.reviewed[at], (rows, columns), sample, self._config.margin)
        return _Window(whole.crop(rows, columns), sample.target[at], reviewed)

    def _span(self, at: int, length: int) -> tuple[int, int]:
        edge = self._config.window
        if length <= edge:
            return 0, length
        start = at - edge // 2 + int(self._rng.integers(-edge // 4, edge // 4 + 1))
        start = min(max(start, 0), length - edge) // _ALIGNED * _ALIGNED
        return start, start + edge


def _places(sample: LightSample) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    reviewed, vessel = sample.reviewed > 0, sample.target > 0
    return np.argwhere(reviewed & vessel), np.argwhere(reviewed & ~vessel)


def _inner(
    reviewed: NDArray[np.float32],
    window: tuple[tuple[int, int], tuple[int, int]],
    sample: LightSample,
    margin: int,
) -> NDArray[np.float32]:
    """Blank the edges of a window that are no edges of the tile."""
    found = reviewed.copy()
    for axis, ((start, stop), length) in enumerate(zip(window, sample.image.shape, strict=True)):
        along = np.moveaxis(found, axis, 0)  # a view
        if start > 0:
            along[:margin] = 0
        if stop < length:
            along[len(along) - margin :] = 0
    return found
