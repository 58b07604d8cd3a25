"""JPEG 2000: what the header of an image says, read without decoding it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.errors import ReadError, UnsupportedVolumeError
from napari_vessel.volumes._dtypes import Voxels

__all__ = ["Jp2Header", "decode_jp2", "read_jp2_header"]

_HEAD = 2**16  # bytes; the codestream's header follows a few small boxes
_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_START = b"\xff\x4f\xff\x51"  # start of codestream, then image and tile size (SOC, SIZ)


@dataclass(frozen=True)
class Jp2Header:
    """Rows, columns and type of an image of one component."""

    rows: int
    columns: int
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        return f"{self.rows} × {self.columns} {self.dtype}"


def read_jp2_header(path: Path) -> Jp2Header:
    """Read size and type of a ``.jp2``, ``.j2k`` or ``.jpx`` image.

    Raises
    ------
    UnsupportedVolumeError
        If it is no JPEG 2000, or holds colour.
    ReadError
        If it is cut within its header.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.startswith((_SIGNATURE, _START)):
        kind = f"starts with {head[:12]!r}" if head else "is empty (0 bytes)"
        message = f"{path} {kind}: no JPEG 2000 image."
        raise UnsupportedVolumeError(message)
    at = head.find(_START)
    # ISO/IEC 15444-1, A.5.1: after the markers Lsiz, Rsiz, then sizes, then a line per component.
    if at < 0 or len(head) < at + 45:
        message = f"{path} is cut: its header is not whole. Copy it again."
        raise ReadError(message)
    right, bottom, left, top = struct.unpack_from(">IIII", head, at + 8)
    components = struct.unpack_from(">H", head, at + 40)[0]
    depth, step_x, step_y = struct.unpack_from(">BBB", head, at + 42)
    if components != 1:
        message = f"{path} is a colour image ({components} components); expected grey values."
        raise UnsupportedVolumeError(message)
    if (step_x, step_y) != (1, 1) or right <= left or bottom <= top:
        message = f"{path}: its header is damaged: {right - left} × {bottom - top} pixels."
        raise UnsupportedVolumeError(message)
    return Jp2Header(bottom - top, right - left, _dtype(depth, path))


def decode_jp2(path: Path, header: Jp2Header) -> Voxels:
    """Decode an image whole; what the decoder complains of is told.

    Raises
    ------
    ReadError
        If it is cut or damaged, or no longer as its header was.
    """
    import imagecodecs

    try:
        voxels = np.asarray(imagecodecs.jpeg2k_decode(path.read_bytes()))
    except (imagecodecs.Jpeg2kError, OSError, ValueError, MemoryError) as error:
        message = f"{path} is cut or damaged: {error!s:.200}. Copy it again."
        raise ReadError(message) from error
    if voxels.shape != (header.rows, header.columns) or voxels.dtype != header.dtype:
        message = f"{path} holds {voxels.shape} {voxels.dtype}; its header says {header}."
        raise ReadError(message)
    return voxels


def _dtype(depth: int, path: Path) -> np.dtype[Any]:
    """Return the type that holds ``depth`` (Ssiz: a sign, and bits less one)."""
    bits = (depth & 0x7F) + 1
    if bits > 32:
        message = f"{path} holds {bits} bits a pixel; expected at most 32."
        raise UnsupportedVolumeError(message)
    width = 1 if bits <= 8 else 2 if bits <= 16 else 4
    return np.dtype(f"{'i' if depth & 0x80 else 'u'}{width}")
