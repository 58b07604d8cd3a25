"""What a slice shows to the vessel brush, and where the region is reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import UNTOUCHED, Corrections
from napari_vessel.annotation import box_index as indexed
from napari_vessel.geometry import Box, Plane, Zyx

if TYPE_CHECKING:
    from napari_vessel.session._workspace import Workspace

__all__ = ["ReviewedMap", "SeenSlice", "Stamp", "seen_slice"]

_BLUR = 0.7  # pixels: one grain of noise is no edge


@dataclass(frozen=True, slots=True, eq=False)
class SeenSlice:
    """Brightness of one slice of the region, 0 to 1 within the volume's window.

    ``index`` is in region voxels, ``region`` in volume voxels.
    """

    region: Box
    plane: Plane
    index: int
    intensity: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A disc of a brush on a slice: where it lies, cut at the slice's edges."""

    rows: slice
    columns: slice
    disc: NDArray[np.bool_]

    @classmethod
    def at(cls, centre: tuple[int, int], diameter: int, shape: tuple[int, int]) -> Stamp | None:
        """Return a disc as napari's brush covers it; None where it lies beside the slice."""
        radius = diameter // 2
        spans = [
            np.arange(max(0, c - radius), min(n, c + radius + 1))
            for c, n in zip(centre, shape, strict=True)
        ]
        if not all(len(span) for span in spans):
            return None
        rows, columns = np.ix_(spans[0] - centre[0], spans[1] - centre[1])
        first, second = (slice(int(span[0]), int(span[-1]) + 1) for span in spans)
        return cls(first, second, rows**2 + columns**2 <= (radius + 0.5) ** 2)


def seen_slice(work: Workspace, plane: Plane, index: int) -> SeenSlice:
    """Read a slice of what is open; on a worker's thread."""
    from scipy.ndimage import gaussian_filter

    region, opened = work.region, work.opened
    box = region.slice_at(plane, index + region.start[plane.normal])
    bright = opened.window.apply(opened.volume.read(box)).squeeze(plane.normal)
    return SeenSlice(region, plane, index, gaussian_filter(bright, _BLUR))


class ReviewedMap:
    """Where the region is reviewed, 1 or 0, as an array with a margin of one voxel around it.

    The margin is never reviewed: so an outline is closed at the region's faces too.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, corrections: Corrections, region: Box) -> None:
        self.region = region
        self._corrections = corrections
        z, y, x = (edge + 2 for edge in region.shape)
        self.shape: Zyx = (z, y, x)
        self.size = z * y * x

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:  # noqa: ANN401  as numpy's
        index = indexed(key, self.shape)
        reviewed = np.zeros(index.box.shape, np.uint8)
        inside = index.box.intersection(Box.of(self.region.shape).shifted((1, 1, 1)))
        if inside is not None:
            z, y, x = self.region.start
            codes = self._corrections.overlay.read(inside.shifted((z - 1, y - 1, x - 1)))
            reviewed[inside.relative_to(index.box).slices] = codes != UNTOUCHED
        found: NDArray[np.uint8] = reviewed[index.within]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: ANN401
        return self[...].astype(dtype or self.dtype, copy=bool(copy))
