"""Convert a volume to a sharded OME-Zarr pyramid."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from napari_vessel.errors import WriteError
from napari_vessel.volumes import convert_plan, convert_volume, is_begun, open_volume
from napari_vessel.workflows._events import Converted, Progress
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Convert

_SPARE = 2**28
_log = logging.getLogger(__name__)


def convert(request: Convert) -> Iterator[Progress | Converted]:
    """Write a volume at ``out``, whole or not at all; one that broke off is gone on with.

    Raises
    ------
    ExportError, OutputExistsError
        It cannot be written there.
    ReadError, WriteError
        It broke off; what is done is kept for the next time.
    """
    started = monotonic()
    volume = open_volume(request.volume, request.options)
    plan = convert_plan(volume, request.workers)
    resumed = is_begun(request.out)
    work = convert_volume(volume, request.out, workers=request.workers, overwrite=request.overwrite)
    _log.info(
        "Holds at most %.2f GB of memory; writes up to %.1f GB before compression.",
        plan.memory_bytes / 1e9, plan.disk_bytes / 1e9,
    )  # fmt: skip
    if not resumed:
        _refuse_full_disk(request.out, plan.disk_bytes)
    for step in work:
        left = _left(started, step.done, step.total) if not resumed else None
        yield Progress(step.done, step.total, "shards", f"Writing {request.out.name}", left)
    missing = tell_missing(volume)
    seconds = monotonic() - started
    written = open_volume(request.out)
    levels = len(written.shapes)
    yield Converted(request.out, volume.shape, levels, volume.nbytes, missing, resumed, seconds)


def _left(started: float, done: float, total: float) -> float | None:
    seconds = monotonic() - started
    return seconds / done * (total - done) if done and seconds > 5 else None


def _refuse_full_disk(out: Path, need: int) -> None:
    """Warn of a disk that may not do; refuse one that cannot hold a tenth of it."""
    folder = next(parent for parent in (out, *out.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(folder).free - _SPARE
    if free < need / 10:
        raise WriteError(
            f"{folder} has {free / 1e9:.1f} GB free; {out.name} takes up to {need / 1e9:.1f} GB. "
            "Choose another disk, or a coarser level."
        )
    if free < need:
        _log.warning(
            "%s has %.1f GB free; %s takes up to %.1f GB, usually less once compressed.",
            folder, free / 1e9, out.name, need / 1e9,
        )  # fmt: skip
