"""Thinning to a centreline that loses no vessel.

scikit-image's thinning (Lee 1994) can unravel a vessel from its free end, at worst to
nothing: when it looks again at a voxel that it is about to delete it asks whether the
vessel would stay whole, but not whether it has become an end meanwhile. Here voxels are
deleted in eight subfields, none of which holds two neighbours (the scheme of Bertrand and
Aktouf 1995), so that each is looked at as it is when it goes. What becomes of a voxel depends
on what is around it and on where it lies, not on where an array begins: blocks agree.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Zyx

__all__ = ["thinned"]

_STEPS = np.array([step for step in product((-1, 0, 1), repeat=3) if step != (0, 0, 0)], np.int64)
_APART = np.abs(_STEPS[:, None] - _STEPS[None])  # (26, 26, 3)
_FACES = np.abs(_STEPS).sum(axis=1) == 1
_AROUND = np.abs(_STEPS).sum(axis=1) <= 2  # of which background must be in one piece
_TOUCH = (_APART.max(axis=2) <= 1).astype(np.float32)
_SHARE = ((_APART.sum(axis=2) <= 1) & _AROUND[:, None] & _AROUND[None]).astype(np.float32)

_Mask = NDArray[np.bool_]
_Flat = NDArray[np.int64]


def thinned(mask: _Mask, origin: Zyx = (0, 0, 0)) -> _Mask:
    """Return the centreline of a mask (26-connected): what is connected stays, loops stay.

    Parameters
    ----------
    mask
        zyx; beyond it nothing is vessel.
    origin
        Where it lies in its volume: only whether that is odd or even counts.

    Notes
    -----
    Memory: 64 MiB for what is known of neighbourhoods, once; 2 bytes for every voxel and
    about 300 for every one that is vessel.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    work = _Thinning(padded, origin)
    while work.peel():
        pass
    return padded[1:-1, 1:-1, 1:-1].astype(bool)


class _Thinning:
    """Peels a padded mask, in place."""

    def __init__(self, padded: NDArray[np.uint8], origin: Zyx) -> None:
        self._values = padded.reshape(-1)
        self._voxels: _Flat = np.flatnonzero(self._values)
        strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
        self._steps = _STEPS @ strides
        self._shape = padded.shape
        self._origin = origin

    def peel(self) -> bool:
        """Delete what can go from each of the six sides; tell whether anything did."""
        before = len(self._voxels)
        for step in self._steps[_FACES]:
            border = self._voxels[self._values[self._voxels + step] == 0]
            border = border[self._can_go(border)]
            if not len(border):
                continue
            field = self._subfields(border)
            for number in range(8):
                voxels = border[field == number]
                self._values[voxels[self._can_go(voxels)]] = 0
            self._voxels = self._voxels[self._values[self._voxels] != 0]
        return len(self._voxels) < before

    def _can_go(self, voxels: _Flat) -> _Mask:
        """Tell which voxels are no ends, and leave all connected that was."""
        code, count = np.zeros(len(voxels), np.int32), np.zeros(len(voxels), np.uint8)
        for bit, step in enumerate(self._steps):
            there = self._values[voxels + step]
            count += there
            code |= there.astype(np.int32) << bit
        return (count > 1) & _simple(code)

    def _subfields(self, voxels: _Flat) -> NDArray[np.int64]:
        """Return which of eight subfields voxels are in: by what is odd of their place."""
        field = np.zeros(len(voxels), np.int64)
        for place, first in zip(np.unravel_index(voxels, self._shape), self._origin, strict=True):
            field = 2 * field + (place + first) % 2
        return field


@cache
def _known() -> NDArray[np.uint8]:
    """Return what is known of each neighbourhood: 0 nothing, 1 not simple, 2 simple."""
    return np.zeros(2**26, np.uint8)


def _simple(codes: NDArray[np.int32]) -> _Mask:
    """Tell whether the voxel in the middle of each neighbourhood could go."""
    known = _known()
    unknown = np.unique(codes[known[codes] == 0])
    for part in np.array_split(unknown, max(len(unknown) // 100_000, 1)):
        known[part] = 1 + _looked_at(part)
    simple: _Mask = known[codes] == 2
    return simple


def _looked_at(codes: NDArray[np.int32]) -> _Mask:
    """Tell where vessel stays in one piece around the voxel, and what is not vessel too.

    The condition of Bertrand and Malandain (1994): one piece (26) of vessel among the 26
    neighbours, and one (6) of background among the 18, of those that meet the voxel by a face.
    """
    vessel = (codes[:, None] >> np.arange(26)) & 1 > 0
    empty = ~vessel & _AROUND
    return _in_one(vessel, vessel, _TOUCH) & _in_one(empty, empty & _FACES, _SHARE)


def _in_one(where: _Mask, seeds: _Mask, joined: NDArray[np.float32]) -> _Mask:
    """Tell in which rows all ``seeds`` (one at least) are connected within ``where``."""
    reached = np.zeros(where.shape, bool)
    reached[np.arange(len(where)), seeds.argmax(axis=1)] = True
    reached &= seeds
    while True:
        wider = where & (reached.astype(np.float32) @ joined > 0)
        if (wider == reached).all():
            break
        reached = wider
    in_one: _Mask = seeds.any(axis=1) & ((reached & seeds) == seeds).all(axis=1)
    return in_one
