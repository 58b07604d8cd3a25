"""Where two hands disagree: voxels one of them painted without having seen the other's stroke.

A row keeps what stood under it when it was painted (``before``). Where that is not what the
journals, put together in the order of time, come to at that moment, its painter did not know
of what somebody else painted. A later row whose ``before`` is right was painted by who saw it:
that settles the voxel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation._correction import Correction
from napari_vessel.annotation._overlay import CHUNK, Overlay
from napari_vessel.annotation._replay import Replay, applied, rows_of
from napari_vessel.annotation._stamp import Stamp
from napari_vessel.annotation._state import Codes, Mask, label_state
from napari_vessel.geometry import Box, Zyx

_EVERY = 500

Points = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Voxels that two strokes made different, neither knowing of the other.

    Attributes
    ----------
    earlier, later
        The strokes, by their stamps. What is shown is the later's.
    box
        Around the voxels.
    mask
        The voxels, of the box's shape.
    versions
        State codes of the box as the earlier and as the later stroke have it.
    """

    earlier: Stamp
    later: Stamp
    box: Box
    mask: Mask
    versions: tuple[Codes, Codes]

    @property
    def voxels(self) -> int:
        """How many voxels they disagree on."""
        return int(np.count_nonzero(self.mask))


@dataclass(slots=True)
class Scanned:
    """How far a scan is, and what it found in the end."""

    rows: int
    overlaps: tuple[Overlap, ...] | None = None


@dataclass(slots=True)
class _Found:
    voxels: list[Points] = field(default_factory=list)  # zyx, one column for each voxel
    theirs: list[Codes] = field(default_factory=list)
    ours: list[Codes] = field(default_factory=list)


class _Numbers:
    """A sparse array of whole numbers, 0 where nothing was written."""

    def __init__(self) -> None:
        self._chunks: dict[Zyx, NDArray[np.uint32]] = {}

    def read(self, box: Box) -> NDArray[np.uint32]:
        values = np.zeros(box.shape, np.uint32)
        for cell in box.cells(CHUNK):
            chunk = self._chunks.get(_key(cell))
            if chunk is not None:
                values[cell.relative_to(box).slices] = chunk[_within(cell)]
        return values

    def write(self, box: Box, mask: Mask, value: int) -> None:
        for cell in box.cells(CHUNK):
            where = mask[cell.relative_to(box).slices]
            if where.any():
                chunk = self._chunks.setdefault(_key(cell), np.zeros(CHUNK, np.uint32))
                chunk[_within(cell)][where] = value


def find_overlaps(paths: Sequence[Path], shape: Zyx) -> Iterator[Scanned]:
    """Replay the journals at ``paths`` and find where hands disagree unknowingly.

    Yields
    ------
    Scanned
        Now and then with the rows so far; the last with the overlaps, the newest first.
    """
    scan = _Scan(Replay(Overlay(shape)))
    count = 0
    for count, row in enumerate(rows_of(paths, []), 1):
        if Box.of(shape).contains(row.header.box):
            scan.compare(row.correction())
            applied(row, scan.replayed)
        if count % _EVERY == 0:
            yield Scanned(count)
    yield Scanned(count, scan.undecided())


@dataclass(slots=True)
class _Scan:
    replayed: Replay
    strokes: list[Stamp] = field(default_factory=list)
    owner: _Numbers = field(default_factory=_Numbers)  # of each voxel: its stroke, from 1
    waits: _Numbers = field(default_factory=_Numbers)  # of each voxel: its overlap, from 1
    pairs: dict[tuple[int, int], int] = field(default_factory=dict)  # to their numbers
    found: list[_Found] = field(default_factory=list)

    def compare(self, row: Correction) -> None:
        """Take note of what a row's painter did not know, before it is applied."""
        if not self.strokes or self.strokes[-1] != row.stroke:
            self.strokes.append(row.stroke)
        number = len(self.strokes)
        now = self.replayed.overlay.read(row.box)
        unseen = row.mask & (row.before != now)
        self.waits.write(row.box, row.mask & ~unseen, 0)  # seen, and decided
        # Undone and muted rows only bring back; two hands that agree need no review.
        differs = unseen & (label_state(now) != label_state(row.after)) & (row.kind == "stroke")
        owners = self.owner.read(row.box)
        for earlier in np.unique(owners[differs]).tolist():
            if earlier and self.strokes[earlier - 1].session != row.stamp.session:
                self._note((earlier, number), row, now, differs & (owners == earlier))
        self.owner.write(row.box, row.mask, number)

    def undecided(self) -> tuple[Overlap, ...]:
        """Return the overlaps of which some voxels wait for a decision, the newest first."""
        overlaps = []
        for pair, number in self.pairs.items():
            overlap = self._overlap(pair, number)
            if overlap is not None:
                overlaps.append(overlap)
        return tuple(sorted(overlaps, key=lambda overlap: overlap.later, reverse=True))

    def _note(self, pair: tuple[int, int], row: Correction, now: Codes, where: Mask) -> None:
        number = self.pairs.setdefault(pair, len(self.pairs) + 1)
        if number > len(self.found):
            self.found.append(_Found())
        entry = self.found[number - 1]
        entry.voxels.append(np.argwhere(where).T + np.array(row.box.start)[:, None])
        entry.theirs.append(now[where])
        entry.ours.append(row.after[where])
        self.waits.write(row.box, where, number)

    def _overlap(self, pair: tuple[int, int], number: int) -> Overlap | None:
        entry = self.found[number - 1]
        points = np.concatenate(entry.voxels, axis=1)
        (z0, y0, x0), (z1, y1, x1) = points.min(axis=1).tolist(), (points.max(axis=1) + 1).tolist()
        box = Box((z0, y0, x0), (z1, y1, x1))
        at = tuple(points - np.array(box.start)[:, None])
        versions = (np.zeros(box.shape, np.uint8), np.zeros(box.shape, np.uint8))
        for version, codes in zip(versions, (entry.theirs, entry.ours), strict=True):
            version[at] = np.concatenate(codes)
        mask = np.zeros(box.shape, np.bool_)
        mask[at] = True
        mask &= self.waits.read(box) == number
        earlier, later = (self.strokes[place - 1] for place in pair)
        return Overlap(earlier, later, box, mask, versions) if mask.any() else None


def _key(cell: Box) -> Zyx:
    z, y, x = (a // edge for a, edge in zip(cell.start, CHUNK, strict=True))
    return z, y, x


def _within(cell: Box) -> tuple[slice, slice, slice]:
    z, y, x = (a - a % edge for a, edge in zip(cell.start, CHUNK, strict=True))
    return cell.shifted((-z, -y, -x)).slices
