"""The array a labels layer holds: corrections over the proposal, within a region."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from napari_vessel.annotation._corrections import Corrections
from napari_vessel.annotation._indexing import BoxIndex, box_index
from napari_vessel.annotation._overlay import CHUNK
from napari_vessel.annotation._state import Codes, shown_values, vessel_mask
from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box, Plane, Zyx

Proposal = Callable[[Box], NDArray[np.generic]]

CACHE_BYTES = 512 * 2**20
_TOGETHER = 256  # chunks: 64 MB are asked of the proposal at once at most
_SCATTERED = 2**22  # voxels: coordinates spanning more are read chunk by chunk


class EditableLabels:
    """What is shown in a region, 1 vessel and 0 not, as an array that can be written.

    Indices are in region voxels. A read returns a copy. A write through
    ``array[...] = values`` is an import: the voxels whose shown value changes
    become corrections, in one undo step; a brush should call :meth:`paint`,
    which alone knows what it covered.

    Parameters
    ----------
    corrections
        Where writes go.
    region
        The box of the volume that this array covers, in volume voxels.
    proposal
        Gives the network's mask of a box in volume voxels (≠ 0 is vessel), or
        None where nothing was proposed.
    cache_bytes
        Memory for shown chunks; they are derived, so the oldest are dropped.

    Raises
    ------
    LabelsError
        If ``region`` leaves the volume.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(
        self,
        corrections: Corrections,
        region: Box,
        proposal: Proposal | None = None,
        *,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        if not Box.of(corrections.shape).contains(region):
            raise LabelsError(f"Region {region} leaves the volume of {corrections.shape} voxels.")
        self.corrections = corrections
        self.region = region
        self._proposal = proposal
        self._most = max(cache_bytes // int(np.prod(CHUNK)), 1)
        self._chunks: OrderedDict[Zyx, tuple[Box, Codes]] = OrderedDict()
        self._lock = threading.RLock()  # napari may slice on a thread of its own

    @property
    def shape(self) -> Zyx:
        """Edges of the region, in voxels."""
        return self.region.shape

    @property
    def size(self) -> int:
        """The number of voxels of the region."""
        return self.region.size

    @property
    def nbytes(self) -> int:
        """Bytes of the whole region, were it read at once."""
        return self.size

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.generic]:
        if copy is False:
            raise ValueError("Shown labels are put together when read: they cannot but be copied.")
        return self[...].astype(dtype or self.dtype, copy=False)

    def __getitem__(self, key: object) -> Codes:
        index = box_index(key, self.shape)
        if index.points is None or index.box.size <= _SCATTERED:
            values: Codes = self.read(index.box)[index.within]
            return values
        values = np.zeros(index.points[0].shape, np.uint8)
        for box, chosen, within in _by_chunk(index.points):
            values[chosen] = self.read(box)[within]
        return values

    def __setitem__(self, key: object, value: ArrayLike) -> None:
        index = box_index(key, self.shape)
        vessel = vessel_mask(np.asarray(value))
        if index.points is None or index.box.size <= _SCATTERED:
            self._import(index, vessel)
            return
        vessel = np.broadcast_to(vessel, index.points[0].shape)
        with self.corrections.stroke("script"):
            for box, chosen, within in _by_chunk(index.points):
                self._import(BoxIndex(box, within, None), vessel[chosen])

    def read(self, box: Box) -> Codes:
        """Return what is shown in ``box`` (region voxels, inside the region), as a copy."""
        with self._lock:
            values = np.zeros(box.shape, np.uint8)
            cells = list(box.shifted(self.region.start).cells(CHUNK))
            for start in range(0, len(cells), _TOGETHER):
                some = cells[start : start + _TOGETHER]
                self._materialise([_key(cell) for cell in some])
                for cell in some:
                    held, chunk = self._chunks[_key(cell)]
                    at = cell.relative_to(self.region).relative_to(box).slices
                    values[at] = chunk[cell.relative_to(held).slices]
                self._drop_oldest()
            return values

    def paint(
        self,
        box: Box,
        mask: NDArray[np.bool_],
        value: int,
        tool: str = "paint",
        plane: Plane | None = None,
    ) -> Box | None:
        """Paint what a brush covered; as :meth:`Corrections.paint`, in region voxels.

        Returns
        -------
        Box or None
            What may look different now, in region voxels.
        """
        with self._lock:
            inside = box.intersection(Box.of(self.shape))
            if inside is None:
                return None
            if np.shape(mask) == box.shape:
                mask = np.asarray(mask, np.bool_)[inside.relative_to(box).slices]
                box = inside
            painted = self.corrections.paint(
                box.shifted(self.region.start), mask, value, tool=tool, plane=plane
            )
            if painted is None:
                return None
            self._show(painted, mask, np.array(value != 0, np.uint8))
            return inside

    def set_proposal(self, proposal: Proposal | None) -> None:
        """Show corrections over another proposal; no correction changes."""
        with self._lock:
            self._proposal = proposal
            self._chunks.clear()

    def invalidate(self, box: Box | None = None) -> None:
        """Forget what was shown in ``box``, in **volume** voxels; None is everywhere.

        To be called where the proposal changed, and with what an undo returned.
        """
        with self._lock:
            if box is None:
                self._chunks.clear()
                return
            inside = box.intersection(self.region)
            for cell in inside.cells(CHUNK) if inside is not None else ():
                self._chunks.pop(_key(cell), None)

    def _import(self, index: BoxIndex, vessel: NDArray[np.bool_]) -> None:
        with self._lock:
            old = self.read(index.box)
            new = old.copy()
            new[index.within] = vessel
            changed = new != old
            if changed.any():
                box = index.box.shifted(self.region.start)
                self.corrections.import_labels(box, new, changed, tool="script")
                self._show(box, changed, new)

    def _show(self, box: Box, mask: NDArray[np.bool_], values: Codes) -> None:
        """Write into the chunks in memory; the others are put together when read."""
        values = np.broadcast_to(values, box.shape)
        for cell in box.cells(CHUNK):
            held = self._chunks.get(_key(cell))
            if held is not None:
                at = cell.relative_to(box).slices
                chunk = held[1][cell.relative_to(held[0]).slices]
                np.copyto(chunk, values[at], where=mask[at])

    def _materialise(self, keys: list[Zyx]) -> None:
        missing = [key for key in keys if key not in self._chunks]
        for key in keys:
            if key in self._chunks:
                self._chunks.move_to_end(key)
        if not missing:
            return
        hull = self._hull(missing)
        if sum(1 for _ in hull.cells(CHUNK)) == len(missing):
            self._put(hull, self._shown(hull))
            return
        for key in missing:
            box = self._hull([key])
            self._put(box, self._shown(box))

    def _shown(self, box: Box) -> Codes:
        proposal = None if self._proposal is None else self._proposal(box)
        return shown_values(self.corrections.overlay.read(box), proposal)

    def _put(self, box: Box, values: Codes) -> None:
        for cell in box.cells(CHUNK):
            chunk = values[cell.relative_to(box).slices]
            self._chunks[_key(cell)] = cell, chunk.copy()

    def _hull(self, keys: list[Zyx]) -> Box:
        """Return the box of the region that whole chunks ``keys`` span."""
        low, high = np.min(keys, axis=0) * CHUNK, (np.max(keys, axis=0) + 1) * CHUNK
        z0, y0, x0 = (int(a) for a in np.maximum(low, self.region.start))
        z1, y1, x1 = (int(b) for b in np.minimum(high, self.region.stop))
        return Box((z0, y0, x0), (z1, y1, x1))

    def _drop_oldest(self) -> None:
        while len(self._chunks) > self._most:
            self._chunks.popitem(last=False)


_Points = tuple[NDArray[np.intp], ...]


def _by_chunk(points: _Points) -> Iterator[tuple[Box, tuple[NDArray[np.intp], ...], _Points]]:
    """Group coordinates by chunk: the chunk's tight box, which points, and where in it."""
    keys = np.stack([p // edge for p, edge in zip(points, CHUNK, strict=True)]).reshape(3, -1)
    _, group = np.unique(keys, axis=1, return_inverse=True)
    order = np.argsort(group, kind="stable")  # stable: of equal points the last wins, as in numpy
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        chosen = np.unravel_index(members, points[0].shape)
        at = [p[chosen] for p in points]
        z0, y0, x0 = (int(p.min()) for p in at)
        z1, y1, x1 = (int(p.max()) + 1 for p in at)
        box = Box((z0, y0, x0), (z1, y1, x1))
        within = tuple(p - start for p, start in zip(at, box.start, strict=True))
        yield box, chosen, within


def _key(cell: Box) -> Zyx:
    z, y, x = (a // edge for a, edge in zip(cell.start, CHUNK, strict=True))
    return z, y, x
