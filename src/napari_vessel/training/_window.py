"""What a network sees of a place, with labels: pixels of its own grid, as in a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.inference import plane_zoom
from napari_vessel.tiling import SAME, Zoom, grid_of, read_resampled
from napari_vessel.training._reviewed import Mask, ReadImage

__all__ = ["PlaneGrid", "label_pixels"]


@dataclass(frozen=True)
class PlaneGrid:
    """The pixels of a volume that one plane's slices are made of.

    Parameters
    ----------
    plane : Plane
        The slices'.
    zoom : Zoom
        Pixels per voxel.
    shape : Zyx
        The volume's, in voxels.
    """

    plane: Plane
    zoom: Zoom
    shape: Zyx

    @classmethod
    def of(cls, plane: Plane, zoom: Zoom, shape: Zyx) -> PlaneGrid:
        """Return the grid of a plane for a network that sees a volume at ``zoom``."""
        return cls(plane, plane_zoom(zoom, plane), shape)

    @property
    def pixels(self) -> Box:
        """All pixels there are."""
        return grid_of(Box.of(self.shape), self.zoom)

    def pixel_of(self, voxel: Zyx) -> Zyx:
        """Return the pixel in which a voxel's centre lies.

        >>> PlaneGrid(Plane.XY, (0.5, 2.0, 1.0), (9, 9, 9)).pixel_of((3, 3, 3))
        (1, 7, 3)
        """
        z, y, x = (floor((v + 0.5) * f) for v, f in zip(voxel, self.zoom, strict=True))
        return z, y, x

    def voxels_of(self, pixels: Box) -> Box:
        """Return the voxels that lie in some of the pixels, at least in part."""
        start = [floor(a / f + 1e-9) for a, f in zip(pixels.start, self.zoom, strict=True)]
        stop = [
            min(ceil(b / f - 1e-9), n)
            for b, f, n in zip(pixels.stop, self.zoom, self.shape, strict=True)
        ]
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def image(self, read: ReadImage, pixels: Box) -> NDArray[np.float32]:
        """Read the image of a box of pixels."""
        return read_resampled(read, pixels, self.zoom, Box.of(self.shape))


def label_pixels(
    vessel: Mask, reviewed: Mask, voxels: Box, pixels: Box, zoom: Zoom
) -> tuple[Mask, Mask]:
    """Turn labels of voxels into labels of pixels.

    A pixel is reviewed where a reviewed voxel falls in it (its centre lies there,
    or, where pixels are finer, the pixel's in the voxel), so that a single slice
    still counts at half its size and is thick at twice. It is vessel where at least
    half of what was reviewed of it, by area, is.

    Parameters
    ----------
    vessel, reviewed : ndarray of bool, of ``voxels``' shape
        What a person said; vessel only where reviewed.
    voxels : Box
        Where, in voxels: all that lie in the pixels.
    pixels : Box
        Which pixels.
    zoom : Zoom
        Pixels per voxel.

    Returns
    -------
    vessel, reviewed : ndarray of bool, of ``pixels``' shape
    """
    if zoom == SAME:
        return vessel, reviewed
    falls = share = reviewed.astype(np.float32)
    holds = vessel.astype(np.float32)
    for axis in range(3):
        ends = pixels.start[axis], pixels.stop[axis], voxels.start[axis], voxels.stop[axis]
        if zoom[axis] == 1:
            continue
        area, inside = _overlaps(*ends, zoom[axis]), _falls(*ends, zoom[axis])
        falls, share, holds = (
            _apply(matrix, values, axis)
            for matrix, values in ((inside, falls), (area, share), (area, holds))
        )
    found: Mask = falls > 0
    return found & (holds >= share * (0.5 - 1e-5)), found


def _overlaps(start: int, stop: int, low: int, high: int, zoom: float) -> NDArray[np.float32]:
    """Return how much of each voxel lies in each pixel, (pixels, voxels)."""
    pixel, voxel = np.arange(start, stop)[:, None], np.arange(low, high)
    first, last = np.maximum(pixel / zoom, voxel), np.minimum((pixel + 1) / zoom, voxel + 1)
    overlap: NDArray[np.float32] = np.maximum(last - first, 0).astype(np.float32)
    return overlap


def _falls(start: int, stop: int, low: int, high: int, zoom: float) -> NDArray[np.float32]:
    """Return which voxel falls in which pixel, (pixels, voxels)."""
    pixel, voxel = np.arange(start, stop)[:, None], np.arange(low, high)
    if zoom < 1:
        here: Mask = np.floor((voxel + 0.5) * zoom) == pixel
    else:
        here = np.floor((pixel + 0.5) / zoom) == voxel
    return here.astype(np.float32)


def _apply(
    matrix: NDArray[np.float32], values: NDArray[np.float32], axis: int
) -> NDArray[np.float32]:
    return np.moveaxis(np.tensordot(matrix, values, (1, axis)), 0, axis)
