"""Open whatever a person names as a volume."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from napari_vessel.errors import (
    CallerError,
    ReadError,
    UnsupportedVolumeError,
    VesselError,
    VolumeNotFoundError,
)
from napari_vessel.volumes._address import REMOTE, Address, scheme_of
from napari_vessel.volumes._coarser import with_coarser
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._source import Source
from napari_vessel.volumes._volume import Volume

if TYPE_CHECKING:
    from napari_vessel.volumes._ome_zarr import OmeZarrSource

__all__ = ["open_volume"]

_EXPECTED = (
    "Expected OME-Zarr, zarr or N5 (a folder, or an http(s)://, s3:// or gs:// address), a folder "
    "of TIFF or JPEG 2000 slices, a TIFF stack, NIfTI, NRRD, HDF5 or a .npy file."
)
_ZARR = ("zarr.json", ".zarray", ".zgroup", ".zattrs")
_N5 = "attributes.json"


def open_volume(where: str | os.PathLike[str], options: VolumeOptions = DEFAULT_OPTIONS) -> Volume:
    """Open a volume from its metadata; no voxel is read.

    Parameters
    ----------
    where
        A path, or an ``http(s)://``, ``s3://``, ``gs://`` or ``file://`` address. What it is
        follows from what it holds, not from its name. ``FILE.h5::KEY`` names a dataset within
        a file, ``ARRAY::axes=xyz`` the order of axes that the file does not name.
    options
        Level, channel, voxel size, ….

    Raises
    ------
    VolumeNotFoundError
        If there is nothing.
    UnsupportedVolumeError
        If there is something this program cannot take for a volume.
    ReadError
        If it is damaged, cannot be read, or the server does not answer.
    """
    text, options = _with_suffix(os.fspath(where), options)
    source = _source(text, options)
    return Volume(with_coarser(source), options)


def _with_suffix(text: str, options: VolumeOptions) -> tuple[str, VolumeOptions]:
    """Take ``::KEY`` or ``::axes=xyz`` off the end of a path or address."""
    place, mark, rest = text.rpartition("::")
    if not mark or not place or not rest or os.path.lexists(text) or rest.startswith("1]"):
        return text, options
    name, equals, value = rest.partition("=")
    changes = {name: value} if equals and name in {"key", "axes"} else {"key": rest}
    try:
        return place, VolumeOptions.model_validate(options.model_dump() | changes)
    except ValidationError as error:
        message = (
            f"{text!r:.200}: {error.errors()[0]['msg']}; expected FILE::KEY or FILE::axes=xyz."
        )
        raise CallerError(message) from error


def _source(text: str, options: VolumeOptions) -> Source:
    scheme = scheme_of(text)
    if scheme is None:
        return _local(Path(text).expanduser() if text.strip() else None, options)
    if scheme == "file":
        return _local(Path(unquote(urlsplit(text).path)), options)
    if scheme in REMOTE:
        return _remote(text, options)
    message = f"Addresses of {scheme}:// are not supported. {_EXPECTED}"
    raise UnsupportedVolumeError(message)


def _local(path: Path | None, options: VolumeOptions) -> Source:
    if path is None:
        message = f"No path was given. {_EXPECTED}"
        raise VolumeNotFoundError(message)
    try:
        if path.is_dir():
            return _folder(path, options)
        if path.is_file():
            return _file(path, options)
        found = path.exists()
    except VesselError:
        raise
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise ReadError(message) from error
    except ValueError as error:  # a NUL in the path
        message = f"{str(path)!r} is no path: {error}"
        raise VolumeNotFoundError(message) from error
    if found:
        message = f"{path} is neither a file nor a folder. {_EXPECTED}"
        raise UnsupportedVolumeError(message)
    message = f"There is nothing at {path}. Check the path."
    raise VolumeNotFoundError(message)


def _folder(path: Path, options: VolumeOptions) -> Source:
    from napari_vessel.volumes._slice_formats import open_slices

    source = _zarr_folder(path, options) or open_slices(path, options)
    if source is not None:
        return source
    message = f"{path} holds no volume: {_contents(path)}. {_EXPECTED}"
    raise UnsupportedVolumeError(message)


def _zarr_folder(path: Path, options: VolumeOptions) -> Source | None:
    """Open a folder as zarr or N5; None where it holds neither."""
    from napari_vessel.volumes._reading_store import local_store

    source: Source | None = None
    if any((path / name).is_file() for name in _ZARR):
        from napari_vessel.volumes._ome_zarr import open_zarr

        source = open_zarr(local_store(path, options.missing), str(path), options)
    if source is None and ((path / _N5).is_file() or (path / "s0" / _N5).is_file()):
        from napari_vessel.volumes._n5 import open_n5
        from napari_vessel.volumes._n5_store import N5View, n5_key

        store = local_store(path, options.missing, view=N5View, named=n5_key)
        source = open_n5(store, str(path), options)
    return source


def _contents(path: Path) -> str:
    names = sorted(entry.name for entry in path.iterdir())
    if not names:
        return "it is empty"
    return f"it holds {', '.join(names[:5])}" + (f" and {len(names) - 5} more" * (len(names) > 5))


def _file(path: Path, options: VolumeOptions) -> Source:
    from napari_vessel.volumes._files import opener_of

    with path.open("rb") as file:
        magic = file.read(16)
    opener = opener_of(path, magic)
    if opener is not None:
        return opener(path, options)
    kind = f"starts with {magic[:8]!r}" if magic else "is empty (0 bytes)"
    message = f"{path} {kind}: no volume this program knows. {_EXPECTED}"
    raise UnsupportedVolumeError(message)


def _remote(text: str, options: VolumeOptions) -> Source:
    from napari_vessel.volumes._n5 import open_n5
    from napari_vessel.volumes._n5_store import N5View, n5_key
    from napari_vessel.volumes._ome_zarr import open_zarr
    from napari_vessel.volumes._remote import keep_chunks, remote_store

    address = Address.of(text)
    source: OmeZarrSource | None = None
    named: Callable[[str], str] = str
    if address.format != "n5":
        store = remote_store(address, options.retries, options.missing)
        source = open_zarr(store, address.url, options)
    if source is None and address.format != "zarr":
        store = remote_store(address, options.retries, options.missing, view=N5View)
        source, named = open_n5(store, address.url, options), n5_key
    if source is None:
        message = (
            f"There is no zarr at {address.url} (neither zarr.json nor .zgroup), and no N5 "
            "(attributes.json). Only these are read from an address; check it."
        )
        raise VolumeNotFoundError(message)
    keep_chunks(store, named(source.stamped))
    return source
