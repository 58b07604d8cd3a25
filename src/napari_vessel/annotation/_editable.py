"""The array a labels layer holds: corrections over the proposal, within a region."""

from __future__ import annotations

import threading
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
        None where nothing was proposed. Asked at every read, so that nothing
        shown can be stale; it should be in memory.

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
    ) -> None:
        if not Box.of(corrections.shape).contains(region):
            raise LabelsError(f"Region {region} leaves the volume of {corrections.shape} voxels.")
        self.corrections = corrections
        self.region = region
        self._proposal = proposal
        self._lock = threading.RLock()  # a write from elsewhere reads what is shown first

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
        at = box.shifted(self.region.start)
        proposal = None if self._proposal is None else self._proposal(at)
        return shown_values(self.corrections.overlay.read(at), proposal)

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
            return None if painted is None else inside

    def _import(self, index: BoxIndex, vessel: NDArray[np.bool_]) -> None:
        with self._lock:
            old = self.read(index.box)
            new = old.copy()
            new[index.within] = vessel
            changed = new != old
            if changed.any():
                box = index.box.shifted(self.region.start)
                self.corrections.import_labels(box, new, changed, tool="script")


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
