"""Every 2×2×2 neighbourhood as a code, and the surface that each code holds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize

__all__ = ["block_codes", "neighbour_codes", "surfel_areas"]


@lru_cache(maxsize=8)
def surfel_areas(voxel_size: VoxelSize) -> NDArray[np.float64]:
    """Return the marching-cubes surface within each of the 256 neighbourhoods.

    The table is that of DeepMind's surface-distance (Nikolov et al. 2021), which
    the competition's metric uses: classic marching cubes, where a neighbourhood
    and its complement hold the same surface. An ambiguous neighbourhood of five
    or more vessel voxels is therefore cut as its complement is.

    Parameters
    ----------
    voxel_size : VoxelSize
        Edges; the areas are in their unit squared (µm²).

    Returns
    -------
    ndarray (256,) of float64, read-only
        Areas by code (see :func:`neighbour_codes`); 0 for codes 0 and 255 only.
    """
    areas = np.zeros(256)
    for code in range(1, 255):
        few = code if code.bit_count() <= 4 else 255 - code
        areas[code] = _area(few, voxel_size)
    areas.flags.writeable = False
    return areas


def _area(code: int, voxel_size: VoxelSize) -> float:
    from skimage.measure import marching_cubes

    corners = np.array([code >> bit & 1 for bit in reversed(range(8))], float).reshape(2, 2, 2)
    vertices, faces, _, _ = marching_cubes(corners, 0.5, method="lorensen")  # type: ignore[no-untyped-call]  # skimage is typed in part
    # The surface cuts every edge in the middle; marching_cubes is off by 1e-7.
    triangles = (np.round(vertices * 2) / 2 * voxel_size.zyx)[faces]
    sides = triangles[:, 1:] - triangles[:, :1]
    return float(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2)


def neighbour_codes(upper: NDArray[np.bool_], lower: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Code the neighbourhoods between two neighbouring slices, padded by background.

    Parameters
    ----------
    upper, lower : ndarray (rows, columns) of bool
        Slices z and z + 1.

    Returns
    -------
    ndarray (rows + 1, columns + 1) of uint8
        Bit ``7 - (4 z + 2 y + x)`` tells whether corner (z, y, x) is vessel.
    """
    codes: NDArray[np.uint8] = block_codes(
        np.pad(np.stack([upper, lower]), ((0, 0), (1, 1), (1, 1)))
    )[0]
    return codes


def block_codes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Code all 2×2×2 neighbourhoods within a block, as :func:`neighbour_codes` does.

    Parameters
    ----------
    mask : ndarray (z, y, x) of bool
        Two voxels or more along each axis.

    Returns
    -------
    ndarray (z - 1, y - 1, x - 1) of uint8
    """
    pairs = mask[:-1] * np.uint8(16) + mask[1:]
    codes = np.left_shift(pairs[:, :-1, :-1], 3, dtype=np.uint8)
    codes |= pairs[:, :-1, 1:] << 2
    codes |= pairs[:, 1:, :-1] << 1
    codes |= pairs[:, 1:, 1:]
    return codes
