"""From the pixels that a network was shown back to the voxels they were made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import ReadAhead
from napari_vessel.tiling import Zoom, block_of, inverse, reflection, resample, slices_of, source_of

_HALF = 0.5
_Values = NDArray[np.float32]


@dataclass(frozen=True)
class Shown:
    """One slice as a network is shown it, and where its pixels lie.

    Attributes
    ----------
    plane
        The slice's.
    context
        Its pixels, one thick; it may reach beyond the grid, mirrored there.
    pixels
        All pixels of the grid; ``voxels`` all voxels of the volume.
    zoom
        Pixels per voxel.
    """

    plane: Plane
    context: Box
    pixels: Box
    voxels: Box
    zoom: Zoom

    @classmethod
    def of(cls, read: ReadAhead, plane: Plane, index: int) -> tuple[Shown, _Values]:
        """Return the slice that shows voxel ``index`` along the normal, and its image (H, W)."""
        normal, context = plane.normal, read.context
        at = floor((index + 0.5) * read.grid.zoom[normal])
        at = min(max(at, context.start[normal]), context.stop[normal] - 1)
        shown = cls(
            plane,
            context.slice_at(plane, at),
            read.grid.pixels,
            read.grid.voxels,
            read.grid.zoom,
        )
        return shown, slices_of(read.pixels, plane)[at - context.start[normal]]

    @property
    def inside(self) -> Box:
        """The context's pixels that are not mirrored."""
        return self.context.intersection(self.pixels) or self.context

    @property
    def box(self) -> Box:
        """The voxels that the pixels are made of."""
        return source_of(self.inside, self.zoom, self.voxels)

    def mask_of(self, voxels: Box, mask: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
        """Return which pixels (H, W) of the context a mask covers by half, or else its middle one.

        Parameters
        ----------
        voxels, mask
            A box one voxel thick, and which of its voxels are meant.
        seed
            Number, in C order, of the mask's voxel whose pixel counts in any case.
        """
        flat = list(self.zoom)
        flat[self.plane.normal] = 1.0  # within the slice alone
        zoom = (flat[0], flat[1], flat[2])
        inside = self._along_normal(self.inside, voxels)
        whole = source_of(inside, zoom, self.voxels)
        placed = np.zeros(whole.shape, np.float32)
        if part := voxels.intersection(whole):
            placed[part.relative_to(whole).slices] = mask[part.relative_to(voxels).slices]
        covered = resample(placed, whole, inside, zoom, self.voxels) >= _HALF
        point = np.array(np.unravel_index(seed, mask.shape)) + voxels.start
        pixel = np.floor((point + 0.5) * zoom).astype(int) - inside.start
        covered[tuple(np.clip(pixel, 0, np.array(inside.shape) - 1))] = True
        found = np.zeros(self.context.shape, np.bool_)
        found[self.inside.relative_to(self.context).slices] = covered
        pixels: NDArray[np.bool_] = slices_of(found, self.plane)[0]
        return pixels

    def _along_normal(self, box: Box, like: Box) -> Box:
        """Return ``box`` with the extent of ``like`` along the normal."""
        start, stop, normal = list(box.start), list(box.stop), self.plane.normal
        start[normal], stop[normal] = like.start[normal], like.stop[normal]
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def share_out(self, values: _Values) -> _Values:
        """Give what adds up, by pixel (H, W), to the voxels of :attr:`box`: the sum stays.

        It is the chain rule for gradients. What mirrored pixels have goes to those they mirror.
        """
        found = block_of(values[None], self.plane).astype(np.float64)
        at, inside = self.context.relative_to(self.inside), self.inside
        for axis in range(3):
            found = _folded(found, axis, at.start[axis], inside.shape[axis])
            found = np.moveaxis(np.tensordot(self._parts(axis).T, found, axes=(1, axis)), 0, axis)
        return found.astype(np.float32)

    def scale(self, values: _Values) -> _Values:
        """Give values by pixel (H, W) to the voxels of :attr:`box`, as an image is scaled."""
        whole = block_of(values[None], self.plane)
        kept = whole[self.inside.relative_to(self.context).slices]
        return resample(kept, self.inside, self.box, inverse(self.zoom), self.inside)

    def _parts(self, axis: int) -> NDArray[np.float64]:
        """Return which part of each pixel along an axis each voxel makes, (pixels, voxels)."""
        edge = self.box.shape[axis]
        one = (1.0, 1.0)
        pixels, voxels, bounds = (
            Box((part.start[axis], 0, 0), (part.stop[axis], 1, edge))
            for part in (self.inside, self.box, self.voxels)
        )
        each = np.eye(edge, dtype=np.float32)[:, None]
        made = resample(each, voxels, pixels, (self.zoom[axis], *one), bounds)
        return made[:, 0].astype(np.float64)


def _folded(values: NDArray[np.float64], axis: int, start: int, length: int) -> NDArray[np.float64]:
    """Add what lies beyond an axis of ``length``, from ``start`` on, to what it mirrors."""
    lines = np.moveaxis(values, axis, 0)
    found = np.zeros((length, *lines.shape[1:]))
    np.add.at(found, reflection(start, start + len(lines), length), lines)
    return np.moveaxis(found, 0, axis)
