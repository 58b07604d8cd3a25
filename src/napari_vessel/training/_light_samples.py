"""Corrected slices as a light update learns from them: whole, as a prediction sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, Levels, Spill, seen_of
from napari_vessel.tiling import slices_of
from napari_vessel.training._light import LightSample
from napari_vessel.training._light_config import LightConfig
from napari_vessel.training._reviewed import Mask, Reviewed, reviewed_in, vessel_in
from napari_vessel.training._split import Split
from napari_vessel.training._window import PlaneGrid, label_pixels

__all__ = ["CorrectedSlices", "corrected_near"]

_ENOUGH = 0.1  # of what the accepted slice holds: a row of another plane's slice is no slice


@dataclass(frozen=True)
class CorrectedSlices:
    """What of the corrections near a slice is learned from.

    Parameters
    ----------
    overlay
        Corrections.
    split
        What may be learned from: labels that are judged by never are, nor what is near them.
    levels
        Reads voxels as the network wants them.
    inference
        As the slices will be predicted: one plane, its zoom and tiles.
    """

    overlay: Reviewed
    split: Split
    levels: Levels
    inference: InferenceConfig

    def samples(self, box: Box, *, newest: bool) -> Iterator[LightSample]:
        """Yield the tiles of a slice (volume voxels) that hold anything to learn from.

        With the context that a prediction of ``box`` shows the network, and labels there, too.
        """
        (plane,) = self.inference.planes_for(self.overlay.shape)
        bounds = Box.of(self.overlay.shape)
        seen = seen_of(plane, (box, bounds), (plane,), self.inference)
        images = slices_of(seen.read(self.levels, Spill()), plane)
        labels = self._labels(seen.context, plane)
        tiler = seen.tiler
        for image, target, reviewed in zip(images, *labels, strict=True):
            for number in range(len(tiler.windows)):
                free = _blank_cut(reviewed, tiler.windows[number], tiler.tile_shape)
                if free.any():
                    yield LightSample(
                        np.ascontiguousarray(tiler.tile(image, number), np.float32),
                        _blank_cut(target, tiler.windows[number], tiler.tile_shape),
                        free,
                        newest,
                    )

    def _labels(self, context: Box, plane: Plane) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where pixels of the context are vessel, and reviewed; never beyond the volume."""
        grid = PlaneGrid.of(plane, self.inference.zoom_for(), self.overlay.shape)
        inside = context.intersection(grid.pixels) or context
        voxels = grid.voxels_of(inside)
        codes = self.overlay.read(voxels)
        free = reviewed_in(codes) & self.split.trainable(voxels)
        found = label_pixels(vessel_in(codes) & free, free, voxels, inside, grid.zoom)
        at = inside.relative_to(context).slices
        whole = [np.zeros(context.shape, np.bool_) for _ in found]
        for blank, mask in zip(whole, found, strict=True):
            blank[at] = mask
        vessel, reviewed = (slices_of(mask, plane) for mask in whole)
        return vessel & reviewed, reviewed


def corrected_near(
    overlay: Reviewed, area: Box, plane: Plane, index: int, config: LightConfig
) -> list[int]:
    """Return slices near ``index`` that hold many reviewed voxels, the nearest first.

    Parameters
    ----------
    overlay
        Corrections.
    area
        What of the slices counts, in volume voxels.
    plane, index
        The slice that was accepted last; it comes first where anything of it is reviewed.
    config
        ``slices`` and ``reach``.
    """
    normal = plane.normal
    first = max(index - config.reach, area.start[normal])
    counts = np.zeros(min(index + config.reach + 1, area.stop[normal]) - first, np.int64)
    for box in overlay.boxes():
        part = box.intersection(area)
        if part is None:
            continue
        held = _count(overlay, part, normal)
        for offset, count in enumerate(held, part.start[normal] - first):
            if 0 <= offset < len(counts):
                counts[offset] += count
    least = max(_ENOUGH * counts[index - first], 1)
    found = [int(n) + first for n in np.flatnonzero(counts >= least)]
    return sorted(found, key=lambda n: (abs(n - index), n))[: config.slices]


def _count(overlay: Reviewed, box: Box, normal: int) -> list[int]:
    others = tuple(axis for axis in range(3) if axis != normal)
    counts: list[int] = reviewed_in(overlay.read(box)).sum(axis=others).tolist()
    return counts


def _blank_cut(
    mask: Mask, window: tuple[slice, slice], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Cut a tile of a mask, zero beyond it."""
    tile = np.zeros(shape, np.float32)
    part = mask[window]
    tile[: part.shape[0], : part.shape[1]] = part
    return tile
