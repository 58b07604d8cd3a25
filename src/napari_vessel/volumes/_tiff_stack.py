"""A TIFF file of many slices: mapped into memory where it is contiguous, else page by page."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._array import About, ArraySource
from napari_vessel.volumes._axes import AxisPlan, plan_axes
from napari_vessel.volumes._dtypes import LazyArray, Voxels, native, readable_dtype
from napari_vessel.volumes._guard import check_chunks, check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._slice_cache import SliceCache
from napari_vessel.volumes._source import Factors, Source, check_box, digest, lazy_array
from napari_vessel.volumes._tiff import check_page, damage_noticed, open_tiff, refuse_colour
from napari_vessel.volumes._tiff_size import tiff_voxel_size

__all__ = ["TiffStackSource", "open_tiff_stack"]


@dataclass(frozen=True)
class _Stack:
    """What the headers of a file say."""

    shape: tuple[int, ...]
    page: tuple[int, ...]  # the last axes of shape: what one page holds
    dtype: np.dtype[Any]
    plan: AxisPlan
    about: About


def open_tiff_stack(path: Path, options: VolumeOptions = DEFAULT_OPTIONS) -> Source:
    """Open a TIFF stack from its headers.

    Raises
    ------
    UnsupportedVolumeError
        If it is no volume: colour, one slice of 2-D, several images, complex voxels, ….
    ReadError
        If the file is cut or its headers are damaged.
    """
    tiff = open_tiff(path)
    try:
        with damage_noticed(path):
            series = _only_series(tiff, path)
            stack = _stack(tiff, series, path, options)
            _check_whole(tiff, stack, path)
        if series.dataoffset is None:
            return TiffStackSource(path, tiff, stack)
        offset = int(series.dataoffset)
        stored = series.dtype.newbyteorder(tiff.byteorder)
        mapped = np.memmap(path, stored, "r", offset, stack.shape)
    except BaseException:
        tiff.close()
        raise
    tiff.close()
    return ArraySource([mapped], stack.plan, stack.about)


class TiffStackSource:
    """Pages that are decoded one by one, from a file that is kept open."""

    names: Sequence[str] | None = None
    factors: Sequence[Factors] = ((1.0, 1.0, 1.0),)
    origin_um = (0.0, 0.0, 0.0)
    missing_chunks = 0

    def __init__(self, path: Path, tiff: tifffile.TiffFile, stack: _Stack) -> None:
        self._path = path
        self._pages = tiff.series[0].pages
        self._stack = stack
        tiff.filehandle.set_lock(True)
        weakref.finalize(self, tiff.close)
        self.shapes: Sequence[Zyx] = (stack.plan.shape(stack.shape),)
        self.dtype = stack.dtype
        self.voxel_size: VoxelSize | None = stack.about.voxel_size
        self.voxel_size_known = stack.about.voxel_size_known
        self.channels = stack.plan.channels
        self.uri = stack.about.uri
        self.chunk: Zyx = (1, *self.shapes[0][1:])
        check_chunks(stack.page, stack.page, self.dtype.itemsize, self.uri)
        # A page that holds all slices (at most 1 GiB) must not be decoded for each of them.
        alone = stack.page == stack.shape
        self._cache = SliceCache(self._decoded, 2**31 if alone else 2**28)

    def read(self, box: Box, level: int) -> Voxels:
        """Read ``box``; every page it touches is decoded whole, the last ones are kept."""
        check_box(box, level, self.shapes)
        _, rows, columns = box.slices
        result = np.empty(box.shape, self.dtype)
        for i, z in enumerate(range(box.start[0], box.stop[0])):
            result[i] = self._slice(z)[rows, columns]
        return result

    def array(self, level: int) -> LazyArray:
        """Return the volume as a dask array, one slice a chunk."""
        return lazy_array(self, level, self.chunk)

    def fingerprint(self) -> str:
        """Identify the content by headers and file size."""
        return _fingerprint(self._stack)

    def _slice(self, z: int) -> Voxels:
        """Return slice ``z`` as rows and columns."""
        index = [0] * len(self._stack.shape)
        for axis, at in (*self._stack.plan.fixed, (self._stack.plan.zyx[0], z)):
            index[axis] = at
        outer = len(index) - len(self._stack.page)
        page = int(np.ravel_multi_index(index[:outer], self._stack.shape[:outer])) if outer else 0
        found: Voxels = self._cache[page][tuple(index[outer:-2])]
        return found

    def _decoded(self, number: int) -> Voxels:
        where = f"Page {number} of {self.uri}"
        page = self._pages[number]
        if page is None:
            message = f"{where} is missing."
            raise ReadError(message)
        try:
            with damage_noticed(self._path):
                decoded = native(np.asarray(page.asarray(maxworkers=1)))
                return decoded.reshape(self._stack.page)
        except ReadError as error:
            message = f"{where}: {error}"
            raise ReadError(message) from error


def _fingerprint(stack: _Stack) -> str:
    return digest(stack.shape, str(stack.dtype), stack.plan.fixed, stack.about.identity)


def _only_series(tiff: tifffile.TiffFile, path: Path) -> tifffile.TiffPageSeries:
    refuse_colour(tiff.pages.first, str(path))
    series = tiff.series
    if len(series) != 1:
        found = ", ".join(f"{s.shape} {s.dtype}" for s in series[:4])
        message = (
            f"{path} holds {len(series)} images of different size or type ({found}); "
            "expected slices of one size and type. Save the one you need apart."
        )
        raise UnsupportedVolumeError(message)
    return series[0]


def _stack(
    tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries, path: Path, options: VolumeOptions
) -> _Stack:
    uri = str(path)
    if series.dtype is None:
        message = f"{uri} holds voxels of a type that cannot be read."
        raise UnsupportedVolumeError(message)
    dtype = readable_dtype(series.dtype, uri)
    stored, axes = tuple(series.shape), series.axes.lower()
    if len(stored) == 2 and _says_one_slice(tiff):
        stored, axes = (1, *stored), "z" + axes  # tifffile drops axes of length 1
    shape = check_shape(stored, dtype.itemsize, uri)
    page = shape[len(shape) - series.keyframe.ndim :]
    voxel_size = tiff_voxel_size(tiff)
    compression = str(tiff.pages.first.compression)
    identity = ["tiff", path.stat().st_size, axes, list(shape), compression]
    about = About(uri, voxel_size, voxel_size is not None, identity)
    plan = _plan(axes, shape, options, uri=uri, ome=tiff.is_ome)
    return _Stack(shape, page, dtype, plan, about)


def _says_one_slice(tiff: tifffile.TiffFile) -> bool:
    told = (tiff.shaped_metadata or ({},))[0].get("shape", ())
    return len(told) == 3 and told[0] == 1


def _plan(
    axes: str, shape: tuple[int, ...], options: VolumeOptions, *, uri: str, ome: bool
) -> AxisPlan:
    """Find z among the axes of a series.

    tifffile and ImageJ call the slices of a stack of three or four samples or channels, so
    the one axis besides rows and columns is z unless OME says otherwise.
    """
    outer = axes[:-2]
    if len(outer) == 1 and not ome:
        outer = "z"
    elif len(outer) == 2 and "z" not in outer and options.channel is not None and not ome:
        outer = "cz"
    elif len(outer) == 2 and "z" not in outer:
        message = f"{uri} holds {shape}, axes {axes.upper()}; choose the channel if one is."
        raise UnsupportedVolumeError(message)
    return plan_axes(outer + axes[-2:], shape, options.channel, uri)


def _check_whole(tiff: tifffile.TiffFile, stack: _Stack, path: Path) -> None:
    """Check every page against the file's size, and what the headers promise of pages."""
    size = path.stat().st_size
    for number, page in enumerate(tiff.pages):
        check_page(page, size, f"{path}, page {number},")
    series = tiff.series[0]
    end = int(series.dataoffset or 0) + prod(stack.shape) * int(series.dtype.itemsize)
    if series.dataoffset is not None and end > size:
        message = f"{path} is cut: {size:,} of {end:,} bytes. Copy it again."
        raise ReadError(message)
    promised = int((tiff.imagej_metadata or {}).get("images", 1))
    found = prod(stack.shape) // prod(stack.shape[-2:])
    if found < promised:
        message = f"{path} is cut: {found} of {promised} slices are there. Copy it again."
        raise ReadError(message)
