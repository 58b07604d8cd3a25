"""Open whatever a person names as a volume."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from napari_vessel.errors import (
    ReadError,
    UnsupportedVolumeError,
    VesselError,
    VolumeNotFoundError,
)
from napari_vessel.volumes._coarser import with_coarser
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._source import Source
from napari_vessel.volumes._volume import Volume

__all__ = ["open_volume"]

_EXPECTED = (
    "Expected OME-Zarr (0.4 or 0.5; a folder or an http(s) address), a folder of TIFF slices, "
    "a TIFF stack or a .npy file."
)
_TIFF = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}
_ZARR = ("zarr.json", ".zarray", ".zgroup", ".zattrs")


def open_volume(where: str | os.PathLike[str], options: VolumeOptions = DEFAULT_OPTIONS) -> Volume:
    """Open a volume from its metadata; no voxel is read.

    Parameters
    ----------
    where
        A path, or an ``http(s)://`` or ``file://`` address. What it is follows from what it
        holds, not from its name.
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
    source = _source(where, options)
    return Volume(with_coarser(source), options)


def _source(where: str | os.PathLike[str], options: VolumeOptions) -> Source:
    text = os.fspath(where)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    if scheme is None:
        return _local(Path(text).expanduser() if text.strip() else None, options)
    if scheme[1].lower() == "file":
        return _local(Path(unquote(urlsplit(text).path)), options)
    if scheme[1].lower() in {"http", "https"}:
        return _remote(text, options)
    message = f"Addresses of {scheme[1]}:// are not supported. {_EXPECTED}"
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
    from napari_vessel.volumes._ome_zarr import open_zarr
    from napari_vessel.volumes._reading_store import local_store
    from napari_vessel.volumes._tiff_folder import TiffFolderSource, slice_folder

    if any((path / name).is_file() for name in _ZARR):
        source = open_zarr(local_store(path, options.missing), str(path), options)
        if source is not None:
            return source
    slices = slice_folder(path)
    if slices is not None:
        return TiffFolderSource(slices, options)
    message = f"{path} holds no volume: {_contents(path)}. {_EXPECTED}"
    raise UnsupportedVolumeError(message)


def _contents(path: Path) -> str:
    names = sorted(entry.name for entry in path.iterdir())
    if not names:
        return "it is empty"
    return f"it holds {', '.join(names[:5])}" + (f" and {len(names) - 5} more" * (len(names) > 5))


def _file(path: Path, options: VolumeOptions) -> Source:
    with path.open("rb") as file:
        magic = file.read(8)
    if magic[:4] in _TIFF:
        from napari_vessel.volumes._tiff_stack import open_tiff_stack

        return open_tiff_stack(path, options)
    if magic[:6] == b"\x93NUMPY":
        from napari_vessel.volumes._npy import open_npy

        return open_npy(path, options)
    kind = f"starts with {magic!r}" if magic else "is empty (0 bytes)"
    message = f"{path} {kind}: no volume this program knows. {_EXPECTED}"
    raise UnsupportedVolumeError(message)


def _remote(text: str, options: VolumeOptions) -> Source:
    from napari_vessel.volumes._ome_zarr import open_zarr
    from napari_vessel.volumes._remote import Address, remote_store

    address = Address.of(text)
    store = remote_store(address, options.retries, options.missing)
    source = open_zarr(store, address.url, options)
    if source is None:
        message = (
            f"There is no zarr at {address.url} (neither zarr.json nor .zgroup). Over http(s) "
            "only OME-Zarr is read; check the address."
        )
        raise VolumeNotFoundError(message)
    return source
