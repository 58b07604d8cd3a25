"""Where the planes disagree, as an array to look at: read from the disk, never held as a whole."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import box_index
from napari_vessel.geometry import Box, Zyx
from napari_vessel.project import Proposal

__all__ = ["DisagreementMap"]

_PIECE: Zyx = (64, 128, 128)  # as proposals are chunked: 1 MB
_KEPT = 128  # pieces in memory: a slice of the largest region, in any plane, takes 66


class DisagreementMap:
    """Largest less smallest probability of the planes (uint8), over the region.

    Offers what a viewer's layer takes: shape, dtype, ndim, size and indexing by slices and
    integers. What nobody predicted is 0, as is what one plane alone predicted.

    Parameters
    ----------
    region
        Volume voxels.
    proposal
        What is in view; none: nothing is.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, region: Box, proposal: Proposal | None) -> None:
        self.region = region
        self.shape = region.shape
        self.size = region.size
        self._proposal = proposal
        self._pieces: OrderedDict[Box, NDArray[np.uint8]] = OrderedDict()

    @property
    def known(self) -> bool:
        """Whether there is a proposal to tell of."""
        return self._proposal is not None

    def show(self, proposal: Proposal | None) -> None:
        """Tell of another proposal from now on."""
        self._proposal = proposal
        self._pieces.clear()

    def arrived(self, block: Box) -> None:
        """Take in that ``block`` (volume voxels) of the proposal is on the disk now."""
        if self._proposal is not None:
            ledger = self._proposal.ledger
            ledger.done = ledger.done | {block}  # not changed in place: a thread may read it
        for piece in [piece for piece in self._pieces if piece.intersection(block)]:
            self._pieces.pop(piece, None)

    def __getitem__(self, key: object) -> NDArray[np.uint8]:
        """Return the voxels of any numpy index, in region voxels."""
        index = box_index(key, self.shape)
        voxels: NDArray[np.uint8] = self._read(index.box)[index.within]
        return voxels

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        return np.asarray(self[...], dtype)

    def _read(self, box: Box) -> NDArray[np.uint8]:
        found = np.zeros(box.shape, np.uint8)
        for cell in box.cells(_PIECE):
            piece = self._piece_of(cell)
            found[cell.relative_to(box).slices] = self._voxels(piece)[
                cell.relative_to(piece).slices
            ]
        return found

    def _piece_of(self, cell: Box) -> Box:
        """Return the whole piece, within the region, that holds ``cell``."""
        z, y, x = (a - a % edge for a, edge in zip(cell.start, _PIECE, strict=True))
        whole = Box((z, y, x), (z + _PIECE[0], y + _PIECE[1], x + _PIECE[2]))
        return whole.intersection(Box.of(self.shape)) or cell

    def _voxels(self, piece: Box) -> NDArray[np.uint8]:
        """Return a piece (region voxels), read once as long as it is kept."""
        place = piece.shifted(self.region.start)
        found = self._pieces.pop(place, None)
        if found is None and self._proposal is not None:
            found = self._proposal.disagreement(place)
        if found is None:
            return np.zeros(piece.shape, np.uint8)
        self._pieces[place] = found  # last: used just now
        while len(self._pieces) > _KEPT:
            self._pieces.popitem(last=False)
        return found
