"""The one conversion of voxel types.

Whatever a file holds, a :class:`~napari_vessel.volumes.Source` gives native-endian integers
or floats of the same width; bool becomes uint8 with the values 0 and 1. Complex numbers,
objects, text, dates and records are refused.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_vessel.errors import UnsupportedVolumeError

__all__ = ["LazyArray", "Stored", "Voxels", "native", "readable_dtype"]

Voxels = npt.NDArray[Any]
LazyArray = Any  # a dask array; dask ships no types


class Stored(Protocol):
    """An array that is read by indexing: numpy's, a memory map, dask's, zarr's."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def __getitem__(self, index: tuple[slice | int, ...], /) -> npt.ArrayLike: ...


def readable_dtype(stored: npt.DTypeLike, uri: str) -> np.dtype[Any]:
    """Return the type in which voxels stored as ``stored`` are read.

    Raises
    ------
    UnsupportedVolumeError
        If the type is none of bool, integer and float.

    Examples
    --------
    >>> readable_dtype(">u2", "a.npy"), readable_dtype("bool", "a.npy")
    (dtype('uint16'), dtype('uint8'))
    """
    dtype = np.dtype(stored)
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind in "iuf":
        return dtype.newbyteorder("=")
    message = (
        f"{uri} holds voxels of type {dtype}; expected integers, floats or bool. "
        "Convert it first (of complex voxels, take the magnitude)."
    )
    raise UnsupportedVolumeError(message)


def native(voxels: Voxels) -> Voxels:
    """Convert voxels as :func:`readable_dtype` says, without a copy where none is needed."""
    kept = voxels.astype(np.uint8) if voxels.dtype.kind == "b" else voxels
    return kept.astype(kept.dtype.newbyteorder("="), copy=False)
