"""Look through a whole volume with a classifier of chunks, for where vessels may be."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from time import monotonic

import numpy as np

import napari_vessel
from napari_vessel.datasets import CHUNK_CLASSES, ChunksData, ChunkView
from napari_vessel.errors import CheckpointError, OutputExistsError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.networks import ClassifierCard, ClassifierCheckpoint, choose_device
from napari_vessel.training import predict_classes
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.workflows._boxes import inside
from napari_vessel.workflows._classify_events import ChunkJudged, Triaged
from napari_vessel.workflows._classify_requests import Triage
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._organ import organ_for
from napari_vessel.workflows._run_write import config_beside, write_run
from napari_vessel.workflows._triage_map import TriageMap, is_triage, open_triage, write_triage
from napari_vessel.workflows._triage_slabs import Look, batches
from napari_vessel.workflows._unfinished import LOCK, held

__all__ = ["triage"]

_KEEP_S = 20.0  # of work that a kill can cost
_UNLIKE = 1.2  # ratio of voxel sizes from which on a classifier sees another scale
_log = logging.getLogger(__name__)


def triage(request: Triage) -> Iterator[Progress | ChunkJudged | Triaged]:
    """Ask a classifier of chunks for a vessel in every chunk of a volume.

    Memory is bounded by a slab of the volume. What is judged lies at ``out`` from early on:
    whoever stops asking, or is killed, goes on there. Chunks outside of the organ are not judged;
    nor are those that cannot be read, which are told.

    Raises
    ------
    CheckpointError
        The classifier is none of chunks.
    OutputExistsError
        Something stands at ``out`` that is not of the same request.
    ProjectBusyError
        Another triage goes to ``out``.
    """
    started = monotonic()
    yield Progress(0, 1, "chunks", "Reading the volume")
    volume = open_volume(request.volume, request.options)
    checkpoint = ClassifierCheckpoint.open(request.checkpoint)
    view = view_of(checkpoint)
    _tell_scale(checkpoint.card, view, volume)
    blank = _blank(request, volume, view, checkpoint)
    _refuse(request, blank)
    with held(request.out, "predicting"):
        found = _begun(request, blank)
        organ = organ_for(volume)
        boxes = {index: found.box_of(index) for index in found.indices}
        inner = [index for index, box in boxes.items() if organ.touches(box)]
        network = checkpoint.load(choose_device(request.device))
        vessel = checkpoint.card.network.classes.index(CHUNK_CLASSES[1])
        look = Look(volume, view, network, vessel, request.batch)
        yield from _judged(request.out, look, found, inner)
        about = found.about | {"state": "complete"}
        found = replace(found, about=about)
        write_triage(request.out, found)
        write_run(config_beside(request.out), request)
    with suppress(OSError):  # Windows deletes no file that is held
        (request.out / LOCK).unlink(missing_ok=True)
    tell_missing(volume)
    known = found.probability[~np.isnan(found.probability)]
    yield Triaged(
        out=request.out,
        grid=_zyx(found.probability.shape),
        chunks=known.size,
        below_half=int((known < 0.5).sum()),
        outside=len(boxes) - len(inner),
        unread=len(inner) - known.size,
        seconds=monotonic() - started,
    )


def view_of(checkpoint: ClassifierCheckpoint) -> ChunkView:
    """Return what a classifier of chunks is shown.

    Raises
    ------
    CheckpointError
        It is a classifier of something else.
    """
    data = checkpoint.card.data
    if data.get("kind") != "chunks" or set(checkpoint.card.network.classes) != set(CHUNK_CLASSES):
        raise CheckpointError(
            f"{checkpoint.path} is a classifier of {data.get('kind', 'unknown data')}, of the "
            f"classes {', '.join(checkpoint.card.network.classes)}: expected one of chunks, of "
            f"the classes {', '.join(CHUNK_CLASSES)}."
        )
    return ChunkView.of(ChunksData.model_validate(data), checkpoint.card.network.size)


def _tell_scale(card: ClassifierCard, view: ChunkView, volume: Volume) -> None:
    """Warn where the classifier learned from voxels of another size."""
    if view.voxel_um is not None or card.voxel_size_um is None or not volume.voxel_size_known:
        return
    ratios = [a / b for a, b in zip(volume.voxel_size.zyx, card.voxel_size_um, strict=True)]
    if max(*ratios, *(1 / ratio for ratio in ratios)) > _UNLIKE:
        _log.warning(
            "The classifier learned from voxels of %s µm, these are of %s µm: choose another level "
            "of the volume, or train with voxel_um.",
            " × ".join(f"{edge:g}" for edge in card.voxel_size_um),
            " × ".join(f"{edge:g}" for edge in volume.voxel_size.zyx),
        )


def _blank(
    request: Triage, volume: Volume, view: ChunkView, checkpoint: ClassifierCheckpoint
) -> TriageMap:
    """Return the map before anything is judged: whole chunks of the volume's grid."""
    chunk = view.cell(volume.voxel_size)
    asked = inside(request.box, volume.shape)
    start = _zyx(a - a % edge for a, edge in zip(asked.start, chunk, strict=True))
    ends = zip(asked.stop, chunk, volume.shape, strict=True)
    stop = _zyx(min(-(-b // edge) * edge, end) for b, edge, end in ends)
    box = Box(start, stop)
    grid = _zyx(-(-length // edge) for length, edge in zip(box.shape, chunk, strict=True))
    about = {
        "volume": Path(volume.uri).name,
        "fingerprint": volume.fingerprint,
        "level": volume.options.level,
        "channel": volume.options.channel,
        "window": volume.window().model_dump(mode="json"),
        "organ_only": volume.options.organ_only,
        "voxel_size_um": list(volume.voxel_size.zyx),
        "checkpoint": checkpoint.id,
        "checkpoint_sha256": checkpoint.card.sha256,
        "classes": list(checkpoint.card.network.classes),
        "code": napari_vessel.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "state": "partial",
    }
    return TriageMap(np.full(grid, np.nan, np.float32), chunk, box, volume.shape, about)


def _refuse(request: Triage, blank: TriageMap) -> None:
    """Refuse what would overwrite, before hours of work."""
    out = request.out
    if not out.exists():
        return
    if not is_triage(out) and (not out.is_dir() or any(p.name != LOCK for p in out.iterdir())):
        raise OutputExistsError(f"{out} is no triage, so it is not replaced: choose another name.")
    if request.overwrite or not is_triage(out):
        return
    before = open_triage(out)
    if before.complete:
        raise OutputExistsError(f"{out} exists already: use --overwrite to replace it.")
    if not _same(before, blank):
        raise OutputExistsError(
            f"{out} holds an unfinished triage of another volume, box or classifier: ask as before "
            "to go on with it, or use --overwrite."
        )


def _same(one: TriageMap, other: TriageMap) -> bool:
    names = ("fingerprint", "level", "channel", "organ_only", "checkpoint_sha256", "code")
    return (one.chunk, one.box, one.shape) == (other.chunk, other.box, other.shape) and all(
        one.about.get(name) == other.about.get(name) for name in names
    )


def _begun(request: Triage, blank: TriageMap) -> TriageMap:
    """Return what an unfinished triage found, else begin anew."""
    if is_triage(request.out) and not request.overwrite:
        return open_triage(request.out)
    if request.overwrite and is_triage(request.out):
        before = open_triage(request.out)
        if not before.complete and _same(before, blank):
            return before
    write_triage(request.out, blank)
    return blank


def _judged(
    out: Path, look: Look, found: TriageMap, inner: list[Zyx]
) -> Iterator[Progress | ChunkJudged]:
    """Judge the chunks that are not, slab by slab, keeping what is found."""
    left = [index for index in inner if isnan(found.probability[index])]
    before, total = len(inner) - len(left), len(inner)
    done, started, kept = before, monotonic(), monotonic()
    try:
        for batch in batches(look, found, left):
            if batch.images.size:
                values = predict_classes(look.network, [batch.images])[:, look.vessel]
                for index, value in zip(batch.indices, values.tolist(), strict=True):
                    found.probability[index] = value
                boxes = tuple(found.box_of(index) for index in batch.indices)
                yield ChunkJudged(boxes, tuple(values.tolist()))
            done += len(batch.indices) + batch.unread
            seconds = (monotonic() - started) * (total - done) / max(done - before, 1)
            yield Progress(done, total, "chunks", "Looking for vessels", seconds)
            if monotonic() - kept > _KEEP_S:
                write_triage(out, found)
                kept = monotonic()
    except GeneratorExit:
        write_triage(out, found)
        raise


def _zyx(values: Iterable[int]) -> Zyx:
    z, y, x = values
    return z, y, x
