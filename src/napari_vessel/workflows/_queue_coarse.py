"""Which cells of a very large proposal are worth reading, by a coarse level of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_vessel.annotation import QueueConfig, wrong_table
from napari_vessel.geometry import Box
from napari_vessel.project import Proposal


def promising(
    proposal: Proposal, cells: Sequence[Box], most: int, threshold: float, config: QueueConfig
) -> list[Box]:
    """Return the cells that hold something of the proposal; at most ``most`` of them.

    Of more, those whose coarsest fitting level promises the most errors are taken. A proposal
    that is not complete has no coarse levels; then they are taken in the order they come in.
    """
    held = [cell for cell in cells if any(_reaches(layer, cell) for layer in proposal.layers)]
    if len(held) <= most or not proposal.complete:
        return held[:most]
    table = wrong_table(threshold, config)
    promise = [_promise(proposal, cell, table) for cell in held]
    best = np.argsort(promise, kind="stable")[::-1][:most]
    return [held[at] for at in best.tolist() if promise[at] > 0]


def _reaches(layer: Proposal, cell: Box) -> bool:
    if not layer.region.intersection(cell):
        return False
    return layer.complete or any(block.intersection(cell) for block in layer.ledger.done)


def _promise(proposal: Proposal, cell: Box, table: np.ndarray) -> float:
    """Return what a cell promises per voxel, by a level at which it is a few voxels wide."""
    store = proposal.store
    common = cell.intersection(proposal.region)
    if common is None:
        return 0.0
    place = common.relative_to(proposal.region)
    level = _level_of(store.level_shapes, place)
    shape, finest = store.level_shapes[level], store.shape
    start = [a * n // f for a, n, f in zip(place.start, shape, finest, strict=True)]
    stop = [
        max(-(-b * n // f), a + 1)
        for a, b, n, f in zip(start, place.stop, shape, finest, strict=True)
    ]
    start = [min(a, n - 1) for a, n in zip(start, shape, strict=True)]
    stop = [min(b, n) for b, n in zip(stop, shape, strict=True)]
    box = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
    at = store.read("probability", box, level).astype(np.uint16) << 8
    return float(table[at | store.read("disagreement", box, level)].sum()) * common.size / box.size


def _level_of(shapes: Sequence[tuple[int, int, int]], place: Box) -> int:
    """Return the coarsest level at which a cell is at least eight voxels wide."""
    fitting = 0
    for level, shape in enumerate(shapes):
        widths = [
            (b - a) * n / f
            for a, b, n, f in zip(place.start, place.stop, shape, shapes[0], strict=True)
        ]
        if max(widths) >= 8:
            fitting = level
    return fitting
