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

__all__ = ["ReviewedMap", "SeenSlice", "Stamp", "seen_slice", "slab_of"]

_BLUR = 0.7  # shorter edges of a pixel: one grain of noise is no edge


@dataclass(frozen=True, slots=True, eq=False)
class SeenSlice:
    """Brightness of a slice of the region and of some beside it, 0 to 1 within the window.

    ``index`` and ``first`` (of what was read) are in region voxels, ``region`` in volume voxels;
    ``intensity`` is (slices, rows, columns) of the plane, and so are ``edges_um`` of a voxel.
    """

    region: Box
    plane: Plane
    index: int
    depth: int
    first: int
    intensity: NDArray[np.float32]
    edges_um: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A ball of a brush on some slices: where it lies, cut at the edges of the region.

    ``ball`` is (slices, rows, columns); ``core`` the inner half of its disc in the middle slice.
    """

    rows: slice
    columns: slice
    ball: NDArray[np.bool_]
    core: NDArray[np.bool_]

    @classmethod
    def at(cls, seen: SeenSlice, centre: tuple[int, int], diameter: int) -> Stamp | None:
        """Return what a brush covers, in its slice as napari's; None beside the region.

        It is round in micrometres, as on screen; its diameter counts the shorter pixel edge.
        """
        radius, count, shape = diameter // 2, len(seen.intensity), seen.intensity.shape[1:]
        across, *edges = (um / min(seen.edges_um[1:]) for um in seen.edges_um)
        slices = across * (np.arange(count) - (seen.index - seen.first))[:, None, None]
        spans = [
            np.arange(max(0, c - int(radius / edge)), min(n, c + int(radius / edge) + 1))
            for c, n, edge in zip(centre, shape, edges, strict=True)
        ]
        if not all(len(span) for span in spans):
            return None
        rows, columns = np.ix_(*(e * (s - c) for e, s, c in zip(edges, spans, centre, strict=True)))
        first, second = (slice(int(span[0]), int(span[-1]) + 1) for span in spans)
        flat = rows**2 + columns**2
        core = (slices == 0) & (flat <= (radius / 2 + 0.5) ** 2)
        return cls(first, second, slices**2 + flat <= (radius + 0.5) ** 2, core)


def seen_slice(work: Workspace, plane: Plane, index: int, depth: int) -> SeenSlice:
    """Read a slice of what is open, and ``depth`` before and behind; on a worker's thread."""
    from scipy.ndimage import gaussian_filter

    region, opened = work.region, work.opened
    box = slab_of(region, plane, index, depth)
    bright = np.moveaxis(opened.window.apply(opened.volume.read(box)), plane.normal, 0)
    first = box.start[plane.normal] - region.start[plane.normal]
    size = opened.volume.voxel_size.zyx
    across, rows, columns = (size[axis] for axis in (plane.normal, plane.rows, plane.columns))
    shorter = _BLUR * min(rows, columns)
    smooth = gaussian_filter(bright, (0, shorter / rows, shorter / columns))
    return SeenSlice(region, plane, index, depth, first, smooth, (across, rows, columns))


def slab_of(region: Box, plane: Plane, index: int, depth: int) -> Box:
    """Return slice ``index`` (region voxels) and ``depth`` before and behind, in volume voxels."""
    halo = [0, 0, 0]
    halo[plane.normal] = depth
    at = region.slice_at(plane, index + region.start[plane.normal])
    return at.expanded((halo[0], halo[1], halo[2])).intersection(region) or at


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
