"""A row that is still being painted: brush stamps, merged when it is written."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from napari_vessel.annotation._correction import ROW_VOXELS, Correction, RowHeader, encode
from napari_vessel.annotation._stamp import Stamp
from napari_vessel.annotation._state import Codes, Mask
from napari_vessel.geometry import Box, Plane

_SMALL = 2**18  # voxels: a union this small is cheap, however sparse
_SPARSE = 4  # times the stamps' own voxels: a sparser union is better two rows
_AT_ONCE = 2**22  # voxels: a bigger row is packed at once, so that few wait unpacked


@dataclass(slots=True)
class Stroke:
    """What is being painted between a press and a release of the mouse."""

    tool: str
    plane: Plane | None
    first: Stamp | None = None  # of its first row, once there is one


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one brush stamp covered: ``after`` is one code or one for each voxel.

    Outside of the mask, ``before`` and ``after`` mean nothing.
    """

    box: Box
    mask: Mask
    before: Codes
    after: Codes | int


@dataclass(slots=True, eq=False)
class Draft:
    """One row to be; whoever holds the writer's lock may add to it until it is taken."""

    header: RowHeader
    parts: list[Part]
    taken: bool = False
    created: float = field(default_factory=time.monotonic)
    _payload: bytes | None = field(default=None, init=False)
    _packing: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        if self.header.box.size >= _AT_ONCE:
            self.payload()

    def takes(self, stroke: Stroke, part: Part) -> bool:
        """Tell whether a brush stamp of ``stroke`` can be merged into this row."""
        own = self.header
        if self.taken or own.kind != "stroke":
            return False
        if (own.stroke, own.tool, own.plane) != (stroke.first, stroke.tool, stroke.plane):
            return False
        union = _union(own.box, part.box).size
        stamped = sum(each.box.size for each in self.parts) + part.box.size
        return union <= min(max(_SMALL, _SPARSE * stamped), ROW_VOXELS)

    def add(self, part: Part) -> None:
        """Merge one more brush stamp."""
        self.parts.append(part)
        self.header = replace(self.header, box=_union(self.header.box, part.box))

    def correction(self) -> Correction:
        """Merge the stamps: the first ``before`` and the last ``after`` of each voxel."""
        box = self.header.box
        mask = np.zeros(box.shape, np.bool_)
        before, after = np.zeros(box.shape, np.uint8), np.zeros(box.shape, np.uint8)
        for part in self.parts:
            at = part.box.relative_to(box).slices
            np.copyto(before[at], part.before, where=part.mask & ~mask[at])
            np.copyto(after[at], np.asarray(part.after, np.uint8), where=part.mask)
            mask[at] |= part.mask
        own = self.header
        return Correction(
            stamp=own.stamp, stroke=own.stroke, tool=own.tool, plane=own.plane, box=box,
            kind=own.kind, undoes=own.undoes, mask=mask, before=before, after=after,
        )  # fmt: skip

    def payload(self) -> bytes:
        """Return the row's bytes; from here on nothing is merged into it."""
        with self._packing:
            if self._payload is None:
                self.taken = True
                self._payload = encode(self.correction())
                self.parts = []
            return self._payload


def union_of(boxes: list[Box]) -> Box | None:
    """Return the smallest box that holds all ``boxes``, or None for none."""
    return reduce(_union, boxes) if boxes else None


def _union(a: Box, b: Box) -> Box:
    z0, y0, x0 = map(min, a.start, b.start)
    z1, y1, x1 = map(max, a.stop, b.stop)
    return Box((z0, y0, x0), (z1, y1, x1))
