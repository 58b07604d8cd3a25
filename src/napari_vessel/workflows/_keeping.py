"""Bring a block's prediction to the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from napari_vessel.geometry import Box, Zyx
from napari_vessel.inference import BlockPrediction, Spill

if TYPE_CHECKING:
    from napari_vessel.workflows._blocks import BlockRun

__all__ = ["Halted", "keep"]


class Halted(Exception):  # noqa: N818  no fault: what a thread ends with when told to
    """The prediction was stopped: what a thread was about is not wanted any more."""


def _never() -> bool:
    return False


def keep(
    run: BlockRun,
    prediction: BlockPrediction,
    spill: Spill | None = None,
    halted: Callable[[], bool] = _never,
) -> None:
    """Write the prediction of a block, or of its part, and bring it to the disk.

    In layers of whole chunks, which no other block shares; the organ's voxels alone, and 0
    around a part. A ledger can say so when this returns.

    Raises
    ------
    WriteError
        The disk refuses.
    Halted
        ``halted`` said so between two layers.
    """
    arrays = {"probability": prediction.probability, "disagreement": prediction.disagreement}
    arrays |= {plane.value: voxels for plane, voxels in prediction.planes.items()}
    kept = [name for name in run.store.arrays if name in arrays]
    whole = _whole_units(prediction.box, run.region, run.store.unit)
    for layer in _layers(whole, run.region, run.store.unit[0]):
        for name in kept:
            if halted():
                raise Halted
            voxels = _within(layer, prediction.box, arrays[name])
            voxels[~run.organ.at(layer)] = 0
            run.store.write(name, layer.relative_to(run.region), voxels)
        if spill:
            spill.rest()
    for name in kept:
        run.store.sync(name, whole.relative_to(run.region))


def _whole_units(box: Box, region: Box, unit: Zyx) -> Box:
    """Return the least box of whole units of a region that holds a box."""
    axes = list(zip(box.start, box.stop, region.start, region.stop, unit, strict=True))
    z, y, x = (a - (a - origin) % n for a, _, origin, _, n in axes)
    d, e, f = (min(b + (origin - b) % n, end) for _, b, origin, end, n in axes)
    return Box((z, y, x), (d, e, f))


def _layers(box: Box, region: Box, thick: int) -> Iterator[Box]:
    """Cut a box of whole units along z where the units end."""
    for z in range(box.start[0], box.stop[0], thick):
        yield Box((z, *box.start[1:]), (min(z + thick, region.stop[0]), *box.stop[1:]))


def _within(layer: Box, box: Box, voxels: np.ndarray) -> np.ndarray:
    """Return the voxels of a layer: those of a box where they are in it, else 0."""
    found = np.zeros(layer.shape, np.uint8)
    part = layer.intersection(box)
    if part:
        found[part.relative_to(layer).slices] = voxels[part.relative_to(box).slices]
    return found
