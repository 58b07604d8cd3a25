"""The surface of a mask, or of a region of it, as STL or PLY."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from types import MappingProxyType
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_vessel import __version__
from napari_vessel.errors import ExportError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes._atomic import file_beside
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._output import check_file
from napari_vessel.volumes._surface import SurfacePart, surface_parts

__all__ = ["FACE", "SURFACE_WRITERS", "TRIANGLE", "SurfaceWriter", "write_ply", "write_stl"]

TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
"""A triangle of a binary STL."""
FACE = np.dtype([("count", "u1"), ("vertices", "<i4", 3)])
"""A triangle of our PLY."""

_MOST = 2**31 - 1  # vertices that a PLY's, and triangles that an STL's readers can count


class SurfaceWriter(Protocol):
    """Refuses at once what cannot be done; writes while its events are drawn."""

    def __call__(
        self, source: MaskSource, out: Path, *, box: Box | None = None, overwrite: bool = False
    ) -> Iterator[ExportProgress]:
        """Write the surface of ``source`` to ``out``; see :func:`write_stl`."""


def write_stl(
    source: MaskSource, out: Path, *, box: Box | None = None, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write the closed surface of a mask as a binary STL: xyz in µm.

    Parameters
    ----------
    source
        The mask.
    out
        The file to make. Voxel ``i`` of the volume lies at ``i`` voxel edges.
    box
        The region, in voxels; none: all of it. At its faces the surface is closed.
    overwrite
        Replace an earlier one, once the new one is whole.

    Returns
    -------
    Iterator[ExportProgress]
        To be drawn to its end; nothing stands at ``out`` before.

    Raises
    ------
    ExportError, OutputExistsError
        At once, if it cannot be written as asked; while drawing, if nothing is vessel.
    ReadError, WriteError
        While drawing; what stood at ``out`` is kept.

    Notes
    -----
    The surface holds the centres of all vessel voxels, and of no other. Memory as for
    ``surface_parts``.
    """
    check_file(source, out, overwrite=overwrite)
    return _stl(source, out, box or Box.of(source.shape), overwrite)


def write_ply(
    source: MaskSource, out: Path, *, box: Box | None = None, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write the closed surface of a mask as a binary PLY, its recipe in the comments.

    Parameters, returns and errors are those of :func:`write_stl`; triangles share vertices.
    """
    check_file(source, out, overwrite=overwrite)
    return _ply(source, out, box or Box.of(source.shape), overwrite)


SURFACE_WRITERS: Mapping[str, SurfaceWriter] = MappingProxyType(
    {"stl": write_stl, "ply": write_ply}
)
"""What ``measure --format`` and the dock offer for surfaces."""


def _stl(source: MaskSource, out: Path, box: Box, overwrite: bool) -> Iterator[ExportProgress]:
    count, total = 0, 1
    title = f"napari-vessel {__version__}; units: micrometres; xyz".encode().ljust(80)
    with file_beside(out, overwrite=overwrite) as beside, beside.open("w+b") as file:
        file.write(title + np.uint32(0).tobytes())
        for part in surface_parts(source, box):
            file.write(_triangles(part, source.voxel_size).tobytes())
            count, total = count + len(part.faces), part.total + 1
            yield ExportProgress(part.done, total)
        _check_count(count, out)
        file.seek(len(title))
        file.write(np.uint32(count).tobytes())
    yield ExportProgress(total, total)


def _ply(source: MaskSource, out: Path, box: Box, overwrite: bool) -> Iterator[ExportProgress]:
    """Gather vertices and faces in two files, as a PLY has all vertices first."""
    vertices = faces = 0
    total = 1
    with file_beside(out, overwrite=overwrite) as beside, _scratch(beside) as (places, corners):
        with places.open("wb") as place_file, corners.open("wb") as face_file:
            for part in surface_parts(source, box):
                place_file.write(_xyz_um(part.vertices, source.voxel_size).tobytes())
                face_file.write(_faces(part).tobytes())
                vertices, faces = vertices + len(part.vertices), faces + len(part.faces)
                total = part.total + 1
                yield ExportProgress(part.done, total)
        _check_count(max(vertices, faces), out)
        with beside.open("wb") as file:
            file.write(_ply_head(source, vertices, faces))
            for each in (places, corners):
                _append(each, file)
    yield ExportProgress(total, total)


@contextmanager
def _scratch(beside: Path) -> Iterator[tuple[Path, Path]]:
    """Give two names beside a file that is being written; what stands there goes with it."""
    names = beside.with_name(beside.name + "-v"), beside.with_name(beside.name + "-f")
    try:
        yield names
    finally:
        for name in names:
            name.unlink(missing_ok=True)


def _append(part: Path, file: BinaryIO) -> None:
    with part.open("rb") as content:
        copyfileobj(content, file, 2**20)


def _ply_head(source: MaskSource, vertices: int, faces: int) -> bytes:
    lines = [
        "ply",
        "format binary_little_endian 1.0",
        "comment units: micrometres",
        f"comment {json.dumps(source.document)}",
        f"element vertex {vertices}",
        *(f"property float {axis}" for axis in "xyz"),
        f"element face {faces}",
        "property list uchar int vertex_indices",
        "end_header",
        "",
    ]
    return "\n".join(lines).encode("ascii")


def _check_count(count: int, out: Path) -> None:
    if count == 0:
        raise ExportError(f"Nothing is vessel there, so {out} would have no surface.")
    if count > _MOST:
        raise ExportError(f"{count:,} triangles are more than {out} can hold: choose a box.")


def _triangles(part: SurfacePart, voxel_size: VoxelSize) -> NDArray[np.void]:
    corners = _xyz_um(part.corners, voxel_size)
    sides = corners[:, 1:] - corners[:, :1]
    normals = np.cross(sides[:, 0], sides[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    rows = np.zeros(len(corners), TRIANGLE)
    rows["normal"], rows["corners"] = normals, corners
    return rows


def _faces(part: SurfacePart) -> NDArray[np.void]:
    rows = np.zeros(len(part.faces), FACE)
    rows["count"], rows["vertices"] = 3, part.faces
    return rows


def _xyz_um(places: NDArray[np.float32], voxel_size: VoxelSize) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (places * np.asarray(voxel_size.zyx))[..., ::-1].astype("<f4")
    return scaled
