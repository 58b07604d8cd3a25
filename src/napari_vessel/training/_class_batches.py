"""What a classifier learns from, an epoch of batches at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_vessel.errors import CallerError

__all__ = ["ClassBatch", "ClassBatches", "LoadImages"]

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Draw = Literal["shuffled", "oversampled", "in_order"]
LoadImages = Callable[[npt.NDArray[np.int64]], Images]
"""Indices (n,) to images (n, C, H, W) in [0, 1]."""


class ClassBatch(NamedTuple):
    """Images and what they are."""

    image: Images  # (n, C, H, W), in [0, 1]
    label: Labels  # (n,): indices of classes
    which: Labels  # (n,): which of all the images they are


class ClassBatches:
    """Batches of images and labels: each time it is iterated, an epoch in another order.

    Oversampled, every image of the largest class comes once an epoch, and those of the
    others equally often, as many in all of each class. An epoch's order follows from the seed
    and the epoch's number alone, so that training can be gone on with, also in its middle.

    Parameters
    ----------
    images
        All of them, (N, C, H, W) float32 in [0, 1], or what loads those of given indices.
    labels
        (N,) indices of classes.
    indices
        Which images to learn from; none: all.
    batch
        Images in a batch. The last one may be smaller, but is never a single image, which
        has no statistics: it goes with the batch before.
    draw
        ``"shuffled"``: each image once an epoch; ``"oversampled"``: all classes equally often;
        ``"in_order"``: each once, in the order of ``indices``, to score on.
    seed
        Of the orders.

    Raises
    ------
    CallerError
        Where there is nothing to learn from.
    """

    def __init__(
        self,
        images: Images | LoadImages,
        labels: npt.ArrayLike,
        indices: Sequence[int] | npt.NDArray[np.int64] | None = None,
        *,
        batch: int = 32,
        draw: Draw = "shuffled",
        seed: int = 0,
    ) -> None:
        self.labels: Labels = np.asarray(labels, dtype=np.int64)
        chosen = np.arange(len(self.labels)) if indices is None else np.asarray(indices)
        self.indices: Labels = chosen.astype(np.int64)
        if not len(self.indices):
            raise CallerError("No images are left to learn from: name more samples.")
        self._load = images if callable(images) else lambda some: images[some]
        self._batch, self._draw, self._seed = batch, draw, seed
        self.epoch, self._drawn = 0, 0  # batches of the epoch at hand that were given out

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(_starts(len(self._order(0)), self._batch))

    def __iter__(self) -> Iterator[ClassBatch]:
        """Yield an epoch of batches, or what is left of one that was interrupted."""
        order = self._order(self.epoch)
        starts = _starts(len(order), self._batch)
        ends = [*starts[1:], len(order)]
        while self._drawn < len(starts):
            start, end = starts[self._drawn], ends[self._drawn]
            self._drawn += 1
            yield self._loaded(order[start:end])
        self.epoch, self._drawn = self.epoch + 1, 0

    def in_order(self) -> Iterator[ClassBatch]:
        """Yield each image once, in order, without beginning an epoch."""
        for start in range(0, len(self.indices), self._batch):
            yield self._loaded(self.indices[start : start + self._batch])

    def images(self) -> Iterator[Images]:
        """Yield the images alone, in order, for ``predict_classes``."""
        return (batch.image for batch in self.in_order())

    def truth(self) -> Labels:
        """Return the labels in order."""
        return self.labels[self.indices]

    def state(self) -> dict[str, Any]:
        """Return what the next batches follow from, in JSON's types."""
        return {"epoch": self.epoch, "drawn": self._drawn}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.epoch, self._drawn = int(state["epoch"]), int(state["drawn"])

    def _loaded(self, some: Labels) -> ClassBatch:
        return ClassBatch(np.asarray(self._load(some), np.float32), self.labels[some], some)

    def _order(self, epoch: int) -> Labels:
        if self._draw == "in_order":
            return self.indices
        random = np.random.default_rng([self._seed, epoch])
        if self._draw == "shuffled":
            return random.permutation(self.indices)
        labels = self.labels[self.indices]
        most = int(np.bincount(labels).max())
        classes = [self.indices[labels == one] for one in np.unique(labels)]
        return random.permutation(np.concatenate([_repeated(c, most, random) for c in classes]))


def _repeated(indices: Labels, count: int, random: np.random.Generator) -> Labels:
    """Draw ``count`` of ``indices``, each as often as the others or once more."""
    rounds = [random.permutation(indices) for _ in range(-(-count // len(indices)))]
    return np.concatenate(rounds)[:count]


def _starts(count: int, batch: int) -> list[int]:
    """Return where batches begin; a single image at the end goes with those before.

    >>> _starts(9, 4), _starts(10, 4), _starts(1, 4)
    ([0, 4], [0, 4, 8], [0])
    """
    starts = list(range(0, count, batch))
    return starts[:-1] if len(starts) > 1 and count - starts[-1] == 1 else starts
