"""How much a tile's pixels count where tiles overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["importance_map"]


def importance_map(rows: int, columns: int) -> NDArray[np.float32]:
    """Weigh a tile's pixels: one in the middle, least at the rim, never zero.

    A Gaussian whose deviation is an eighth of the side, as nnU-Net's (Isensee
    et al. 2021): a network knows least about the rim, where it sees no context.

    Parameters
    ----------
    rows, columns : int
        The tile's sides, in pixels.

    Returns
    -------
    ndarray (rows, columns) of float32
        Weights in (0, 1].

    Examples
    --------
    >>> bool((importance_map(32, 64) > 0).all())
    True
    """
    return np.outer(_bell(rows), _bell(columns)).astype(np.float32)


def _bell(length: int) -> NDArray[np.float64]:
    offset = (np.arange(length) - (length - 1) / 2) / (length / 8)
    return np.exp(-(offset**2) / 2)
