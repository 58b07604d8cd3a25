"""Export the mask of a project, or a mask file, with its provenance."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from napari_vessel.errors import ExportError
from napari_vessel.volumes import EXPORTERS
from napari_vessel.workflows._events import Exported, Progress
from napari_vessel.workflows._masks import open_mask, tell_unproposed
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Export
from napari_vessel.workflows._tally import Tally


def export(request: Export) -> Iterator[Progress | Exported]:
    """Write the mask at ``out``, whole or not at all.

    Raises
    ------
    ExportError
        The format is not known, or it would harm the source.
    OutputExistsError
        Something stands at ``out`` and ``overwrite`` is off.
    """
    if request.format not in EXPORTERS:
        known = ", ".join(sorted(EXPORTERS))
        raise ExportError(f"Format {request.format!r} is not known; choose one of {known}.")
    started = monotonic()
    opened = open_mask(request.source, request.options)
    tally = Tally(opened.mask)
    work = EXPORTERS[request.format](tally.source, request.out, overwrite=request.overwrite)
    tell_unproposed(opened.mask)  # the exporter has accepted the request
    for step in work:
        yield Progress(step.done, step.total, "pieces", f"Writing {request.out.name}")
    if opened.volume:
        tell_missing(opened.volume)
    yield Exported(request.out, request.format, tally.voxels, tally.vessel, monotonic() - started)
