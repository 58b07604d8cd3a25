"""A block as a stack of slices of one plane, and back. Views, never copies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Plane

__all__ = ["block_of", "slices_of"]


def slices_of(block: NDArray[Any], plane: Plane) -> NDArray[Any]:
    """See a block as the slices of ``plane``.

    Parameters
    ----------
    block : ndarray (z, y, x)
        Any voxels.
    plane : Plane
        The slices' plane.

    Returns
    -------
    ndarray (n, rows, columns)
        A view; rows and columns are ``plane.rows`` and ``plane.columns``.

    Examples
    --------
    >>> slices_of(np.zeros((2, 3, 4)), Plane.XZ).shape
    (3, 2, 4)
    """
    return np.moveaxis(block, plane.normal, 0)


def block_of(slices: NDArray[Any], plane: Plane) -> NDArray[Any]:
    """See slices of ``plane`` as a block: the inverse of :func:`slices_of`.

    Parameters
    ----------
    slices : ndarray (n, rows, columns)
        Slices of ``plane``, in order.
    plane : Plane
        The slices' plane.

    Returns
    -------
    ndarray (z, y, x)
        A view.
    """
    return np.moveaxis(slices, 0, plane.normal)
