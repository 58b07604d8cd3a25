"""A dataset of an HDF5 file, by its key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VesselError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes._array import About, ArraySource
from napari_vessel.volumes._axes import checked_axes, plan_axes, unnamed_axes
from napari_vessel.volumes._dtypes import Voxels, readable_dtype
from napari_vessel.volumes._guard import check_chunks, check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._source import Source

__all__ = ["open_hdf5"]

# What h5py raises for files and chunks that are not what they should be.
_DAMAGE = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)
_LISTED = 8  # keys named in a message
_DEEPEST = 8  # groups within groups that are looked through
_MOST = 2000  # objects looked at


def open_hdf5(path: Path, options: VolumeOptions = DEFAULT_OPTIONS) -> Source:
    """Open the dataset ``options.key`` of a file, or its only one of three axes or more.

    Raises
    ------
    UnsupportedVolumeError
        If the key names no volume, several could be meant, or it leads out of the file.
    ReadError
        If the file is damaged.
    """
    import h5py

    uri = str(path)
    with _explained(uri, "cannot be read"):
        file = h5py.File(path, "r")
    try:
        with _explained(uri, "is damaged"):
            key = options.key.strip("/") if options.key else _only_key(file, uri)
            dataset = _dataset(file, key, uri)
            return _source(dataset, key, options, uri)
    except BaseException:
        file.close()
        raise


def _source(dataset: Any, key: str, options: VolumeOptions, uri: str) -> Source:  # noqa: ANN401
    where = f"{uri}::{key}"
    dtype = readable_dtype(dataset.dtype, where)
    if dataset.shape is None:
        message = f"{where} holds nothing."
        raise UnsupportedVolumeError(message)
    shape = check_shape(dataset.shape, dtype.itemsize, where)
    if dataset.external or dataset.is_virtual:
        message = f"{where} lies in other files; expected its voxels within {uri}. Copy them in."
        raise UnsupportedVolumeError(message)
    axes = _axes(dataset, shape, options, where)
    plan = plan_axes(axes, shape, options.channel, where)
    # Contiguous voxels are read slice by slice.
    chunk = dataset.chunks or tuple(1 if i < len(shape) - 2 else n for i, n in enumerate(shape))
    check_chunks(shape, [min(c, n) for c, n in zip(chunk, shape, strict=True)], 1, where)
    check_chunks(chunk, chunk, dtype.itemsize, where)
    size = _voxel_size(dataset)
    identity = ["hdf5", key, str(dtype), list(shape), int(dataset.id.get_storage_size())]
    about = About(uri, size, size is not None, identity)
    return ArraySource([_Read(dataset, where)], plan, about, plan.shape(chunk))


class _Read:
    """A dataset whose damage is told in words; h5py itself lets one thread in at a time."""

    def __init__(self, dataset: Any, where: str) -> None:  # noqa: ANN401  h5py's
        self._dataset, self._where = dataset, where
        self.shape: tuple[int, ...] = tuple(int(edge) for edge in dataset.shape)
        self.dtype: np.dtype[Any] = dataset.dtype

    def __getitem__(self, index: tuple[slice | int, ...]) -> Voxels:
        with _explained(self._where, f"cannot be read at {_told(index)}"):
            return np.asarray(self._dataset[index])


def _told(index: tuple[slice | int, ...]) -> str:
    parts = [f"{p.start}:{p.stop}" if isinstance(p, slice) else str(p) for p in index]
    return ",".join(parts)


def _dataset(file: Any, key: str, uri: str) -> Any:  # noqa: ANN401  h5py's
    """Walk to a dataset; links to other files are refused, not followed."""
    import h5py

    place = file
    for part in key.split("/"):
        link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
        if isinstance(link, h5py.ExternalLink):
            message = f"{uri}: {key!r} leads to another file; refused. Open that file itself."
            raise UnsupportedVolumeError(message)
        place = place.get(part) if link is not None else None
        if place is None:
            break
    if isinstance(place, h5py.Dataset) and place.file.filename == file.filename:
        return place
    found = "a group" if isinstance(place, h5py.Group) else "not there"
    message = f"{uri}: {key!r} is {found}. {_choose(_volumes(file))}"
    raise UnsupportedVolumeError(message)


def _only_key(file: Any, uri: str) -> str:  # noqa: ANN401  h5py's
    found = _volumes(file)
    if len(found) == 1:
        return found[0][0]
    several = f"holds {len(found)} datasets" if found else "holds no dataset of z, y and x"
    message = f"{uri} {several}. {_choose(found)}"
    raise UnsupportedVolumeError(message)


def _choose(found: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    if not found:
        return "Expected a dataset of three axes."
    listed = ", ".join(f"{key} {shape}" for key, shape in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more" * (len(found) > _LISTED)
    return f"Name one as FILE::KEY: {listed}{more}."


def _volumes(file: Any) -> list[tuple[str, tuple[int, ...]]]:  # noqa: ANN401  h5py's
    """List the datasets of three axes or more, with their shapes; links are not followed."""
    import h5py

    found: list[tuple[str, tuple[int, ...]]] = []
    waiting, looked = [("", file, 0)], 0
    while waiting and looked < _MOST:
        prefix, group, depth = waiting.pop(0)
        for name in group:
            looked += 1
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            item, key = group.get(name), f"{prefix}{name}"
            if isinstance(item, h5py.Dataset) and item.shape and len(item.shape) >= 3:
                found.append((key, tuple(item.shape)))
            elif isinstance(item, h5py.Group) and depth < _DEEPEST:
                waiting.append((f"{key}/", item, depth + 1))
    return found


def _axes(
    dataset: Any,  # noqa: ANN401  h5py's
    shape: tuple[int, ...],
    options: VolumeOptions,
    where: str,
) -> Sequence[str]:
    if options.axes:
        return checked_axes(options.axes, shape, where)
    named = [str(dimension.label).lower() for dimension in dataset.dims]
    if {"z", "y", "x"} <= set(named) and set(named) <= set("tczyx"):
        return named
    return unnamed_axes(shape, options.channel, where)


def _voxel_size(dataset: Any) -> VoxelSize | None:  # noqa: ANN401  h5py's
    """Return ``element_size_um`` (z, y, x), which Fiji and ilastik write."""
    told = dataset.attrs.get("element_size_um")
    try:
        z, y, x = (float(edge) for edge in told)
        return VoxelSize(z, y, x)
    except (TypeError, ValueError):  # not told, or not as three lengths
        return None


@contextmanager
def _explained(where: str, what: str) -> Iterator[None]:
    try:
        yield
    except VesselError:
        raise
    except _DAMAGE as error:
        message = f"{where} {what}: {error!s:.200}. Copy it again if it was cut."
        raise ReadError(message.replace("\n", " ")) from error
