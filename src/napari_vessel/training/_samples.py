"""Batches of patches, drawn from what was reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.tiling import SAME, Zoom, cut_reflected, slices_of
from napari_vessel.training._config import TrainingConfig
from napari_vessel.training._emphasis import Kind
from napari_vessel.training._index import ReviewedIndex
from napari_vessel.training._reviewed import Mask, ReadImage, Reviewed, reviewed_in, vessel_in
from napari_vessel.training._window import PlaneGrid, label_pixels

__all__ = ["Batch", "PatchSampler"]


class Batch(NamedTuple):
    """Patches, each an array (n, 1, patch, patch).

    Parameters
    ----------
    image
        float32 in [0, 1].
    target
        float32, 1 where vessel; of no meaning where not reviewed.
    reviewed
        float32, 1 where the loss may see the target, else 0.
    """

    image: NDArray[np.float32]
    target: NDArray[np.float32]
    reviewed: NDArray[np.float32]


class PatchSampler:
    """An epoch of batches each time it is iterated, every epoch a new draw.

    Every patch is drawn around a voxel that may be learned from: none is drawn and
    thrown away. What lies beyond the volume is mirrored in the image and not
    reviewed in the labels; validation cells and their guard are shown as image
    and are not reviewed, in any plane.

    Parameters
    ----------
    index
        Where to draw.
    overlay
        Corrections.
    read
        Reads windowed voxels of a box inside the volume.
    config
        ``batch``, ``patch``, ``planes``, ``vessel_share``, ``newest_share``, ``old_share``,
        ``hard_share``, ``steps_per_epoch`` and ``seed``.
    rng
        Random numbers; by default those of the config's seed.
    zoom
        Pixels per voxel that the network sees, as in a prediction: see :func:`plane_zoom`.
    """

    def __init__(
        self,
        index: ReviewedIndex,
        overlay: Reviewed,
        read: ReadImage,
        config: TrainingConfig,
        rng: np.random.Generator | None = None,
        zoom: Zoom = SAME,
    ) -> None:
        self._index, self._overlay, self._read, self._config = index, overlay, read, config
        self._rng = np.random.default_rng(config.seed) if rng is None else rng
        self._zoom = zoom

    def __iter__(self) -> Iterator[Batch]:
        for _ in range(self._config.steps_per_epoch):
            yield self.batch()

    def __len__(self) -> int:
        return self._config.steps_per_epoch

    def close(self) -> None:
        """End; there is nothing to end here, but some samplers have helpers."""

    def batch(self, size: int | None = None) -> Batch:
        """Draw a batch (of ``config.batch``): its share of vessel first, then background."""
        size = self._config.batch if size is None else size
        # A share of 0.6 of 8 is 4.8: five vessel patches four times out of five.
        quota = int(self._config.vessel_share * size + self._rng.random())
        patches = [self._patch(vessel=number < quota) for number in range(size)]
        image, target, reviewed = (
            np.stack(arrays)[:, None] for arrays in zip(*patches, strict=True)
        )
        return Batch(image, target, reviewed)

    def _patch(self, *, vessel: bool) -> tuple[NDArray[np.float32], ...]:
        place, plane = self._index.draw(
            self._rng, vessel=vessel, planes=self._config.planes, kind=self._kind()
        )
        return self._cut(place, plane)

    def _kind(self) -> Kind:
        """Draw what a patch is centred on, by the shares of those kinds that there are."""
        kinds, config = self._index.kinds, self._config
        wished: tuple[tuple[Kind, float], ...] = (("hard", config.hard_share),)
        if {"newest", "old"} <= kinds:  # else all there is, is of one age
            wished += (("newest", config.newest_share), ("old", config.old_share))
        shares = [(kind, share) for kind, share in wished if kind in kinds]
        if not shares:
            return "any"
        at = self._rng.random()
        for kind, share in shares:
            at -= share
            if at < 0:
                return kind
        return "any"

    def _cut(self, place: Zyx, plane: Plane) -> tuple[NDArray[np.float32], ...]:
        """Cut the image, the target and what is reviewed around a voxel, (p, p) each."""
        grid = PlaneGrid.of(plane, self._zoom, self._overlay.shape)
        pixel, whole = grid.pixel_of(place), grid.pixels
        rows, columns = (self._start(pixel[a], whole.shape[a]) for a in (plane.rows, plane.columns))
        wished = _square(pixel, plane, (rows, columns), self._config.patch)
        box = wished.intersection(whole) or wished
        window = wished.relative_to(box)
        first, last = ((at[plane.rows], at[plane.columns]) for at in (window.start, window.stop))
        image = cut_reflected(slices_of(grid.image(self._read, box), plane)[0], first, last)
        target, reviewed = (
            _cut_blank(slices_of(mask, plane)[0], first, last) for mask in self._labels(grid, box)
        )
        return np.ascontiguousarray(image, np.float32), target * reviewed, reviewed

    def _labels(self, grid: PlaneGrid, box: Box) -> tuple[Mask, Mask]:
        """Return where the pixels of a box are vessel, and where they may be learned from."""
        voxels = grid.voxels_of(box)
        codes = self._overlay.read(voxels)
        free = reviewed_in(codes) & self._index.split.trainable(voxels)
        return label_pixels(vessel_in(codes) & free, free, voxels, box, grid.zoom)

    def _start(self, pixel: int, length: int) -> int:
        """Draw where the patch starts on an axis: around the pixel, inside where it fits."""
        patch = self._config.patch
        start = pixel - patch // 2 + int(self._rng.integers(-patch // 4, patch // 4 + 1))
        if length <= patch:
            return (length - patch) // 2
        return min(max(start, 0), length - patch)


def _square(pixel: Zyx, plane: Plane, starts: tuple[int, int], edge: int) -> Box:
    """Return the square of pixels of a slice that starts there."""
    start, stop = list(pixel), [p + 1 for p in pixel]
    for axis, at in zip((plane.rows, plane.columns), starts, strict=True):
        start[axis], stop[axis] = at, at + edge
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _cut_blank(
    mask: NDArray[Any], first: tuple[int, ...], last: tuple[int, ...]
) -> NDArray[np.float32]:
    """Cut a window that may reach beyond a mask, zero there."""
    before = [max(-a, 0) for a in first]
    after = [max(b - n, 0) for b, n in zip(last, mask.shape, strict=True)]
    padded = np.pad(mask, list(zip(before, after, strict=True)))
    return padded.astype(np.float32)
