"""Voxels that lie one after another in a file: mapped, or unpacked once and then mapped."""

from __future__ import annotations

import bz2
import gzip
import shutil
import tempfile
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from threading import Lock
from typing import IO, Any, Literal

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.volumes._dtypes import Stored, Voxels

__all__ = ["RawLayout", "raw_array"]

_PIECE = 2**22  # bytes unpacked at once
_SPARE = 2**28  # bytes that stay free on the disk
_DAMAGE = (OSError, EOFError, ValueError, zlib.error)


@dataclass(frozen=True)
class RawLayout:
    """Where the voxels of a file lie.

    Attributes
    ----------
    shape
        In C order: the axis that varies fastest is the last.
    dtype
        With its byte order.
    start
        Bytes of the file before its voxels, or before the packed stream.
    packing
        How they are packed.
    skip
        Bytes of the unpacked stream before the voxels.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int
    packing: Literal["raw", "gzip", "bzip2"] = "raw"
    skip: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all voxels."""
        return prod(self.shape) * int(self.dtype.itemsize)


def raw_array(path: Path, layout: RawLayout) -> Stored:
    """Give the voxels of a file as an array that is read by indexing.

    Packed ones cannot be read in the middle: the first reading unpacks them all into a
    temporary file, which goes when the array does.

    Raises
    ------
    ReadError
        If the file is shorter than its header says; of packed files, on the first reading.
    """
    if layout.packing != "raw":
        return _Unpacked(path, layout)
    size, end = path.stat().st_size, layout.start + layout.nbytes
    if size < end:
        message = f"{path} is cut: {size:,} of {end:,} bytes. Copy it again."
        raise ReadError(message)
    return np.memmap(path, layout.dtype, "r", layout.start, layout.shape)


class _Unpacked:
    """Packed voxels, unpacked when they are first asked for; for several threads."""

    def __init__(self, path: Path, layout: RawLayout) -> None:
        self._path = path
        self._layout = layout
        self._lock = Lock()
        self._mapped: Voxels | None = None
        self.shape = layout.shape
        self.dtype = layout.dtype

    def __getitem__(self, index: tuple[slice | int, ...]) -> Voxels:
        with self._lock:
            if self._mapped is None:
                self._mapped = self._unpacked()
            mapped = self._mapped
        found: Voxels = mapped[index]
        return found

    def _unpacked(self) -> Voxels:
        need = self._layout.nbytes
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
        if need + _SPARE > free:
            message = (
                f"{self._path} unpacks to {need / 1e9:.1f} GB, and {folder} has "
                f"{free / 1e9:.1f} GB free. Unpack it yourself, or set TMPDIR to another disk."
            )
            raise ReadError(message)
        with tempfile.TemporaryFile(prefix="napari-vessel-") as target:
            try:
                self._copy(target)
            except _DAMAGE as error:
                message = f"{self._path} is cut or damaged: {error or type(error).__name__}"
                raise ReadError(f"{message:.300}. Copy it again.") from error
            target.flush()
            return np.memmap(target, self._layout.dtype, "r", 0, self._layout.shape)

    def _copy(self, target: IO[bytes]) -> None:
        layout = self._layout
        with self._path.open("rb") as file:
            file.seek(layout.start)
            stream: IO[bytes]
            # Typed alike, though the two share no class but the protocol.
            stream = gzip.GzipFile(fileobj=file) if layout.packing == "gzip" else bz2.BZ2File(file)  # type: ignore[assignment]
            with stream:
                _take(stream, layout.skip, None)
                _take(stream, layout.nbytes, target)


def _take(stream: IO[bytes], count: int, target: IO[bytes] | None) -> None:
    """Read ``count`` bytes, no more: what the header promises bounds what is unpacked."""
    left = count
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            message = f"{count - left:,} of {count:,} bytes are there"
            raise EOFError(message)
        left -= len(piece)
        if target is not None:
            target.write(piece)
