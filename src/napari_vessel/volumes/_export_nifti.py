"""A mask as NIfTI, 0 and 1, sizes in millimetres; packed where the name ends in ``.gz``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from napari_vessel.volumes._atomic import file_beside
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._output import check_file
from napari_vessel.volumes._provenance import crate_path, write_crate
from napari_vessel.volumes._witness import Witness, read_back

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header

__all__ = ["export_nifti"]

_LARGEST = 32767  # voxels along an edge of a NIfTI-1
_COMMENT = 6  # ecode


def export_nifti(
    source: MaskSource, out: Path, *, overwrite: bool = False, resume: bool = False
) -> Iterator[ExportProgress]:
    """Write a mask as one NIfTI-1 file (NIfTI-2 where an edge is above 32,767 voxels).

    Where the volume itself is a NIfTI, its world is taken over: the mask lies on it.

    Parameters
    ----------
    source
        The mask; read once, in slabs of slices.
    out
        The file to make, by custom ``NAME.nii`` or ``NAME.nii.gz``.
    overwrite
        Replace an earlier one, once the new one is whole.
    resume
        Of no use: one file begins anew.

    Returns
    -------
    Iterator[ExportProgress]
        To be drawn to its end; nothing stands at ``out`` before. A second pass verifies.

    Raises
    ------
    ExportError, OutputExistsError
        At once, if it cannot be written as asked.
    ReadError, WriteError
        While drawing; what stood at ``out`` is kept.
    """
    del resume
    place = crate_path(out, folder=False)
    for file in (out, place):
        check_file(source, file, overwrite=overwrite)
    return _export(source, out, overwrite=overwrite)


def _export(source: MaskSource, out: Path, *, overwrite: bool) -> Iterator[ExportProgress]:
    packed = out.name.lower().endswith(".gz")
    count, witness = source.shape[0], Witness(source)
    total = 2 * count + 1
    head = _head(source)
    with file_beside(out, overwrite=overwrite) as beside:
        with _target(beside, packed=packed) as file:
            file.write(head)
            for first, slab in witness.source.slabs():
                file.write(slab.tobytes())
                yield from (ExportProgress(first + n + 1, total) for n in range(len(slab)))
        with beside.open("rb") as raw:
            written: IO[bytes] = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
            written.seek(len(head))
            for done in read_back(written, source.shape, witness.sum, out):
                yield ExportProgress(count + done, total)
    place = crate_path(out, folder=False)
    write_crate(place, source, witness.sum, form="nifti", part=out.name)
    yield ExportProgress(total, total)


def _head(source: MaskSource) -> bytes:
    """Return header and extension, which holds the recipe."""
    from nibabel import Nifti1Header, Nifti2Header
    from nibabel.nifti1 import Nifti1Extension

    kind: type[Nifti1Header] = Nifti2Header if max(source.shape) > _LARGEST else Nifti1Header
    header = kind()
    header.set_data_dtype(np.uint8)
    header.set_data_shape(tuple(reversed(source.shape)))
    _place(header, source)
    header["descrip"] = str(source.document["software"]).encode()
    header["cal_max"] = 1
    recipe = json.dumps(source.document).encode()
    header.extensions.append(Nifti1Extension(_COMMENT, recipe))
    # By hand: nibabel leaves room for extensions only where it writes a whole image.
    size = int(header["sizeof_hdr"]) + 4 + header.extensions.get_sizeondisk()
    header.set_data_offset(-(-size // 16) * 16)
    file = BytesIO()
    header.write_to(file)
    return file.getvalue().ljust(int(header.get_data_offset()), b"\0")


def _place(header: Nifti1Header, source: MaskSource) -> None:
    """Set edges, and where the voxels lie: as the volume's own file says, else unturned."""
    like = _header_of(source)
    if like is not None:
        header.set_zooms(like.get_zooms()[:3])
        header.set_sform(like.get_sform(), int(like["sform_code"]))
        header.set_qform(like.get_qform(), int(like["qform_code"]))
        header.set_xyzt_units(like.get_xyzt_units()[0])
        return
    edges = [edge / 1000 for edge in reversed(source.voxel_size.zyx)]
    affine = np.diag([*edges, 1.0])
    affine[:3, 3] = [first / 1000 for first in reversed(source.origin_um)]
    header.set_zooms(edges)
    header.set_xyzt_units("mm")
    header.set_sform(affine, 1)
    header.set_qform(affine, 1)


def _header_of(source: MaskSource) -> Nifti1Header | None:
    """Return the header of the volume, where that is a NIfTI read as it is stored."""
    from napari_vessel.volumes._nifti import nifti_header

    if source.like is None:
        return None
    header = nifti_header(source.like)
    if header is None or tuple(header.get_data_shape()[:3]) != tuple(reversed(source.shape)):
        return None
    told = header.get_xyzt_units()[0] != "unknown"
    return header if told else None


@contextmanager
def _target(file: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with file.open("wb") as raw:
        if not packed:
            yield raw
            return
        with gzip.GzipFile("", "wb", 4, raw, mtime=0) as stream:
            yield stream  # type: ignore[misc]  # as good as IO[bytes]
