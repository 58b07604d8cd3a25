"""What lies between two outlines of a vessel: signed distances, moved along its course."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["interpolated"]

_Mask = NDArray[np.bool_]
_Field = NDArray[np.float64]


def interpolated(
    first: _Mask, last: _Mask, count: int, pixel_um: tuple[float, float] = (1.0, 1.0)
) -> _Mask:
    """Return ``count`` slices that lead from the outline ``first`` to ``last``, both left out.

    The signed distances of both are mixed in proportion, each moved so that the centres
    lie on a straight line: an oblique vessel, whose outlines do not overlap, stays one.

    Parameters
    ----------
    first, last
        Masks of one 2-D shape, neither empty.
    count
        How many slices lie between them.
    pixel_um
        Edges of a pixel, in µm.

    Returns
    -------
    NDArray[np.bool_]
        ``(count, rows, columns)``.
    """
    fields = _signed(first, pixel_um), _signed(last, pixel_um)
    centres = np.argwhere(first).mean(axis=0), np.argwhere(last).mean(axis=0)
    slices = np.zeros((count, *first.shape), np.bool_)
    for i in range(count):
        share = (i + 1) / (count + 1)
        centre = (1 - share) * centres[0] + share * centres[1]
        one, other = (
            _moved(field, centre - own) for field, own in zip(fields, centres, strict=True)
        )
        slices[i] = (1 - share) * one + share * other > 0
    return slices


def _signed(mask: _Mask, pixel_um: tuple[float, float]) -> _Field:
    """Return the distance to the outline in µm, positive inside; half a pixel at least."""
    from scipy.ndimage import distance_transform_edt

    half = min(pixel_um) / 2
    padded = np.pad(mask, 1)
    inside = distance_transform_edt(padded, sampling=pixel_um) - half
    outside = distance_transform_edt(~padded, sampling=pixel_um) - half
    field: _Field = np.where(padded, inside, -outside)[1:-1, 1:-1]
    return field


def _moved(field: _Field, by: NDArray[np.float64]) -> _Field:
    from scipy.ndimage import shift

    moved: _Field = shift(field, by, order=1, mode="nearest")
    return moved
