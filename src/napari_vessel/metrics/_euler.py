"""The Euler characteristic from counts of neighbourhoods: it adds up over blocks."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["euler_characteristic", "euler_eighths"]

_CORNERS = list(product((0, 1), repeat=3))  # of a neighbourhood, in the order of its bits


@cache
def euler_eighths() -> NDArray[np.int64]:
    """Return what each of the 256 neighbourhoods adds to the characteristic, times eight.

    Voxels are closed cubes, so that those which touch by a corner are one
    piece (26-connected). The point in the middle of a 2×2×2 neighbourhood
    belongs to it alone; of the six edges that meet there it has a half each,
    of the twelve squares a quarter, of the eight cubes an eighth.

    Returns
    -------
    ndarray (256,) of int64, read-only
        By code (see :func:`neighbour_codes`).
    """
    eighths = np.array([_of_code(code) for code in range(256)], np.int64)
    eighths.flags.writeable = False
    return eighths


def euler_characteristic(counts: NDArray[np.int64]) -> int:
    """Return the characteristic of a mask from how often each code occurs, ``(256,)``."""
    return int(counts @ euler_eighths()) // 8


def _of_code(code: int) -> int:
    held = {corner for bit, corner in enumerate(_CORNERS) if code >> (7 - bit) & 1}
    if not held:
        return 0
    edges = sum(
        any(corner[axis] == side for corner in held) for axis in range(3) for side in (0, 1)
    )
    squares = sum(
        any(corner[a] == p and corner[b] == q for corner in held)
        for a, b in ((0, 1), (0, 2), (1, 2))
        for p, q in product((0, 1), repeat=2)
    )
    return 8 - 4 * edges + 2 * squares - len(held)
