"""Export the mask of a project, or a mask file, with its provenance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from napari_vessel.errors import ExportError
from napari_vessel.volumes import EXPORTERS, ExportProgress, MaskSource, export_labels
from napari_vessel.workflows._events import Exported, Progress
from napari_vessel.workflows._masks import open_mask, tell_unproposed
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Export
from napari_vessel.workflows._tally import Tally

INSIDE = "inside"
"""The format that writes labels into the volume, where that is an OME-Zarr on this computer."""


def export(request: Export) -> Iterator[Progress | Exported]:
    """Write the mask at ``out``, whole or not at all.

    OME-Zarr and TIFF slices that break off leave what is done beside, as ``OUT.unfinished``;
    the same export asked again goes on with it.

    Raises
    ------
    ExportError
        The format is not known, or it would harm the source.
    OutputExistsError
        Something stands at ``out`` and ``overwrite`` is off.
    """
    if request.format not in EXPORTERS and request.format != INSIDE:
        known = ", ".join(sorted([*EXPORTERS, INSIDE]))
        raise ExportError(f"Format {request.format!r} is not known; choose one of {known}.")
    started = monotonic()
    opened = open_mask(request.source, request.options)
    tally = Tally(opened.mask)
    out, work = _begun(request, tally.source)
    tell_unproposed(opened.mask)  # the exporter has accepted the request
    for step in work:
        yield Progress(step.done, step.total, "pieces", f"Writing {out.name}")
    if opened.volume:
        tell_missing(opened.volume)
    yield Exported(out, request.format, tally.voxels, tally.vessel, monotonic() - started)


def _begun(request: Export, mask: MaskSource) -> tuple[Path, Iterator[ExportProgress]]:
    """Have the exporter accept the request; return where the mask goes, and the work."""
    if request.format != INSIDE:
        exporter = EXPORTERS[request.format]
        return request.out, exporter(mask, request.out, overwrite=request.overwrite, resume=True)
    work = export_labels(mask, request.out, overwrite=request.overwrite, resume=True)
    return request.out / "labels" / "vessels", work
