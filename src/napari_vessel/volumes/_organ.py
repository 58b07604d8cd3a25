"""Where in a volume the organ lies, found at a coarse level, so that air costs nothing.

Only what is beyond doubt is left out: a volume whose sides along two axes are nearly all of one,
darker medium, with something solid in it. Anything else (a crop inside an organ, vessels that shine
in the dark) is organ everywhere. Of what is found the hull is taken and widened, so that wide
lumina that open to the outside, and vessels in the fat of a hilum, stay in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import convex_hull_image

from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._padding import measured

__all__ = ["Factors", "Organ", "find_organ"]

Mask = NDArray[np.bool_]
Factors = tuple[float, float, float]

_BORDER = 0.8  # share of the sides along two axes that is medium
_VALLEY = 0.65  # depth of the histogram between medium and tissue, of the lower peak
_SOLID = 0.85  # share of the tissue that lies in a ball of tissue …
_BALL = 0.04  # … of this radius, as a share of the slice
_CORE = 0.1  # the organ is this deep somewhere, as a share of the slice
_THICK = 16  # voxels from which on an axis has sides that count
_CRUMB = 0.005  # of the largest piece: smaller ones are dirt in the medium
# Of the edge of a slice: what the organ is widened by. Trunks that leave it, in phantoms,
# reach beyond its hull by up to 6.5 %.
_MARGIN = 0.07


@dataclass(frozen=True, eq=False)
class Organ:
    """Where a volume is organ.

    Attributes
    ----------
    mask
        bool, zyx, coarse voxels; None: everywhere.
    shape
        Of the volume, in voxels of level 0.
    factors
        Edges of a coarse voxel, in voxels of level 0.
    reason
        A sentence for a person.
    """

    mask: Mask | None
    shape: Zyx
    factors: Factors
    reason: str

    @cached_property
    def share(self) -> float:
        """Share of the volume that is organ, between 0 and 1."""
        return 1.0 if self.mask is None else float(self.mask.mean())

    @cached_property
    def digest(self) -> str:
        """Identify the region: equal organs have equal digests."""
        if self.mask is None:
            return "everywhere"
        text = repr((self.mask.shape, self.shape, self.factors)).encode()
        return sha256(text + np.packbits(self.mask).tobytes()).hexdigest()

    def touches(self, box: Box) -> bool:
        """Tell whether any voxel of ``box`` (level 0) may be organ."""
        if self.mask is None:
            return True
        spans = zip(box.start, box.stop, self.factors, self.mask.shape, strict=True)
        cut = tuple(slice(min(floor(a / f), n - 1), ceil(b / f)) for a, b, f, n in spans)
        return bool(self.mask[cut].any())

    def at(self, box: Box, factors: Factors = (1.0, 1.0, 1.0)) -> Mask:
        """Return the mask of ``box`` of a level whose voxels have edges ``factors``."""
        if self.mask is None:
            return np.ones(box.shape, np.bool_)
        axes = zip(box.start, box.stop, factors, self.factors, self.mask.shape, strict=True)
        picks = [
            np.minimum(((np.arange(a, b) + 0.5) * fine / f).astype(np.intp), n - 1)
            for a, b, fine, f, n in axes
        ]
        return self.mask[np.ix_(*picks)]


def find_organ(coarse: NDArray[Any]) -> tuple[Mask | None, str]:
    """Find the organ in a coarse image of a whole volume.

    Parameters
    ----------
    coarse
        Grey values, zyx. NaN, infinity and padding are no tissue.

    Returns
    -------
    mask, reason
        Where it lies, widened by 7 % of a slice's edge; None where it cannot be told from what is
        around, and then everything is organ.
    """
    seen = measured(coarse)
    if not seen.any():
        return None, "It has no finite voxel."
    low, high = np.percentile(coarse[seen].astype(np.float64), (0.2, 99.8))
    if not low < high or min(coarse.shape[1:]) < _THICK:
        return None, "It is too small, or all of one grey."
    shown = np.clip(np.where(seen, coarse, low), low, high)
    grey = ((shown - low) / (high - low)).astype(np.float32)
    grey = ndimage.gaussian_filter(grey, [float(n >= _THICK) for n in coarse.shape])
    threshold = float(threshold_otsu(grey))  # type: ignore[no-untyped-call]  # ships no types
    tissue = grey > threshold
    if (around := 1 - _tissue_at_sides(tissue)) < _BORDER:
        return None, f"Only {100 * around:.0f} % of its sides are dark: it seems to be a crop."
    if _valley(grey, threshold) > _VALLEY:
        return None, "Tissue and what is around it have no two distinct greys."
    if not _is_solid(tissue):
        return None, "What is bright in it is not solid as an organ is."
    return _widened(tissue), "A solid organ in a darker medium."


def _tissue_at_sides(tissue: Mask) -> float:
    """Return the share of tissue at the sides along two axes: a scan may cut the third.

    Axes of a few slices have no sides that would tell anything.
    """
    axes = [axis for axis, edge in enumerate(tissue.shape) if edge >= _THICK]
    faces = [np.take(tissue, (0, -1), axis).mean() for axis in axes]
    return float(sorted(faces)[1])


def _valley(grey: NDArray[np.float32], threshold: float) -> float:
    """Return how high the histogram stays between its two peaks, as a share of the lower one."""
    counts, edges = np.histogram(grey, 64)
    counts = ndimage.gaussian_filter1d(counts.astype(float), 1.5)
    cut = int(np.clip(np.searchsorted(edges, threshold) - 1, 1, 62))
    left, right = int(counts[:cut].argmax()), cut + int(counts[cut:].argmax())
    lower = min(counts[left], counts[right])
    return float(counts[left : right + 1].min() / lower) if lower > 0 else 1.0


def _is_solid(tissue: Mask) -> bool:
    """Tell whether nearly all tissue lies in large balls of it, and some deep inside."""
    filled = _filled(_without_crumbs(tissue, 0.02))
    edge = min(tissue.shape[1:])
    depth = np.stack([ndimage.distance_transform_edt(part) for part in filled])
    if depth.max() < _CORE * edge:
        return False
    radius = _BALL * edge
    core = depth > radius
    reached = np.stack(
        [ndimage.distance_transform_edt(~part) <= radius for part in core if part.any()]
    )
    return bool(reached.sum() >= _SOLID * filled.sum())


def _widened(tissue: Mask) -> Mask:
    """Take the hull and widen it: air too many costs a little time, a vessel too few is lost.

    The vessels of a hilum lie in fat, which is as dark as the medium, or darker; what holds
    them in is the hull of every slice, which no bay escapes.
    """
    kept = _without_crumbs(tissue, _CRUMB)
    hull = np.stack([_hull(part) if part.any() else part for part in kept])
    margin = ceil(_MARGIN * max(tissue.shape[1:]))
    grown: Mask = ndimage.distance_transform_edt(~hull) <= margin
    return grown


def _hull(part: Mask) -> Mask:
    found: Mask = convex_hull_image(part)  # type: ignore[no-untyped-call]  # ships no types
    return found


def _without_crumbs(mask: Mask, share: float) -> Mask:
    pieces, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    kept: Mask = (sizes >= share * sizes.max())[pieces] & mask
    return kept


def _filled(mask: Mask) -> Mask:
    """Fill what is enclosed within a slice."""
    return np.stack([ndimage.binary_fill_holes(part) for part in mask])
