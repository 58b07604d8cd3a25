"""Surfaces read back, and the voxels within them: what shows that an export is its mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes._write_surface import FACE, TRIANGLE

__all__ = ["read_surface", "voxels_within"]

_BESIDE = (0.0137, 0.0219)  # rays pass beside the voxels' centres: there no edge lies


def read_surface(path: Path) -> NDArray[np.float32]:
    """Read the triangles of an STL or PLY that this program wrote.

    Returns
    -------
    ndarray (n, 3, 3) of float32
        Corners of each triangle, xyz in µm.

    Raises
    ------
    ReadError
        The file is another one, or cut.
    """
    with path.open("rb") as file:
        content = file.read()
    try:
        return _ply(content) if content.startswith(b"ply\n") else _stl(content)
    except (ValueError, IndexError) as error:
        raise ReadError(f"{path} is no surface of ours, or cut: {error}.") from error


def _stl(content: bytes) -> NDArray[np.float32]:
    count = int(np.frombuffer(content, "<u4", 1, 80)[0])
    if len(content) != 84 + count * TRIANGLE.itemsize:
        message = f"{count} triangles do not fit {len(content)} bytes"
        raise ValueError(message)
    corners: NDArray[np.float32] = np.frombuffer(content, TRIANGLE, count, 84)["corners"]
    return corners


def _ply(content: bytes) -> NDArray[np.float32]:
    end = content.index(b"end_header\n") + len(b"end_header\n")
    counts = [
        int(line.split()[2]) for line in content[:end].split(b"\n") if line.startswith(b"element")
    ]
    places = np.frombuffer(content, "<f4", 3 * counts[0], end).reshape(-1, 3)
    faces = np.frombuffer(content, FACE, counts[1], end + places.nbytes)["vertices"]
    corners: NDArray[np.float32] = places[faces]
    return corners


def voxels_within(
    corners: NDArray[np.float32], box: Box, voxel_size: VoxelSize
) -> NDArray[np.bool_]:
    """Return which voxels of a box have their centres within a surface of ours.

    Along every row of voxels, what lies between an odd and an even crossing is inside.

    Parameters
    ----------
    corners
        As :func:`read_surface` gives them: no triangle is wider than a voxel.
    box, voxel_size
        Of the volume that the surface was made of.
    """
    places = corners[..., ::-1].astype(np.float64) / np.asarray(voxel_size.zyx)
    places = np.round(places * 2) / 2  # they lie half-way between voxels, but for rounding
    cell = np.floor(places[:, :, :2].min(axis=1)).astype(np.int64)
    ray = cell + np.array(_BESIDE)
    hit, crossing = _crossings(places, ray)
    start = np.asarray(box.start)
    z, y = (cell[hit] - start[:2]).T
    x = np.ceil(crossing).astype(np.int64) - start[2]
    inside = np.zeros((box.shape[0], box.shape[1], box.shape[2] + 1), np.uint8)
    within = (z >= 0) & (z < box.shape[0]) & (y >= 0) & (y < box.shape[1])
    at = z[within], y[within], np.clip(x[within], 0, box.shape[2])
    np.bitwise_xor.at(inside, at, np.uint8(1))
    np.bitwise_xor.accumulate(inside, axis=2, out=inside)
    return inside[:, :, :-1].view(bool)


def _crossings(
    places: NDArray[np.float64], ray: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Tell which triangles a ray along x at (z, y) meets, and at which x those do."""
    a, b, c = (places[:, i] for i in range(3))
    (z1, y1), (z2, y2), (z, y) = (b - a)[:, :2].T, (c - a)[:, :2].T, (ray - a[:, :2]).T
    area = z1 * y2 - z2 * y1
    flat = area == 0
    safe = np.where(flat, 1.0, area)
    u, v = (z * y2 - z2 * y) / safe, (z1 * y - z * y1) / safe
    hit = ~flat & (u >= 0) & (v >= 0) & (u + v <= 1)
    x = a[:, 2] + u * (b - a)[:, 2] + v * (c - a)[:, 2]
    return hit, x[hit]
