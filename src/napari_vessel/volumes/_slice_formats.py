"""The formats in which a slice is a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.volumes._dtypes import Voxels, native, readable_dtype
from napari_vessel.volumes._jp2 import decode_jp2, read_jp2_header
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._slice_folder import SliceFolderSource, SliceFormat, slice_folder
from napari_vessel.volumes._tiff import check_page, damage_noticed, opened, refuse_colour

__all__ = ["JP2_SLICES", "TIFF_SLICES", "open_slices"]


@dataclass(frozen=True)
class _Header:
    """What is the same in every TIFF slice."""

    rows: int
    columns: int
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{self.rows} × {self.columns} {self.dtype}"


def open_slices(folder: Path, options: VolumeOptions = DEFAULT_OPTIONS) -> SliceFolderSource | None:
    """Open the slices in a folder, or in its ``images``; None where there are none."""
    for form in (TIFF_SLICES, JP2_SLICES):
        found = slice_folder(folder, form)
        if found is not None:
            return SliceFolderSource(found, form, options)
    return None


def _tiff_header(path: Path) -> _Header:
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


def _decode_tiff(path: Path, header: _Header) -> Voxels:
    with damage_noticed(path):
        voxels = native(np.asarray(tifffile.imread(path, maxworkers=1, series=0)))
    if voxels.size != header.rows * header.columns or voxels.dtype != header.dtype:
        message = f"{path} changed since it was opened: {voxels.shape} {voxels.dtype}."
        raise ReadError(message)
    return voxels.reshape(header.rows, header.columns)


TIFF_SLICES = SliceFormat("tiff-folder", frozenset({".tif", ".tiff"}), _tiff_header, _decode_tiff)
JP2_SLICES = SliceFormat(
    "jp2-folder", frozenset({".jp2", ".j2k", ".jpx", ".j2c", ".jpf"}), read_jp2_header, decode_jp2
)
