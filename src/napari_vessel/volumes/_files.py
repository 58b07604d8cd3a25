"""Which single files are volumes: told by their first bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_vessel.volumes._options import VolumeOptions
from napari_vessel.volumes._source import Source

__all__ = ["opener_of"]

Opener = Callable[[Path, VolumeOptions], Source]
_TIFF = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}
_HDF5 = b"\x89HDF\r\n\x1a\n"


def opener_of(path: Path, magic: bytes) -> Opener | None:
    """Return what opens a file that begins with ``magic``; None where nothing does."""
    from napari_vessel.volumes._nifti import is_nifti, open_nifti

    if magic[:4] in _TIFF:
        from napari_vessel.volumes._tiff_stack import open_tiff_stack

        return open_tiff_stack
    if magic[:6] == b"\x93NUMPY":
        from napari_vessel.volumes._npy import open_npy

        return open_npy
    if magic[:4] == b"NRRD":
        from napari_vessel.volumes._nrrd import open_nrrd

        return open_nrrd
    if magic[:8] == _HDF5:
        from napari_vessel.volumes._hdf5 import open_hdf5

        return open_hdf5
    return open_nifti if is_nifti(path, magic) else None
