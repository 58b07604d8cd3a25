"""A sample, and what a set of samples offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Images", "ReadingSet", "Sample", "SampleSet"]

Images = NDArray[np.float32]
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a class.

    Attributes
    ----------
    name
        Unique in its set; what tables call it.
    label
        Its class; None where it is not known.
    group
        Where it comes from: a donor, a slide, a volume. Samples of one group are alike in more
        than their class, so that they are never parted.
    """

    name: str
    label: str | None
    group: str


class SampleSet(Protocol):
    """Samples with their images, which are read when asked for; used from several threads."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the network's outputs."""

    @property
    def samples(self) -> tuple[Sample, ...]:
        """All samples."""

    @property
    def channels(self) -> int:
        """Channels of an image."""

    @property
    def size(self) -> int:
        """Edge of an image, in pixels."""

    def image(self, index: int) -> Images:
        """Read the image of a sample, (channels, size, size) in [0, 1]."""

    def images(self, indices: Sequence[int] | NDArray[np.integer]) -> Images:
        """Read images, (n, channels, size, size) in [0, 1]."""

    def labels(self) -> NDArray[np.int64]:
        """Return the class of each sample as its place in ``classes``; -1 where not known."""


class ReadingSet(ABC):
    """What sets of samples share: several images are read by several threads."""

    size: int
    channels: int
    classes: tuple[str, ...]

    @property
    @abstractmethod
    def samples(self) -> tuple[Sample, ...]:
        """All samples."""

    @abstractmethod
    def image(self, index: int) -> Images:
        """Read the image of a sample, (channels, size, size) in [0, 1]."""

    def images(self, indices: Sequence[int] | NDArray[np.integer]) -> Images:
        """Read images, (n, channels, size, size) in [0, 1], by several threads."""
        wanted = [int(index) for index in indices]
        found = np.empty((len(wanted), self.channels, self.size, self.size), np.float32)
        if len(wanted) < 2:
            for at, index in enumerate(wanted):
                found[at] = self.image(index)
            return found
        with ThreadPoolExecutor(min(_THREADS, cpu_count() or 1, len(wanted))) as pool:
            for at, image in enumerate(pool.map(self.image, wanted)):
                found[at] = image
        return found

    def labels(self) -> NDArray[np.int64]:
        """Return the class of each sample as its place in ``classes``; -1 where not known."""
        places: dict[str | None, int] = {name: at for at, name in enumerate(self.classes)}
        return np.array([places.get(sample.label, -1) for sample in self.samples], np.int64)
