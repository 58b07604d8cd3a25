"""Read zarr's metadata documents and check them before zarr acts on them.

A document from anywhere can name codecs that run code (pickle), shapes that overflow and
chunks that fill the memory. Only what is checked here reaches zarr.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync

from napari_vessel.errors import UnsupportedVolumeError
from napari_vessel.volumes._guard import check_chunks, check_shape
from napari_vessel.volumes._reading_store import ReadingStore

__all__ = ["array_document", "check_path", "document", "group_attributes"]

_MAX_DOCUMENT = 2**26  # bytes; consolidated metadata of large plates reach some MiB
_SAFE_CODECS = {
    "adler32", "astype", "bitround", "blosc", "bytes", "bz2", "crc32", "crc32c", "delta",
    "fixedscaleoffset", "fletcher32", "gzip", "jenkins_lookup3", "lz4", "lzma", "n5_block",
    "packbits",
    "pcodec", "quantize", "sharding_indexed", "shuffle", "transpose", "zfpy", "zlib", "zstd",
}  # fmt: skip
_NUMPY = re.compile(r"[<>|=]?[biufc]\d{1,2}")


def document(store: ReadingStore, key: str, uri: str) -> dict[str, Any] | None:
    """Read a JSON document of a store, or None where there is none.

    Raises
    ------
    UnsupportedVolumeError
        If it is no JSON object.
    ReadError
        If it cannot be read.
    """
    found = sync(store.get(key, default_buffer_prototype()))
    if found is None:
        return None
    if len(found) > _MAX_DOCUMENT:
        message = f"{uri}: {key} is {len(found):,} bytes long; that is no metadata."
        raise UnsupportedVolumeError(message)
    try:
        parsed = json.loads(found.to_bytes())
    except (ValueError, RecursionError) as error:
        message = f"{uri}: {key} is damaged, no JSON: {error!s:.100}"
        raise UnsupportedVolumeError(message) from error
    if not isinstance(parsed, dict):
        message = f"{uri}: {key} is damaged: expected a JSON object."
        raise UnsupportedVolumeError(message)
    return parsed


def group_attributes(store: ReadingStore, uri: str) -> dict[str, Any] | None:
    """Return the attributes of the group at the root, or None where there is none."""
    current = document(store, "zarr.json", uri)
    if current is not None:
        found = current.get("attributes", {}) if current.get("node_type") == "group" else None
        return found if isinstance(found, dict) else None
    attributes = document(store, ".zattrs", uri)
    if document(store, ".zgroup", uri) is not None:
        return attributes or {}
    # Old writers leave .zgroup out; an array has attributes as well.
    return attributes if document(store, ".zarray", uri) is None else None


def check_path(path: str, uri: str) -> str:
    """Refuse a path within a volume that leads out of it."""
    parts = path.replace("\\", "/").split("/")
    if path.startswith("/") or ":" in parts[0] or any(part in {"..", "."} for part in parts):
        message = f"{uri}: the path {path!r} leads out of the volume; refused."
        raise UnsupportedVolumeError(message)
    return path.strip("/")


def array_document(store: ReadingStore, path: str, uri: str) -> dict[str, Any] | None:
    """Read and check the metadata of the array at ``path``, or None where there is none.

    Raises
    ------
    UnsupportedVolumeError
        If shape, chunks, type or codecs are not those of a volume.
    """
    prefix = f"{path}/" if path else ""
    where = f"{uri}/{path}" if path else uri
    current = document(store, f"{prefix}zarr.json", where)
    if current is not None:
        if current.get("node_type") != "array":
            return None
        _check(current, current.get("data_type"), _grid_chunk(current), where)
        return current
    older = document(store, f"{prefix}.zarray", where)
    if older is not None:
        _check(older, older.get("dtype"), older.get("chunks"), where)
    return older


def _check(found: dict[str, Any], dtype: object, chunk: object, where: str) -> None:
    itemsize = _itemsize(dtype, where)
    shape = found.get("shape")
    if not isinstance(shape, list) or not isinstance(chunk, list):
        message = f"{where}: shape {shape!r:.100} in chunks {chunk!r:.100}; expected lists."
        raise UnsupportedVolumeError(message)
    checked = check_shape(shape, itemsize, where)
    if any(isinstance(edge, bool) or not isinstance(edge, int) for edge in chunk):
        message = f"{where}: chunks {chunk!r:.100}; expected whole numbers."
        raise UnsupportedVolumeError(message)
    inner = _inner_chunk(found)
    check_chunks(checked, inner or chunk, itemsize, where)
    for codec in _codecs(found):
        if codec.removeprefix("numcodecs.") not in _SAFE_CODECS and not _is_image(codec):
            message = f"{where} is compressed with {codec!r:.60}, which is not supported."
            raise UnsupportedVolumeError(message)


def _is_image(codec: str) -> bool:
    return codec.removeprefix("numcodecs.").startswith("imagecodecs_")


def _itemsize(dtype: object, where: str) -> int:
    names = {"bool": 1, "float16": 2, "float32": 4, "float64": 8}
    names |= {f"{kind}int{8 * size}": size for kind in ("", "u") for size in (1, 2, 4, 8)}
    if isinstance(dtype, str) and dtype in names:
        return names[dtype]
    if isinstance(dtype, str) and _NUMPY.fullmatch(dtype) and not dtype.endswith(("c8", "c16")):
        size = int(re.sub(r"\D", "", dtype))
        if size in {1, 2, 4, 8}:
            return size
    message = f"{where} holds voxels of type {dtype!r:.60}; expected integers, floats or bool."
    raise UnsupportedVolumeError(message)


def _grid_chunk(found: dict[str, Any]) -> object:
    return _nested(found, "chunk_grid", "configuration", "chunk_shape")


def _inner_chunk(found: dict[str, Any]) -> list[int] | None:
    """Return the chunk within a shard: what is read at once; None where there are no shards."""
    codecs = found.get("codecs")
    for codec in codecs if isinstance(codecs, list) else []:
        if isinstance(codec, dict) and codec.get("name") == "sharding_indexed":
            chunk = _nested(codec, "configuration", "chunk_shape")
            if isinstance(chunk, list) and all(type(edge) is int for edge in chunk):
                return chunk
    return None


def _nested(found: object, *keys: str) -> object:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _codecs(found: object) -> Iterator[str]:
    """Name every codec, filter and compressor, also those within shards."""
    if not isinstance(found, dict):
        return
    listed = [found.get("compressor")]
    for name in ("filters", "codecs", "index_codecs"):
        several = found.get(name)
        listed += several if isinstance(several, list) else [several]
    for codec in listed:
        if isinstance(codec, dict):
            yield str(codec.get("id", codec.get("name")))
            yield from _codecs(codec.get("configuration"))
        elif codec is not None:
            yield str(codec)
