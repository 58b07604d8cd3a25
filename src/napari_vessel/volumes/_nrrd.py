"""NRRD: a text header and voxels, in one file or in another beside it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.errors import CallerError, ReadError, UnsupportedVolumeError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes._array import About, ArraySource
from napari_vessel.volumes._axes import AxisPlan, plan_axes
from napari_vessel.volumes._dtypes import readable_dtype
from napari_vessel.volumes._guard import check_chunks, check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._raw_file import RawLayout, raw_array
from napari_vessel.volumes._source import Source
from napari_vessel.volumes._units import micrometres

__all__ = ["open_nrrd"]

_HEADER = 2**20
_PACKED = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}
_SPACE = {"domain", "space", "none", "???", ""}
_TYPES = {
    "signed char": "i1", "int8": "i1", "int8_t": "i1",
    "uchar": "u1", "unsigned char": "u1", "uint8": "u1", "uint8_t": "u1",
    "short": "i2", "short int": "i2", "signed short": "i2", "signed short int": "i2",
    "int16": "i2", "int16_t": "i2", "ushort": "u2", "unsigned short": "u2",
    "unsigned short int": "u2", "uint16": "u2", "uint16_t": "u2",
    "int": "i4", "signed int": "i4", "int32": "i4", "int32_t": "i4",
    "uint": "u4", "unsigned int": "u4", "uint32": "u4", "uint32_t": "u4",
    "longlong": "i8", "long long": "i8", "long long int": "i8", "signed long long": "i8",
    "signed long long int": "i8", "int64": "i8", "int64_t": "i8", "ulonglong": "u8",
    "unsigned long long": "u8", "unsigned long long int": "u8", "uint64": "u8", "uint64_t": "u8",
    "float": "f4", "double": "f8",
}  # fmt: skip


def open_nrrd(path: Path, options: VolumeOptions = DEFAULT_OPTIONS) -> Source:
    """Open a NRRD from its header; raw voxels are mapped, packed ones unpacked once.

    Raises
    ------
    UnsupportedVolumeError
        If it is no volume, is written as text, or its voxels lie in another folder.
    ReadError
        If it is shorter than its header says.
    """
    uri = str(path)
    header, end = _header(path)
    packing = _packing(header, uri)  # before the type: text has no byte order
    dtype = _dtype(header, uri)
    itemsize = readable_dtype(dtype, uri).itemsize
    sizes = _listed(header.get("sizes"))
    shape = check_shape(tuple(reversed(sizes)), itemsize, uri)
    check_chunks(shape, (1,) * max(len(shape) - 2, 0) + shape[-2:], itemsize, uri)
    plan = _plan(header, shape, options, uri)
    file, start = _voxels_of(path, header, end)
    line_skip, byte_skip = (_whole(header, f"{word} skip", uri) for word in ("line", "byte"))
    if line_skip or byte_skip < -1 or (byte_skip == -1 and packing != "raw"):
        message = f"{uri} skips lines or bytes in a way that is not supported. Write it again."
        raise UnsupportedVolumeError(message)
    layout = RawLayout(shape, dtype, start, packing, byte_skip if packing != "raw" else 0)
    if packing == "raw":
        last = file.stat().st_size - layout.nbytes
        layout = RawLayout(shape, dtype, max(last, 0) if byte_skip == -1 else start + byte_skip)
    array = raw_array(file, layout)
    size, known = _voxel_size(header)
    identity = ["nrrd", dtype.str, list(shape), packing, file.stat().st_size]
    return ArraySource([array], plan, About(uri, size, known, identity, _origin(header, size)))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the fields of the header, and where in the file it ends."""
    import nrrd

    with path.open("rb") as file:
        head = BytesIO(file.read(_HEADER))
    try:
        header = dict(nrrd.read_header(head))
    except (nrrd.NRRDError, ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"{path}: its NRRD header is damaged: {error!s:.200}"
        raise UnsupportedVolumeError(message.replace("\n", " ")) from error
    missing = [name for name in ("type", "sizes", "encoding") if name not in header]
    if missing or head.tell() >= _HEADER:
        found = f"{', '.join(missing)} missing" if missing else f"longer than {_HEADER:,} bytes"
        message = f"{path}: its NRRD header is damaged: {found}."
        raise UnsupportedVolumeError(message)
    return header, head.tell()


def _dtype(header: dict[str, Any], uri: str) -> np.dtype[Any]:
    name = str(header["type"]).strip()
    code = _TYPES.get(name)
    endian = str(header.get("endian", "")).strip().lower()
    if code is None or (code[1] != "1" and endian not in {"little", "big"}):
        message = f"{uri} holds voxels of type {name!r:.40}, endian {endian!r:.20}: not supported."
        raise UnsupportedVolumeError(message)
    return np.dtype((">" if endian == "big" else "<") + code)


def _packing(header: dict[str, Any], uri: str) -> Any:  # noqa: ANN401  one of three words
    found = str(header["encoding"]).strip().lower()
    if found not in _PACKED:
        message = f"{uri} is encoded as {found!r:.40}; expected raw, gzip or bzip2. Convert it."
        raise UnsupportedVolumeError(message)
    return _PACKED[found]


def _voxels_of(path: Path, header: dict[str, Any], end: int) -> tuple[Path, int]:
    """Return the file that holds the voxels; never one outside of the header's folder."""
    named = header.get("data file", header.get("datafile"))
    if named is None:
        return path, end
    name = str(named).strip()
    if name != Path(name).name or name in {"", ".", ".."} or "%" in name or name == "LIST":
        message = f"{path}: its voxels are said to be in {name!r:.80}; expected one file beside it."
        raise UnsupportedVolumeError(message)
    beside = path.with_name(name)
    if beside.is_symlink() or not beside.is_file():
        message = f"{path}: its voxels, {name!r}, are not beside it. Copy both files."
        raise ReadError(message)
    return beside, 0


def _plan(
    header: dict[str, Any], shape: tuple[int, ...], options: VolumeOptions, uri: str
) -> AxisPlan:
    kinds = [str(kind).lower() for kind in _listed(header.get("kinds"))]
    names = ["x", "y", "z"]
    if len(shape) == 4 and len(kinds) == 4 and kinds[0] not in _SPACE:
        names = ["c", *names]
    elif len(shape) == 4:
        names = [*names, "c" if options.channel is not None else "t"]
    elif len(shape) != 3:
        names = ["x", "y"] if len(shape) == 2 else []
    if not names:
        message = f"{uri} is {len(shape)}-D, shape {shape}; expected x, y, z."
        raise UnsupportedVolumeError(message)
    return plan_axes(list(reversed(names)), shape, options.channel, uri)


def _voxel_size(header: dict[str, Any]) -> tuple[VoxelSize | None, bool]:
    """Return edges in µm; without a unit they are millimetres, as is the custom, not known."""
    edges = [float(np.linalg.norm(row)) for row in _directions(header)]
    if len(edges) != 3:
        edges = [edge for edge in map(_number, _listed(header.get("spacings"))) if edge > 0]
    units = _listed(header.get("space units")) or _listed(header.get("units"))
    told = [micrometres(str(unit).strip('"')) for unit in units]
    lengths = [length for length in told if length is not None]
    known = len(lengths) >= 3
    if len(edges) != 3:
        return None, False
    factors = lengths[-3:] if known else [1e3] * 3
    x, y, z = (edge * factor for edge, factor in zip(edges, factors, strict=True))
    try:
        return VoxelSize(z, y, x), known
    except CallerError:
        return None, False


def _origin(header: dict[str, Any], size: VoxelSize | None) -> tuple[float, float, float]:
    """Return where the first voxel lies, where the axes are not turned or mirrored."""
    rows = _directions(header)
    first = [_number(value) for value in _listed(header.get("space origin"))]
    if size is None or len(rows) != 3 or len(first) != 3 or not np.isfinite(first).all():
        return 0.0, 0.0, 0.0
    matrix = np.asarray(rows, float)
    edges = np.diag(matrix)
    if not np.allclose(matrix, np.diag(edges)) or (edges <= 0).any():
        return 0.0, 0.0, 0.0
    unit = size.x_um / float(edges[0])
    x, y, z = (value * unit for value in first)
    return z, y, x


def _directions(header: dict[str, Any]) -> list[np.ndarray]:
    """Return the axes of the voxels that have a direction in space."""
    found = header.get("space directions")
    rows = [] if found is None else [np.atleast_1d(np.asarray(row, float)) for row in found]
    return [row for row in rows if row.size == 3 and np.isfinite(row).all()]


def _listed(found: object) -> list[Any]:
    if found is None:
        return []
    return list(found) if isinstance(found, (list, tuple, np.ndarray)) else str(found).split()


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")


def _whole(header: dict[str, Any], name: str, uri: str) -> int:
    found = header.get(name, header.get(name.replace(" ", ""), 0))
    try:
        return int(str(found))
    except ValueError:
        message = f"{uri}: {name} is {found!r:.40}; expected a whole number."
        raise UnsupportedVolumeError(message) from None
