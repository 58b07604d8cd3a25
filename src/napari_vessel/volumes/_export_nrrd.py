"""A mask as NRRD, 0 and 1, gzip, sizes in millimetres: what 3D Slicer and ITK read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from napari_vessel.volumes._atomic import file_beside
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._output import check_file
from napari_vessel.volumes._provenance import crate_path, write_crate
from napari_vessel.volumes._witness import Witness, read_back

__all__ = ["export_nrrd"]


def export_nrrd(
    source: MaskSource, out: Path, *, overwrite: bool = False, resume: bool = False
) -> Iterator[ExportProgress]:
    """Write a mask as one NRRD file.

    Parameters
    ----------
    source
        The mask; read once, in slabs of slices.
    out
        The file to make, by custom ``NAME.nrrd`` or ``NAME.seg.nrrd``.
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
    for file in (out, crate_path(out, folder=False)):
        check_file(source, file, overwrite=overwrite)
    return _export(source, out, overwrite=overwrite)


def _export(source: MaskSource, out: Path, *, overwrite: bool) -> Iterator[ExportProgress]:
    count, witness = source.shape[0], Witness(source)
    total = 2 * count + 1
    head = _head(source)
    with file_beside(out, overwrite=overwrite) as beside:
        with beside.open("wb") as file:
            file.write(head)
            with gzip.GzipFile("", "wb", 4, file, mtime=0) as stream:
                for first, slab in witness.source.slabs():
                    stream.write(slab.tobytes())
                    yield from (ExportProgress(first + n + 1, total) for n in range(len(slab)))
        with beside.open("rb") as file:
            file.seek(len(head))
            for done in read_back(gzip.GzipFile(fileobj=file), source.shape, witness.sum, out):
                yield ExportProgress(count + done, total)
    write_crate(crate_path(out, folder=False), source, witness.sum, form="nrrd", part=out.name)
    yield ExportProgress(total, total)


def _head(source: MaskSource) -> bytes:
    x, y, z = (edge / 1000 for edge in reversed(source.voxel_size.zyx))
    first = ",".join(repr(value / 1000) for value in reversed(source.origin_um))
    # A key's value escapes its backslashes (teem.sourceforge.net/nrrd/format.html, 5.2).
    recipe = json.dumps(source.document).replace("\\", "\\\\")
    lines = [
        "NRRD0005",
        "# A vessel mask: 1 where there is a vessel",
        "type: uint8",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(str(edge) for edge in reversed(source.shape)),
        f"space directions: ({x!r},0,0) (0,{y!r},0) (0,0,{z!r})",
        "kinds: domain domain domain",
        'space units: "mm" "mm" "mm"',
        "endian: little",
        "encoding: gzip",
        f"space origin: ({first})",
        f"recipe:={recipe}",
    ]
    return ("\n".join(lines) + "\n\n").encode("ascii")
