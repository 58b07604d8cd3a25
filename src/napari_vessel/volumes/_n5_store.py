"""N5 seen as zarr 2: documents translated, keys turned round, blocks decoded.

zarr 3 reads no N5. Through this view an N5 has what every zarr here has: retries, a bounded
time, a cache, missing blocks counted and damaged ones named. The format is that of
https://github.com/saalfeldlab/n5#file-system-specification: axes x, y, z, big-endian.
"""

from __future__ import annotations

import bz2
import json
import lzma
import struct
import zlib
from math import prod
from typing import Any

import numpy as np
from numcodecs import blosc, zstd
from numcodecs.abc import Codec
from numcodecs.registry import register_codec
from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import WrapperStore

from napari_vessel.volumes._frames import FrameCheck

__all__ = ["N5_CODEC", "N5View", "n5_key"]

N5_CODEC = "n5_block"
_ATTRIBUTES = "attributes.json"
_TYPES = {"int8": "|i1", "uint8": "|u1"}
_TYPES |= {f"int{bits}": f">i{bits // 8}" for bits in (16, 32, 64)}
_TYPES |= {f"uint{bits}": f">u{bits // 8}" for bits in (16, 32, 64)}
_TYPES |= {"float32": ">f4", "float64": ">f8"}


def n5_key(key: str) -> str:
    """Return the key in an N5 of what zarr 2 asks for.

    >>> n5_key("s0/.zarray"), n5_key("s0/3.2.1")
    ('s0/attributes.json', 's0/1/2/3')
    """
    folder, _, name = key.rpartition("/")
    prefix = f"{folder}/" if folder else ""
    if name in {".zarray", ".zgroup", ".zattrs"}:
        return prefix + _ATTRIBUTES
    parts = name.split(".")
    return prefix + "/".join(reversed(parts)) if all(part.isdigit() for part in parts) else key


class N5View(WrapperStore[Store]):
    """A store that holds an N5, as one that holds a zarr 2; for reading."""

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Get a document in zarr's words, or a block as it is."""
        if key.endswith(("zarr.json", ".zmetadata")):
            return None  # no N5 has them: not worth a request
        found = await self._store.get(n5_key(key), prototype, byte_range)
        if found is None or not key.endswith(".zarray"):
            return found
        told = _array_document(found.to_bytes())
        return None if told is None else prototype.buffer.from_bytes(told)


def _array_document(attributes: bytes) -> bytes | None:
    """Translate a dataset's attributes; None for a group. What is odd is passed on, to be told."""
    try:
        found = json.loads(attributes)
    except (ValueError, RecursionError):
        return attributes  # the reader of documents says what is wrong
    if not isinstance(found, dict) or "dimensions" not in found:
        return None if isinstance(found, dict) else attributes
    kind = found.get("dataType")
    compression = found.get("compression", found.get("compressionType", "raw"))
    named = compression if isinstance(compression, dict) else {"type": compression}
    chunks = _turned(found.get("blockSize"))
    dtype = _TYPES.get(kind) if isinstance(kind, str) else None
    codec = {"id": N5_CODEC, "packing": str(named.get("type")), "dtype": dtype, "chunks": chunks}
    document = {
        "zarr_format": 2, "shape": _turned(found["dimensions"]), "chunks": chunks,
        "dtype": dtype or kind, "compressor": codec, "fill_value": 0, "order": "C",
        "filters": None, "dimension_separator": ".",
        "downsampling": found.get("downsamplingFactors"),
    }  # fmt: skip
    return json.dumps(document).encode()


def _turned(edges: object) -> object:
    return edges[::-1] if isinstance(edges, list) else edges


class N5Block(Codec):  # type: ignore[misc]  # numcodecs ships no types
    """A block: its size, then its voxels, packed; smaller than a chunk at the far edges."""

    codec_id = N5_CODEC

    def __init__(self, packing: str, dtype: str, chunks: list[int]) -> None:
        self.packing, self.dtype, self.chunks = packing, np.dtype(dtype), tuple(chunks)
        self._largest = prod(self.chunks) * self.dtype.itemsize

    def get_config(self) -> dict[str, Any]:
        """Return what makes this codec again."""
        config = {"packing": self.packing, "dtype": self.dtype.str, "chunks": list(self.chunks)}
        return {"id": self.codec_id, **config}

    def encode(self, buf: object) -> bytes:  # noqa: ARG002  numcodecs' own name
        """Refuse: N5 is only read."""
        message = "N5 is read, not written"
        raise ValueError(message)

    def decode(self, buf: Any, out: Any = None) -> Any:  # noqa: ANN401  any buffer
        """Unpack a block into a whole chunk, zero beyond the volume's edge.

        Raises
        ------
        ValueError
            If it is cut, or not of this dataset.
        """
        data = bytes(buf)
        mode, axes = struct.unpack_from(">HH", data) if len(data) >= 4 else (2, 0)
        start = 4 + 4 * axes + 4 * (mode == 1)
        if mode > 1 or axes != len(self.chunks) or len(data) < start:
            message = f"{len(data)} bytes are no N5 block of {len(self.chunks)} axes"
            raise ValueError(message)
        shape = struct.unpack_from(f">{axes}I", data, 4)[::-1]
        if any(edge > chunk for edge, chunk in zip(shape, self.chunks, strict=True)):
            message = f"an N5 block of {shape} is larger than {self.chunks}"
            raise ValueError(message)
        voxels = _unpacked(self.packing, data[start:], self._largest)
        need = prod(shape) * self.dtype.itemsize
        if len(voxels) < need:
            message = f"an N5 block of {shape} holds {len(voxels)} of {need} bytes"
            raise ValueError(message)
        whole = np.zeros(self.chunks, self.dtype) if out is None else out
        part = np.frombuffer(voxels, self.dtype, prod(shape)).reshape(shape)
        whole[tuple(slice(0, edge) for edge in shape)] = part
        return whole


register_codec(N5Block, N5_CODEC)


def _unpacked(packing: str, body: bytes, largest: int) -> bytes:
    """Unpack at most ``largest`` bytes and one, whatever the block says."""
    if packing == "raw":
        return body
    if packing in {"blosc", "zstd"}:
        FrameCheck(packing, largest).check(body[:16], len(body))
        found: bytes = (blosc if packing == "blosc" else zstd).decompress(body)
        return found
    if packing in {"gzip", "zlib"}:
        return zlib.decompressobj(47).decompress(body, largest + 1)  # either header
    if packing in {"bzip2", "bz2"}:
        return bz2.BZ2Decompressor().decompress(body, largest + 1)
    if packing in {"xz", "lzma"}:
        return lzma.LZMADecompressor().decompress(body, largest + 1)
    message = f"N5 blocks packed with {packing!r:.40} are not supported"
    raise ValueError(message)
