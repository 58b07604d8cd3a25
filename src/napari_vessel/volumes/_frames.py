"""Check compressed chunks by their headers before a decoder trusts them.

Blosc reads past the end of a chunk that was cut and gives back whatever lies there, and every
decoder makes room for as many bytes as the chunk says it holds.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

__all__ = ["FrameCheck", "frame_check"]

_SLACK = 8  # filters before the compressor may widen a voxel: from one byte to eight


@dataclass(frozen=True)
class FrameCheck:
    """What the chunks of an array must look like.

    Attributes
    ----------
    codec
        The name of the codec applied last on writing, ``"blosc"``, ``"zstd"``, ….
    largest
        Bytes a chunk can hold.
    """

    codec: str
    largest: int

    def check(self, head: bytes, length: int) -> None:
        """Check a chunk of ``length`` bytes by its first 16.

        Raises
        ------
        ValueError
            If it is cut, no frame of its codec, or would expand to more than a chunk.
        """
        held: int | None = None
        if self.codec == "blosc":
            if length < 16:
                message = f"{length} bytes are no blosc frame"
                raise ValueError(message)
            held, _, whole = struct.unpack_from("<III", head, 4)
            if whole != length:
                message = f"a blosc frame of {whole} bytes has {length}"
                raise ValueError(message)
        elif self.codec == "lz4" and length >= 4:
            held = struct.unpack_from("<I", head)[0]
        elif self.codec == "zstd":
            held = _zstd_content(head)
        if held is not None and held > self.largest:
            message = f"it would expand to {held:,} bytes; a chunk holds {self.largest:,}"
            raise ValueError(message)


def _zstd_content(head: bytes) -> int | None:
    """Read the content size of a zstd frame (RFC 8878, 3.1.1.1); None where it has none."""
    if head[:4] != b"\x28\xb5\x2f\xfd" or len(head) < 14:
        return None
    described = head[4]
    single = bool(described & 0x20)
    start = 5 + (0 if single else 1) + (0, 1, 2, 4)[described & 3]
    size = (1 if single else 0, 2, 4, 8)[described >> 6]
    found = int.from_bytes(head[start : start + size], "little")
    return (found + 256 if size == 2 else found) if size else None


def frame_check(document: Mapping[str, Any], chunk: tuple[int, ...], itemsize: int) -> FrameCheck:
    """Derive the check from an array's metadata document, already checked."""
    codec = document.get("compressor")
    if codec is None and document.get("codecs"):
        codec = document["codecs"][-1]
    named = codec if isinstance(codec, dict) else {}
    name = str(named.get("id", named.get("name", ""))).removeprefix("numcodecs.")
    return FrameCheck(name, prod(chunk) * itemsize * _SLACK + 64)
