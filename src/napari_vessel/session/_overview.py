"""The mask of the whole volume, to look at: known pieces at once, the others when they are made.

Reading never waits: what is not known yet is shown as it was, or as background, and noted; a
worker makes what was noted (:meth:`Overview.make`) and says where to look again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import Overlay, box_index
from napari_vessel.geometry import Box, Zyx
from napari_vessel.project import Proposal
from napari_vessel.session._coarse_mask import coarse_mask, coarser_box
from napari_vessel.volumes import finer_box, level_factors, level_shapes

__all__ = ["Overview", "OverviewLevel"]

Bytes = NDArray[np.uint8]
_PIECE: Zyx = (64, 64, 64)  # voxels of a level that are made at once: 256 KiB
_KEPT = 1024  # pieces with vessels in memory, more than any canvas shows; others take none
_NOTED = 4096  # pieces noted at most: who scrolls through a volume wants the last ones

_Key = tuple[int, Zyx]  # level, and place in the grid of pieces


class OverviewLevel:
    """One level of an overview, as an array that cannot be written."""

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, overview: Overview, level: int, shape: Zyx) -> None:
        self.shape, self.size = shape, int(np.prod(shape, dtype=object))
        self._overview, self._level = overview, level

    def __getitem__(self, key: object) -> Bytes:
        """Return what is known of the voxels of any numpy index; note what is not."""
        index = box_index(key, self.shape)
        values: Bytes = self._overview.read(self._level, index.box)[index.within]
        return values

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        return np.asarray(self[...], dtype)


class Overview:
    """Corrections over proposal in the whole volume but ``region``, at every coarseness.

    Parameters
    ----------
    overlay
        The corrections.
    proposal
        What is in view; none: nothing is.
    threshold
        The probability that counts as vessel.
    region
        What is left out (volume voxels): there the mask itself is shown.

    Attributes
    ----------
    on_noted
        Called, on the reading thread, when there is something to make.
    """

    def __init__(
        self, overlay: Overlay, proposal: Proposal | None, threshold: float, region: Box
    ) -> None:
        shape = overlay.shape
        self.region = region
        self.factors = level_factors(shape)
        self.levels = [OverviewLevel(self, n, edges) for n, edges in enumerate(level_shapes(shape))]
        self.on_noted: Callable[[], None] = lambda: None
        self._overlay, self._proposal, self._threshold = overlay, proposal, threshold
        self._lock = RLock()
        self._pieces: OrderedDict[_Key, Bytes | None] = OrderedDict()  # None: no vessel in it
        self._stale: dict[_Key, Box] = {}  # what of a known piece to make anew, in its level
        self._noted: OrderedDict[_Key, None] = OrderedDict()  # the one asked for last comes last
        self._changes = 0

    @property
    def has_noted(self) -> bool:
        """Whether something that was looked at is still to be made."""
        return bool(self._noted)

    # -- on the thread that shows ----------------------------------------------

    def read(self, level: int, box: Box) -> Bytes:
        """Return what is known of ``box`` (voxels of ``level``) and note what is not."""
        found = np.zeros(box.shape, np.uint8)
        with self._lock:
            before = len(self._noted)
            for cell in box.cells(_PIECE):
                self._read_piece(level, cell, found[cell.relative_to(box).slices])
            news = bool(self._noted) and before == 0
        self._leave_out(level, box, found)
        if news:
            self.on_noted()
        return found

    def show(self, proposal: Proposal | None, threshold: float, region: Box) -> None:
        """Leave out another region from now on; what was in the old one is made anew."""
        whole = proposal is not self._proposal or threshold != self._threshold
        with self._lock:
            old, self.region = self.region, region
            self._proposal, self._threshold = proposal, threshold
        self.changed(None if whole else old)

    def changed(self, box: Box | None) -> None:
        """Make ``box`` (volume voxels; None: everything) anew once it is looked at."""
        box = box or Box.of(self._overlay.shape)
        with self._lock:
            self._changes += 1
            for key in self._pieces:
                place = self._place(key)
                part = coarser_box(box, self.factors[key[0]]).intersection(place)
                if part:
                    self._stale[key] = _around(self._stale.get(key), part)

    # -- on a worker's thread --------------------------------------------------

    def make(self) -> Iterator[Box]:
        """Make what was noted, the last first; yield the box (volume voxels) of each piece."""
        while (key := self._next()) is not None:
            yield self._make(key)

    def _next(self) -> _Key | None:
        with self._lock:
            return next(reversed(self._noted), None)

    def _make(self, key: _Key) -> Box:
        place, factors = self._place(key), self.factors[key[0]]
        with self._lock:
            part = self._stale.pop(key, place) if key in self._pieces else place
            known, changes = self._pieces.get(key), self._changes
        made = coarse_mask(self._overlay, self._proposal, self._threshold, part, factors)
        if part != place:
            whole = np.zeros(place.shape, np.uint8) if known is None else known.copy()
            whole[part.relative_to(place).slices] = made
            made = whole
        with self._lock:
            self._noted.pop(key, None)
            self._keep(key, made if made.any() else None)
            if changes != self._changes:  # it may be of before
                self._stale[key] = place
        return finer_box(part, factors, self._overlay.shape)

    def _keep(self, key: _Key, piece: Bytes | None) -> None:
        self._pieces[key] = piece
        self._pieces.move_to_end(key)
        filled = [k for k, p in self._pieces.items() if p is not None]
        for old in filled[: max(len(filled) - _KEPT, 0)]:
            self._pieces.pop(old)
            self._stale.pop(old, None)

    # -- pieces ----------------------------------------------------------------

    def _read_piece(self, level: int, cell: Box, into: Bytes) -> None:
        z, y, x = (a // edge for a, edge in zip(cell.start, _PIECE, strict=True))
        key = (level, (z, y, x))
        if key not in self._pieces or key in self._stale:
            self._noted[key] = None
            self._noted.move_to_end(key)
            while len(self._noted) > _NOTED:
                self._noted.popitem(last=False)
        known = self._pieces.get(key)
        if known is not None:
            self._pieces.move_to_end(key)
            into[...] = known[cell.relative_to(self._place(key)).slices]

    def _place(self, key: _Key) -> Box:
        """Return a piece's box, in voxels of its level."""
        level, grid = key
        z, y, x = (n * edge for n, edge in zip(grid, _PIECE, strict=True))
        stop = [
            min(a + edge, n)
            for a, edge, n in zip((z, y, x), _PIECE, self.levels[level].shape, strict=True)
        ]
        return Box((z, y, x), (stop[0], stop[1], stop[2]))

    def _leave_out(self, level: int, box: Box, found: Bytes) -> None:
        """Empty what the region shows itself, all of it but for voxels that reach out of it."""
        factors, region = self.factors[level], self.region
        start = [-(-a // f) for a, f in zip(region.start, factors, strict=True)]
        ends = zip(region.stop, factors, self._overlay.shape, strict=True)
        stop = [-(-b // f) if b == n else b // f for b, f, n in ends]
        if all(a < b for a, b in zip(start, stop, strict=True)):
            inner = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
            if common := inner.intersection(box):
                found[common.relative_to(box).slices] = 0


def _around(one: Box | None, other: Box) -> Box:
    if one is None:
        return other
    a, b, c = (min(p, q) for p, q in zip(one.start, other.start, strict=True))
    d, e, f = (max(p, q) for p, q in zip(one.stop, other.stop, strict=True))
    return Box((a, b, c), (d, e, f))
