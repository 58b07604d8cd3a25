"""Open a volume of a data set, its voxel size told or not."""

from __future__ import annotations

from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes import Volume, VolumeOptions, open_volume

__all__ = ["opened"]


def opened(
    where: str,
    voxel_size: float | tuple[float, float, float] | None,
    *,
    level: int = 0,
    channel: int | None = None,
) -> Volume:
    """Open a volume from its metadata; no voxel is read.

    Raises
    ------
    VolumeNotFoundError, UnsupportedVolumeError, ReadError
        As :func:`open_volume` has it.
    """
    edges = (voxel_size,) * 3 if isinstance(voxel_size, float) else voxel_size
    size = VoxelSize(*edges) if edges is not None else None
    return open_volume(where, VolumeOptions(level=level, channel=channel, voxel_size=size))
