"""A folder of slices that are a file each: TIFF or JPEG 2000."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._axes import plan_axes
from napari_vessel.volumes._dtypes import LazyArray, Voxels
from napari_vessel.volumes._guard import check_chunks, check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._slice_cache import SliceCache
from napari_vessel.volumes._slice_names import ordered_slices
from napari_vessel.volumes._source import Factors, check_box, digest, lazy_array

__all__ = ["SliceFolderSource", "SliceFormat", "SliceHeader", "slice_folder"]


class SliceHeader(Protocol):
    """What is the same in every slice; compares equal where it is."""

    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...


@dataclass(frozen=True)
class SliceFormat:
    """How the files of one format are read.

    Attributes
    ----------
    name
        In the fingerprint.
    endings
        Of the files' names, lower case.
    header
        Reads a file's header.
    decode
        Decodes a whole file of that header: rows, columns.
    """

    name: str
    endings: frozenset[str]
    header: Callable[[Path], SliceHeader]
    decode: Callable[[Path, Any], Voxels]


class SliceFolderSource:
    """Slices that are a file each, in the order of their numbers.

    A slice says nothing of the distance to the next: the voxel size is asked of the person.
    Opening reads the header of every file, about 0.1 ms each.
    """

    voxel_size: VoxelSize | None = None
    voxel_size_known = False
    factors: Sequence[Factors] = ((1.0, 1.0, 1.0),)
    origin_um = (0.0, 0.0, 0.0)
    channels = 1
    missing_chunks = 0

    def __init__(
        self, folder: Path, form: SliceFormat, options: VolumeOptions = DEFAULT_OPTIONS
    ) -> None:
        self._folder, self._form = folder, form
        self.uri = str(folder)
        names = [path.name for path in slices_in(folder, form)]
        self.names: Sequence[str] = ordered_slices(names, self.uri)
        self._header = _common_header(folder, self.names, form)
        rows, columns = self._header.rows, self._header.columns
        self.dtype: np.dtype[Any] = self._header.dtype
        shape = check_shape((len(self.names), rows, columns), self.dtype.itemsize, self.uri)
        plan = plan_axes("zyx", shape, options.channel, self.uri)
        self.shapes: Sequence[Zyx] = (plan.shape(shape),)
        self.chunk: Zyx = (1, rows, columns)
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
        return digest(self._form.name, self.shapes, str(self.dtype), self.names, sizes)

    def _decoded(self, z: int) -> Voxels:
        try:
            return self._form.decode(self._folder / self.names[z], self._header)
        except OSError as error:
            message = f"Slice {z} of {self.uri}: {error}"
            raise ReadError(message) from error


def slice_folder(folder: Path, form: SliceFormat) -> Path | None:
    """Return ``folder`` if it holds such files, its ``images`` if that does, else None."""
    for candidate in (folder, folder / "images"):
        if candidate.is_dir() and next(slices_in(candidate, form), None) is not None:
            return candidate
    return None


def slices_in(folder: Path, form: SliceFormat) -> Iterator[Path]:
    """Find the files of a format in a folder, in no order; hidden ones are left out."""
    for path in folder.iterdir():
        if path.suffix.lower() in form.endings and not path.name.startswith("."):
            yield path


def _common_header(folder: Path, names: Sequence[str], form: SliceFormat) -> SliceHeader:
    first = form.header(folder / names[0])
    for name in names[1:]:
        header = form.header(folder / name)
        if header != first:
            message = (
                f"{folder}: {name!r} is {header}, {names[0]!r} is {first}; "
                "expected slices of one size and type."
            )
            raise UnsupportedVolumeError(message)
    return first
