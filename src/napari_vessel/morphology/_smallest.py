"""The smallest piece of vessel that is shown: a volume in µm³, and the voxels that it takes."""

from __future__ import annotations

from math import ceil, isfinite

from napari_vessel.errors import CallerError
from napari_vessel.geometry import VoxelSize

__all__ = ["SMALLEST_UM3", "least_voxels"]

SMALLEST_UM3 = 0.0
"""The default everywhere: 0 removes nothing."""

_ROUNDING = 1e-9  # 0.3 µm³ of 0.1 µm³ voxels are three of them, not four


def least_voxels(smallest_um3: float, voxel_size: VoxelSize) -> int:
    """Return the fewest voxels that fill ``smallest_um3``; up to 1 nothing is removed.

    Raises
    ------
    CallerError
        It is negative, or no number.

    >>> least_voxels(100.0, VoxelSize(5, 2, 2)), least_voxels(101.0, VoxelSize(5, 2, 2))
    (5, 6)
    >>> least_voxels(0.0, VoxelSize(5, 2, 2))
    0
    """
    if not (isfinite(smallest_um3) and smallest_um3 >= 0):
        raise CallerError(
            f"Smallest piece {smallest_um3} µm³: expected a number from 0 (off) upwards."
        )
    return ceil(smallest_um3 / voxel_size.volume_um3 * (1 - _ROUNDING))
