"""What a mask is, in a few numbers that do not depend on how it is cut into boxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import WriteError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._mask_source import MaskSource

__all__ = ["MaskSum", "Witness", "read_back", "sum_of"]

_WORD = 2**64
_SEEDS = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)
_VOXELS = 2**22  # looked at at once


@dataclass(frozen=True, slots=True)
class MaskSum:
    """A count of vessel voxels and a checksum of where they are; sums of boxes add up.

    The checksum is the sum, modulo 2⁶⁴, of a 64-bit mix (splitmix64) of every vessel voxel's
    index, twice with different seeds. It notices what happens to files, not an adversary.
    """

    vessel: int = 0
    first: int = 0
    second: int = 0

    def __add__(self, other: MaskSum) -> MaskSum:
        """Return the sum of two boxes that do not overlap."""
        return MaskSum(
            self.vessel + other.vessel,
            (self.first + other.first) % _WORD,
            (self.second + other.second) % _WORD,
        )

    @property
    def checksum(self) -> str:
        """As 32 hexadecimal digits."""
        return f"{self.first:016x}{self.second:016x}"

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"vessel_voxels": self.vessel, "checksum": self.checksum}

    @classmethod
    def of_document(cls, found: Mapping[str, Any]) -> MaskSum:
        """Read what :attr:`document` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is not that.
        """
        text = str(found["checksum"])
        return cls(int(found["vessel_voxels"]), int(text[:16], 16), int(text[16:], 16))


def sum_of(mask: NDArray[np.generic], box: Box, shape: Zyx) -> MaskSum:
    """Sum up ``box`` of a mask of ``shape``; whatever is not 0 is vessel.

    >>> whole = np.arange(24).reshape(2, 3, 4) % 5 == 0
    >>> one, other = (Box((z, 0, 0), (z + 1, 3, 4)) for z in (0, 1))
    >>> parts = (sum_of(whole[part.slices], part, (2, 3, 4)) for part in (one, other))
    >>> next(parts) + next(parts) == sum_of(whole, Box.of((2, 3, 4)), (2, 3, 4))
    True
    """
    total = MaskSum()
    depth = max(1, _VOXELS // max(1, box.shape[1] * box.shape[2]))
    for first in range(0, box.shape[0], depth):
        z, y, x = np.nonzero(mask[first : first + depth])
        z += box.start[0] + first
        index = (z * shape[1] + (y + box.start[1])) * shape[2] + (x + box.start[2])
        sums = [int(_mixed(index.astype(np.uint64), seed).sum(dtype=np.uint64)) for seed in _SEEDS]
        total += MaskSum(len(z), sums[0], sums[1])
    return total


def _mixed(index: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Mix 64 bits (Steele, Lea and Flood 2014, as in Java's SplittableRandom)."""
    word = index + np.uint64(seed)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = word ^ (word >> np.uint64(31))
    return mixed


class Witness:
    """A mask that sums up what is read of it, once."""

    def __init__(self, source: MaskSource) -> None:
        self._read = source.read
        self._shape = source.shape
        self.source = replace(source, read=self._summed)
        self.sum = MaskSum()

    def _summed(self, box: Box) -> NDArray[np.generic]:
        block = self._read(box)
        if np.shape(block) == box.shape:  # else the reader of it refuses it
            self.sum += sum_of(np.nan_to_num(block), box, self._shape)
        return block


class _Stream(Protocol):
    def read(self, count: int, /) -> bytes: ...


def read_back(stream: _Stream, shape: Zyx, expected: MaskSum, out: Path) -> Iterator[int]:
    """Read what was written, a byte a voxel, and compare it with what was to be.

    Yields
    ------
    int
        The slices read up to now, one by one.

    Raises
    ------
    WriteError
        At the end, if it is another mask; ``out`` is named.
    """
    found, depth = MaskSum(), max(1, _VOXELS // (shape[1] * shape[2]))
    for slab in Box.of(shape).cells((depth, shape[1], shape[2])):
        content = stream.read(slab.size)
        if len(content) != slab.size:
            break
        found += sum_of(np.frombuffer(content, np.uint8).reshape(slab.shape), slab, shape)
        yield from range(slab.start[0] + 1, slab.stop[0] + 1)
    if found != expected:
        raise WriteError(f"{out} does not come back as it was written: check the disk.")
