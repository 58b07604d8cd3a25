"""Holes filled and surfaces smoothed, of one piece of vessel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["filled", "smoothed"]

_Mask = NDArray[np.bool_]


def filled(mask: _Mask, normal: int, largest: int) -> _Mask:
    """Fill cavities, and in each slice across ``normal`` what the mask closes in.

    A network that finds a vessel's wall alone leaves its lumen open; the loop of a vessel
    that branches and joins again closes in more, and is left as it is.

    Parameters
    ----------
    mask
        zyx.
    normal
        The axis that is constant in a slice.
    largest
        Pixels of the largest hole that is filled in a slice. A cavity, which nothing
        leaves in three dimensions, is filled however large it is.
    """
    from scipy.ndimage import binary_fill_holes

    whole: _Mask = binary_fill_holes(mask)
    slices = np.moveaxis(whole, normal, 0)
    for i, each in enumerate(slices):
        slices[i] = each | _small(binary_fill_holes(each) & ~each, largest)
    return whole


def smoothed(mask: _Mask, sigma: tuple[float, float, float]) -> _Mask:
    """Blur ``mask`` and cut it where it keeps its volume: a thin vessel does not vanish.

    Parameters
    ----------
    mask
        zyx, with room around it: nothing goes on beyond its faces.
    sigma
        Of the Gaussian, in voxels along each axis.
    """
    from scipy.ndimage import gaussian_filter

    volume = int(np.count_nonzero(mask))
    blurred = gaussian_filter(mask.astype(np.float32), sigma, mode="constant")
    # Of voxels that are equally likely, those that were vessel stay.
    order = np.lexsort((~mask.ravel(), -blurred.ravel()))
    smooth = np.zeros(mask.size, np.bool_)
    smooth[order[:volume]] = True
    return smooth.reshape(mask.shape)


def _small(holes: _Mask, largest: int) -> _Mask:
    from scipy.ndimage import label

    labels, _ = label(holes)
    sizes = np.bincount(labels.ravel())
    sizes[0] = largest + 1  # what is no hole
    small: _Mask = sizes[labels] <= largest
    return small
