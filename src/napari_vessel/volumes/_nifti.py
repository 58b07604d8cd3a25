"""NIfTI-1 and NIfTI-2 in one file, ``.nii`` or ``.nii.gz``.

A NIfTI stores x fastest, so its voxels in order of storage are z, y, x. Rotations and flips
of its world are left to whoever needs them: voxels are shown as they are stored.
"""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_vessel.errors import CallerError, ReadError, UnsupportedVolumeError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes._array import About, ArraySource
from napari_vessel.volumes._axes import AxisPlan, plan_axes
from napari_vessel.volumes._dtypes import Stored, Voxels, readable_dtype
from napari_vessel.volumes._guard import check_chunks, check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._raw_file import RawLayout, raw_array
from napari_vessel.volumes._source import Source
from napari_vessel.volumes._units import micrometres

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

__all__ = ["is_nifti", "nifti_header", "open_nifti"]

_HEADER = 2**20  # bytes: header and extensions
_SIZES = {348: 1, 540: 2}
_GZIP = b"\x1f\x8b"
_AXES = ("x", "y", "z", "t", "c")
_UNITS = {"mm": 1e3, "meter": 1e6, "micron": 1.0}


def is_nifti(path: Path, magic: bytes) -> bool:
    """Tell a NIfTI by its first bytes; a packed one by its name and what is within."""
    if magic[:2] == _GZIP:
        return path.name.lower().endswith(".nii.gz")
    return _version(magic) is not None and path.suffix.lower() in {".nii", ".hdr", ".img"}


def open_nifti(path: Path, options: VolumeOptions = DEFAULT_OPTIONS) -> Source:
    """Open a NIfTI file from its header.

    Raises
    ------
    UnsupportedVolumeError
        If it is no volume of real numbers, or its header is damaged.
    ReadError
        If it is shorter than its header says.
    """
    uri = str(path)
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    header = _header(path, packed=packed)
    dtype = np.dtype(header.get_data_dtype())
    scaled = _scaling(header)
    readable = np.dtype(np.float32) if scaled else readable_dtype(dtype, uri)
    if dtype.kind not in "iufb":
        readable_dtype(dtype, uri)  # says what it is
    shape = check_shape(tuple(reversed(header.get_data_shape())), readable.itemsize, uri)
    offset = int(header.get_data_offset())
    layout = (
        RawLayout(shape, dtype, 0, "gzip", offset) if packed else RawLayout(shape, dtype, offset)
    )
    plan = _plan(shape, options, uri)
    check_chunks(shape, (1,) * (len(shape) - 2) + shape[-2:], readable.itemsize, uri)
    array = raw_array(path, layout)
    size, known = _voxel_size(header)
    identity = ["nifti", str(dtype), list(shape), offset, path.stat().st_size]
    about = About(uri, size, known, identity, _origin(header, size))
    return ArraySource([_Scaled(array, *scaled) if scaled else array], plan, about)


def nifti_header(path: Path) -> Nifti1Header | None:
    """Return the header of a file if that is a NIfTI.

    Raises
    ------
    ReadError, UnsupportedVolumeError
        If it is a damaged one.
    """
    if not path.is_file():
        return None
    with path.open("rb") as file:
        magic = file.read(16)
    return _header(path, packed=magic[:2] == _GZIP) if is_nifti(path, magic) else None


def _header(path: Path, *, packed: bool) -> Nifti1Header:
    """Read and check the header; of a packed file no more is unpacked than that."""
    from nibabel import Nifti1Header, Nifti2Header
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        with path.open("rb") as file:
            head = gzip.GzipFile(fileobj=file).read(_HEADER) if packed else file.read(_HEADER)
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} is cut or damaged: {error or type(error).__name__}"
        raise ReadError(message) from error
    version = _version(head)
    kind = Nifti2Header if version == 2 else Nifti1Header
    start = 4 if version == 2 else 344
    if version is None or head[start : start + 2] not in {b"n+", b"ni"}:
        message = f"{path} is no NIfTI-1 or NIfTI-2 file: its header is damaged."
        raise UnsupportedVolumeError(message)
    if head[start : start + 2] == b"ni":
        message = f"{path} is a pair of .hdr and .img; expected one .nii file. Convert it."
        raise UnsupportedVolumeError(message)
    try:
        # Without its extensions, which are notes.
        found: Nifti1Header = kind.from_fileobj(BytesIO(head[: 540 if version == 2 else 348]))
        _ = found.get_data_shape(), found.get_data_dtype(), found.get_data_offset()
    except (HeaderDataError, WrapStructError, ValueError, KeyError, OverflowError) as error:
        message = f"{path}: its NIfTI header is damaged: {error!s:.200}"
        raise UnsupportedVolumeError(message) from error
    return found


def _version(head: bytes) -> int | None:
    if len(head) < 4:
        return None
    return _SIZES.get(int.from_bytes(head[:4], "little")) or _SIZES.get(
        int.from_bytes(head[:4], "big")
    )


def _plan(shape: tuple[int, ...], options: VolumeOptions, uri: str) -> AxisPlan:
    names = list(reversed(_AXES[: len(shape)]))
    if len(shape) > len(_AXES):
        message = f"{uri} is {len(shape)}-D, shape {shape}; expected x, y, z."
        raise UnsupportedVolumeError(message)
    if len(shape) == 4 and options.channel is not None:
        names[0] = "c"  # many writers put channels where time should be
    return plan_axes(names, shape, options.channel, uri)


def _scaling(header: Nifti1Header) -> tuple[float, float] | None:
    """Return slope and intercept, or None where stored values are the values."""
    slope, inter = header.get_slope_inter()
    if slope is None or (slope == 1 and not inter):
        return None
    return float(slope), float(inter or 0.0)


def _voxel_size(header: Nifti1Header) -> tuple[VoxelSize | None, bool]:
    """Return edges in µm; without a unit they are millimetres, as is the custom, not known."""
    try:
        unit = header.get_xyzt_units()[0]
    except KeyError:  # a code that the format does not have
        unit = "unknown"
    # Stored in 32 bits, which hold seven digits.
    zooms = [float(f"{edge:.7g}") for edge in header.get_zooms()[:3]]
    factor = micrometres(unit) or _UNITS.get(unit, 1e3)
    known = unit in _UNITS
    if len(zooms) < 3 or (not known and zooms == [1.0, 1.0, 1.0]):
        return None, False
    x, y, z = (edge * factor for edge in zooms)
    try:
        return VoxelSize(z, y, x), known
    except CallerError:  # zero or no number
        return None, False


def _origin(header: Nifti1Header, size: VoxelSize | None) -> tuple[float, float, float]:
    """Return where the first voxel lies, where the file's world is not turned or mirrored."""
    affine = np.asarray(header.get_best_affine(), np.float64)
    edges = np.asarray(header.get_zooms()[:3], np.float64)
    placed = int(header["qform_code"]) > 0 or int(header["sform_code"]) > 0
    if not placed or size is None or len(edges) < 3:
        return 0.0, 0.0, 0.0
    if not np.allclose(affine[:3, :3], np.diag(edges), rtol=1e-4, atol=1e-6 * edges.max()):
        return 0.0, 0.0, 0.0
    if not np.isfinite(affine).all():
        return 0.0, 0.0, 0.0
    unit = size.x_um / edges[0]
    x, y, z = (float(value) * unit for value in affine[:3, 3])
    return z, y, x


class _Scaled:
    """Voxels times a slope plus an intercept, as float32."""

    def __init__(self, array: Stored, slope: float, inter: float) -> None:
        self._array, self._slope, self._inter = array, slope, inter
        self.shape = array.shape
        self.dtype: np.dtype[Any] = np.dtype(np.float32)

    def __getitem__(self, index: tuple[slice | int, ...]) -> Voxels:
        values = np.asarray(self._array[index], np.float64)
        return (values * self._slope + self._inter).astype(np.float32)
