"""Batches whose patches come from several volumes, by weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from napari_vessel.training._samples import Batch, PatchSampler

__all__ = ["MixedSampler"]


class MixedSampler:
    """An epoch of batches each time it is iterated; every patch picks its volume by weight.

    It can be kept and gone on with: what it will draw follows from :meth:`state`
    alone, also in the middle of an epoch.

    Parameters
    ----------
    samplers
        One for each volume, of batches of one patch, all drawing from ``rng``.
    weights
        How often each is picked, beside the others.
    batch, steps
        Patches in a batch, and batches in an epoch.
    rng
        Random numbers, shared with the samplers.
    """

    def __init__(
        self,
        samplers: Sequence[PatchSampler],
        weights: Sequence[float],
        *,
        batch: int,
        steps: int,
        rng: np.random.Generator,
    ) -> None:
        self._samplers, self._rng = list(samplers), rng
        self._shares = np.asarray(weights, np.float64) / sum(weights)
        self._batch, self._steps, self._drawn = batch, steps, 0

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Batch]:
        while self._drawn < self._steps:
            self._drawn += 1
            yield self.batch()
        self._drawn = 0

    def batch(self) -> Batch:
        """Draw one batch."""
        picked = self._rng.choice(len(self._samplers), size=self._batch, p=self._shares)
        patches = [self._samplers[number].batch() for number in picked]
        image, target, reviewed = (np.concatenate(a) for a in zip(*patches, strict=True))
        return Batch(image, target, reviewed)

    def state(self) -> dict[str, Any]:
        """Return what the next batches follow from, in JSON's types."""
        return {"drawn": self._drawn, "rng": self._rng.bit_generator.state}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._drawn, self._rng.bit_generator.state = state["drawn"], state["rng"]
