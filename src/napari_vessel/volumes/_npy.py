"""A numpy ``.npy`` file, mapped into memory."""

from __future__ import annotations

import warnings
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.volumes._array import About, ArraySource
from napari_vessel.volumes._axes import plan_axes, unnamed_axes
from napari_vessel.volumes._dtypes import readable_dtype
from napari_vessel.volumes._guard import check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._source import Source

__all__ = ["open_npy"]

# What reading a header raises for bytes that are none: one of Python 2 is parted into tokens.
_DAMAGE = (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError)


def open_npy(path: Path, options: VolumeOptions = DEFAULT_OPTIONS) -> Source:
    """Map a ``.npy`` file of (z, y, x), or (c, z, y, x) with a channel chosen.

    Raises
    ------
    UnsupportedVolumeError
        If it is no such array.
    ReadError
        If the file is shorter than its header says.
    """
    uri = str(path)
    stored, fortran, dtype, offset = _header(path)
    readable = readable_dtype(dtype, uri)
    shape = check_shape(stored, readable.itemsize, uri)
    axes = unnamed_axes(shape, options.channel, uri)
    plan = plan_axes(axes, shape, options.channel, uri)
    size, end = path.stat().st_size, offset + prod(shape) * int(dtype.itemsize)
    if size < end:
        message = f"{uri} is cut: {size:,} of {end:,} bytes. Copy it again."
        raise ReadError(message)
    mapped = np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    identity = ["npy", dtype.str, list(shape), fortran, size]
    return ArraySource([mapped], plan, About(uri, identity=identity))


def _header(path: Path) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, order, type and the offset of the first voxel; nothing is unpickled."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a header of Python 2 is fine
            version = np.lib.format.read_magic(file)
            old = version == (1, 0)
            read = (
                np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
            )
            shape, fortran, dtype = read(file)
            return shape, fortran, dtype, file.tell()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise ReadError(message) from error
    except _DAMAGE as error:
        message = f"{path} is no numpy array file, or its header is damaged: {error!s:.200}"
        raise UnsupportedVolumeError(message) from error
