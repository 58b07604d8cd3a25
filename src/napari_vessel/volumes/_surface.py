"""The surface of a mask as triangles, slab by slab: as exact as the mask, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box
from napari_vessel.volumes._mask_source import MaskSource

__all__ = ["SurfacePart", "surface_parts"]

_SLAB_VOXELS = 16 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class SurfacePart:
    """The triangles of one slab.

    Attributes
    ----------
    vertices : ndarray (n, 3) of float32
        Those not met before, zyx in voxels: a voxel's centre is a whole number.
    faces : ndarray (m, 3) of int64
        Numbers of vertices, counted over all parts; seen from outside they turn
        counter-clockwise once written x, y, z.
    corners : ndarray (m, 3, 3) of float32
        The places of the faces' vertices.
    done, total
        Slabs.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]
    corners: NDArray[np.float32]
    done: int
    total: int


def surface_parts(source: MaskSource, box: Box) -> Iterator[SurfacePart]:
    """Triangulate the surface of a mask within a box (marching cubes, half-way between voxels).

    The surface is closed: beyond the box nothing is vessel. It holds the centres of all
    vessel voxels and of no other (:func:`voxels_within`), and lies within half a voxel's
    diagonal of the voxels' own faces. Parts share vertices, so that they are one mesh.

    Memory: a slab of about 16 million voxels, at about 12 bytes each, and its triangles.
    """
    depth = max(1, _SLAB_VOXELS // max(box.shape[1] * box.shape[2], 1))
    slabs = list(box.cells((depth, *box.stop[1:])))
    count, seam = 0, _Seam()
    last = np.zeros((1, box.shape[1] + 2, box.shape[2] + 2), np.uint8)
    for done, slab in enumerate(slabs, start=1):
        padded = np.pad(source.mask(slab), ((0, 1 if done == len(slabs) else 0), (1, 1), (1, 1)))
        voxels = np.concatenate([last, padded])
        last = voxels[-1:]
        origin = np.array([slab.start[0] - 1, box.start[1] - 1, box.start[2] - 1])
        vertices, faces = _marched(voxels)
        vertices = vertices + origin.astype(np.float32)
        numbers, new = seam.join(vertices, count, float(origin[0]), float(slab.stop[0] - 1))
        count += int(new.sum())
        yield SurfacePart(vertices[new], numbers[faces], vertices[faces], done, len(slabs))


class _Seam:
    """The vertices on the slice where two slabs meet, which both of them find."""

    def __init__(self) -> None:
        self._known: dict[tuple[float, float], int] = {}

    def join(
        self, vertices: NDArray[np.float32], count: int, first: float, last: float
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Give a slab's vertices numbers, on its first slice the known ones; tell which are new."""
        numbers = np.full(len(vertices), -1, np.int64)
        for at in np.flatnonzero(vertices[:, 0] == first).tolist():
            numbers[at] = self._known.get(_key(vertices[at]), -1)
        new = numbers < 0
        numbers[new] = count + np.arange(int(new.sum()))
        on_last = np.flatnonzero(vertices[:, 0] == last).tolist()
        self._known = {_key(vertices[at]): int(numbers[at]) for at in on_last}
        return numbers, new


def _key(vertex: NDArray[np.float32]) -> tuple[float, float]:
    return float(vertex[1]), float(vertex[2])


def _marched(voxels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return vertices (zyx, in half voxels' steps) and faces of one slab.

    The classic cases: every edge has two faces; Lewiner's leave some with four.
    """
    from skimage.measure import marching_cubes

    if len(voxels) < 2 or voxels.min() == voxels.max():
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int64)
    vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]  # skimage is typed in part
        voxels.astype(np.float32), 0.5, method="lorensen", allow_degenerate=False
    )
    return vertices.astype(np.float32), faces.astype(np.int64)
