"""A folder of TIFF slices, as the competition's ``images/0000.tif`` and on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._axes import plan_axes
from napari_vessel.volumes._dtypes import LazyArray, Voxels, native, readable_dtype
from napari_vessel.volumes._guard import check_chunks, check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._slice_cache import SliceCache
from napari_vessel.volumes._slice_names import ordered_slices
from napari_vessel.volumes._source import Factors, check_box, digest, lazy_array
from napari_vessel.volumes._tiff import check_page, damage_noticed, opened, refuse_colour

__all__ = ["TiffFolderSource", "slice_folder"]

_ENDINGS = {".tif", ".tiff"}


@dataclass(frozen=True)
class _Header:
    """What is the same in every slice."""

    rows: int
    columns: int
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{self.rows} × {self.columns} {self.dtype}"


class TiffFolderSource:
    """Slices that are a TIFF file each, in the order of their numbers.

    A slice says nothing of the distance to the next: the voxel size is asked of the person.
    Opening reads the header of every file, about 0.1 ms each.
    """

    voxel_size: VoxelSize | None = None
    voxel_size_known = False
    factors: Sequence[Factors] = ((1.0, 1.0, 1.0),)
    origin_um = (0.0, 0.0, 0.0)
    channels = 1
    missing_chunks = 0

    def __init__(self, folder: Path, options: VolumeOptions = DEFAULT_OPTIONS) -> None:
        self._folder = folder
        self.uri = str(folder)
        self.names: Sequence[str] = ordered_slices([p.name for p in _slices_in(folder)], self.uri)
        header = _common_header(folder, self.names)
        shape = check_shape(
            (len(self.names), header.rows, header.columns), header.dtype.itemsize, self.uri
        )
        plan = plan_axes("zyx", shape, options.channel, self.uri)
        self.dtype: np.dtype[Any] = header.dtype
        self.shapes: Sequence[Zyx] = (plan.shape(shape),)
        self.chunk: Zyx = (1, header.rows, header.columns)
        check_chunks(shape, self.chunk, self.dtype.itemsize, self.uri)
        self._cache = SliceCache(self._decoded)

    def read(self, box: Box, level: int) -> Voxels:
        """Read ``box``; every slice it touches is decoded whole, the last ones are kept."""
        check_box(box, level, self.shapes)
        _, rows, columns = box.slices
        result = np.empty(box.shape, self.dtype)
        for i, z in enumerate(range(box.start[0], box.stop[0])):
            result[i] = self._cache[z][rows, columns]
        return result

    def array(self, level: int) -> LazyArray:
        """Return the volume as a dask array, one slice a chunk."""
        return lazy_array(self, level, self.chunk)

    def fingerprint(self) -> str:
        """Identify the content by the names and sizes of the slices."""
        sizes = [(self._folder / name).stat().st_size for name in self.names]
        return digest("tiff-folder", self.shapes, str(self.dtype), self.names, sizes)

    def _decoded(self, z: int) -> Voxels:
        path = self._folder / self.names[z]
        try:
            with damage_noticed(path):
                voxels = native(np.asarray(tifffile.imread(path, maxworkers=1, series=0)))
        except ReadError as error:
            message = f"Slice {z} of {self.uri}: {error}"
            raise ReadError(message) from error
        if voxels.size != self.chunk[1] * self.chunk[2] or voxels.dtype != self.dtype:
            message = f"{path} changed since it was opened: {voxels.shape} {voxels.dtype}."
            raise ReadError(message)
        return voxels.reshape(self.chunk[1:])


def slice_folder(folder: Path) -> Path | None:
    """Return ``folder`` if it holds TIFF files, its ``images`` if that does, else None."""
    for candidate in (folder, folder / "images"):
        if candidate.is_dir() and next(_slices_in(candidate), None) is not None:
            return candidate
    return None


def _slices_in(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix.lower() in _ENDINGS and not path.name.startswith("."):
            yield path


def _common_header(folder: Path, names: Sequence[str]) -> _Header:
    first = _header(folder / names[0])
    for name in names[1:]:
        header = _header(folder / name)
        if header != first:
            message = (
                f"{folder}: {name!r} is {header}, {names[0]!r} is {first}; "
                "expected slices of one size and type."
            )
            raise UnsupportedVolumeError(message)
    return first


def _header(path: Path) -> _Header:
    with damage_noticed(path), opened(path) as tiff:
        if len(tiff.pages) != 1:
            message = (
                f"{path} holds {len(tiff.pages)} pages; in a folder of slices each file is one. "
                "Open a stack by its own path."
            )
            raise UnsupportedVolumeError(message)
        page = tiff.pages.first
        refuse_colour(page, str(path))
        if len(page.shape) != 2 and prod(page.shape) != page.imagelength * page.imagewidth:
            message = f"{path} holds {page.shape}, axes {page.axes}; expected one slice, 2-D."
            raise UnsupportedVolumeError(message)
        check_page(page, path.stat().st_size, str(path))
        if page.dtype is None:
            message = f"{path} holds voxels of {page.bitspersample} bits, which cannot be read."
            raise UnsupportedVolumeError(message)
        return _Header(page.imagelength, page.imagewidth, readable_dtype(page.dtype, str(path)))
