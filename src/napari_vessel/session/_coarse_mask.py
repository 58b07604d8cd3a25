"""What is shown of any part of a volume, at any coarseness: exact where a person corrected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import Overlay, shown_values
from napari_vessel.geometry import Box, Zyx
from napari_vessel.project import Proposal
from napari_vessel.volumes import Store, coarsen, finer_box, level_factors, mask_of

__all__ = ["coarse_mask"]

Bytes = NDArray[np.uint8]
_PIECE: Zyx = (64, 256, 256)  # fine voxels read at once where a proposal has no coarse levels


def coarse_mask(
    overlay: Overlay, proposal: Proposal | None, threshold: float, box: Box, factors: Zyx
) -> Bytes:
    """Return the shown mask (uint8, 0 or 1) of ``box`` (voxels of ``factors`` fine ones each).

    A coarse voxel is vessel where one of its fine voxels is. Where nobody corrected it is taken
    of the proposal's own coarse levels, which may lie off by half a coarse voxel.
    """
    mask = np.zeros(box.shape, np.uint8)
    if proposal is not None:
        mask = mask_of(_probability(proposal, box, factors), threshold)
    shape = overlay.shape
    fine = finer_box(box, factors, shape)
    for touched in overlay.boxes():
        common = touched.intersection(fine)
        if common is not None:
            cells = coarser_box(common, factors)
            exact = _shown(overlay, proposal, threshold, finer_box(cells, factors, shape))
            mask[cells.relative_to(box).slices] = coarsen(exact, factors, "max")
    return mask


def coarser_box(box: Box, factors: Zyx) -> Box:
    """Return the coarse voxels that hold any voxel of ``box``."""
    z, y, x = (a // f for a, f in zip(box.start, factors, strict=True))
    stop = [-(-b // f) for b, f in zip(box.stop, factors, strict=True)]
    return Box((z, y, x), (stop[0], stop[1], stop[2]))


def _shown(overlay: Overlay, proposal: Proposal | None, threshold: float, box: Box) -> Bytes:
    mask = proposal.mask(box, threshold) if proposal else np.zeros(box.shape, np.uint8)
    shown: Bytes = shown_values(overlay.read(box), mask)
    return shown


def _probability(proposal: Proposal, box: Box, factors: Zyx) -> Bytes:
    """Return the largest probability in each voxel of ``box``; the newest proposal on top."""
    found = np.zeros(box.shape, np.uint8)
    for layer in reversed(list(proposal.layers)):
        store, corner = layer.cleaned or layer.store, layer.region.start
        if layer.complete:
            level, own = _finest_needed(store, factors)
            _lay(found, box, factors, corner, own, _reader(store, level))
            continue
        for block in layer.ledger.done:  # no coarse levels yet
            inside = block.intersection(layer.region)
            if inside and coarser_box(inside, factors).intersection(box):
                for piece in inside.cells(_PIECE):
                    read = _shifted_reader(store, piece.relative_to(layer.region))
                    _lay(found, box, factors, piece.start, (1, 1, 1), (piece.shape, read))
    return found


def _finest_needed(store: Store, factors: Zyx) -> tuple[int, Zyx]:
    """Return the coarsest level whose voxels are no larger than ``factors``, and their edges."""
    own = level_factors(store.shape)[: len(store.level_shapes)]
    fits = [all(a <= b for a, b in zip(f, factors, strict=True)) for f in own]
    level = max(index for index, ok in enumerate(fits) if ok)
    return level, own[level]


_Reader = tuple[Zyx, Callable[[Box], Bytes]]


def _reader(store: Store, level: int) -> _Reader:
    return store.level_shapes[level], lambda part: store.read("probability", part, level)


def _shifted_reader(store: Store, piece: Box) -> Callable[[Box], Bytes]:
    return lambda part: store.read("probability", part.shifted(piece.start))


def _lay(
    found: Bytes,
    box: Box,
    factors: Zyx,
    corner: Zyx,
    own: Zyx,
    source: _Reader,
) -> None:
    """Lay a grid of ``own`` fine voxels from ``corner`` on over ``found``, which is ``box``.

    Each of its voxels goes to the coarse voxel that its centre lies in; of several the largest.
    """
    shape, read = source
    firsts, starts, stops, groups = [], [], [], []
    for axis in range(3):
        centres = corner[axis] + np.arange(shape[axis]) * own[axis] + own[axis] // 2
        at = centres // factors[axis]
        used = np.flatnonzero((at >= box.start[axis]) & (at < box.stop[axis]))
        if not len(used):
            return
        at = at[used]
        groups.append(np.flatnonzero(np.diff(at, prepend=at[0] - 1)))
        firsts.append(int(at[0]) - box.start[axis])
        starts.append(int(used[0]))
        stops.append(int(used[-1]) + 1)
    values = read(Box((starts[0], starts[1], starts[2]), (stops[0], stops[1], stops[2])))
    for axis, group in enumerate(groups):
        if len(group) < values.shape[axis]:
            values = np.maximum.reduceat(values, group, axis=axis)
    z, y, x = (slice(a, a + n) for a, n in zip(firsts, values.shape, strict=True))
    found[z, y, x] = values
