"""Open a volume or a project for a session: the slow part, on a worker's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import dask.array as da
import numpy as np
import platformdirs

from napari_vessel.annotation import Corrections
from napari_vessel.errors import CallerError, ReadError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.inference import InferenceConfig
from napari_vessel.morphology import SMALLEST_UM3
from napari_vessel.networks import starter
from napari_vessel.project import Project, Proposal, corrections_places, find_project
from napari_vessel.session._values import ActivityName, Answer, Opened
from napari_vessel.volumes import (
    StoreSpec,
    Volume,
    VolumeOptions,
    create_store,
    open_volume,
    replace_folder,
)
from napari_vessel.workflows import Progress, polarity_used, scale_used

_log = logging.getLogger(__name__)

# Shown at full resolution with its probability in memory: one byte a voxel each.
REGION_VOXELS = 2**28
_PIECE: Zyx = (64, 256, 256)

_T = TypeVar("_T")
Opening = Generator[Progress, None, Opened]


@dataclass(frozen=True)
class Callbacks:
    """What the journal's thread calls when corrections are safe, or are not."""

    on_saved: Callable[..., None]
    on_failed: Callable[..., None]
    on_hole: Callable[[ReadError], None]


class FirstHole:
    """Tells a person of the first piece that cannot be shown; the log has them all.

    Scrolling through a damaged file would otherwise bring a message at every slice.
    """

    def __init__(self, tell: Callable[[Exception], object]) -> None:
        self._tell = tell
        self._told = False

    def __call__(self, error: ReadError) -> None:
        """Take note of ``error``; called on the thread that read."""
        _log.warning("Shown as empty: %s", error)
        if not self._told:
            self._told = True
            self._tell(ReadError(f"{error} It is shown as empty; more of the like go to the log."))


def open_for_session(
    where: str, options: VolumeOptions, callbacks: Callbacks, *, around: Zyx | None = None
) -> Opening:
    """Open a volume, and its project where there is one; or a project by its folder.

    Yields how far it is while many strokes are replayed.
    """
    project = Project.open(where) if _is_project(where) else None
    if project:
        volume, place = project.open_volume(), project.path
    else:
        volume = open_volume(where, options)
        place, project = find_project(volume)
        if project:
            volume = _read_as_before(where, project, options)
    return (yield from _opened(volume, place, project, callbacks, around))


def answered(
    name: ActivityName, question: object, steps: Generator[Progress, None, _T]
) -> Generator[Answer, None, _T]:
    """Relay progress as answers to ``question``; return what ``steps`` return."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
        yield Answer(name, question, step)


def _read_as_before(where: str, project: Project, wishes: VolumeOptions) -> Volume:
    """Open the volume as a person chose before, but for what they wish otherwise now.

    The project keeps such a wish: what is shown is what is predicted.
    """
    before = project.config.volume.options
    merged = before.model_dump() | wishes.model_dump(exclude_defaults=True)
    if (options := VolumeOptions.model_validate(merged)) == before:
        return project.open_volume()
    volume = open_volume(where, options)
    project.link(volume)
    return volume


def _is_project(where: str) -> bool:
    try:
        return (Path(where) / "project.toml").is_file()
    except OSError:  # a name too long, a folder that may not be entered: opening it says so
        return False


def _opened(
    volume: Volume, place: Path, project: Project | None, callbacks: Callbacks, around: Zyx | None
) -> Opening:
    region = _region(volume, project, around)
    corrections = yield from _replayed(volume, place, project, callbacks)
    checkpoint = project.open_checkpoint() if project else starter()
    inference = project.config.inference if project else InferenceConfig()
    proposal = project.open_proposal() if project else None
    return Opened(
        volume=volume,
        window=volume.window(),
        polarity=polarity_used(volume, checkpoint.card),
        scale=scale_used(inference, volume, checkpoint.card),
        pyramid=volume.pyramid(callbacks.on_hole),
        place=place,
        project=project,
        region=region,
        corrections=corrections,
        probability=shown_probability(proposal, region),
        threshold=project.threshold if project else checkpoint.card.threshold,
        checkpoint=project.config.checkpoint if project else "starter",
        smallest_um3=project.config.smallest_um3 if project else SMALLEST_UM3,
        cleaned=proposal is None or proposal.is_cleaned,
        proposal=proposal,
    )


def _replayed(
    volume: Volume, place: Path, project: Project | None, callbacks: Callbacks
) -> Generator[Progress, None, Corrections]:
    """Open the corrections, saying how many strokes are replayed and how long that will take."""
    places, started = corrections_places(place), monotonic()
    steps = Corrections.opening(
        places.journal,
        volume.shape,
        cache=places.cache,
        aside=places.aside,
        on_saved=callbacks.on_saved,
        on_failed=callbacks.on_failed,
        read_only=project.view_only if project else False,
    )
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            corrections: Corrections = end.value
            return corrections
        pace = (monotonic() - started) / max(step.rows, 1)
        yield Progress(
            step.rows,
            step.total,
            "rows",
            f"Replaying the journals: {step.rows:,} of {step.total:,} strokes …",
            pace * (step.total - step.rows) if step.rows else None,
        )


def _region(volume: Volume, project: Project | None, around: Zyx | None) -> Box:
    whole = Box.of(volume.shape)
    if project and around is None:
        return project.config.region
    if whole.size <= REGION_VOXELS:
        return whole
    return box_around(around or tuple(n // 2 for n in volume.shape), whole)


def box_around(point: tuple[int, ...], whole: Box) -> Box:
    """Return the largest near-cube of at most ``REGION_VOXELS`` around ``point``, in ``whole``."""
    edge = int(REGION_VOXELS ** (1 / 3))
    starts, stops = [], []
    for centre, length in zip(point, whole.stop, strict=True):
        size = min(edge, length)
        start = min(max(centre - size // 2, 0), length - size)
        starts.append(start)
        stops.append(start + size)
    return Box((starts[0], starts[1], starts[2]), (stops[0], stops[1], stops[2]))


def shown_probability(proposal: Proposal | None, region: Box) -> np.ndarray:
    """Return what ``proposal`` shows of ``region`` (volume voxels), as uint8."""
    shown = np.zeros(region.shape, np.uint8)
    layers = [layer.region for layer in proposal.layers] if proposal else []
    for piece in region.cells(_PIECE):
        if proposal and any(layer.intersection(piece) for layer in layers):
            shown[piece.relative_to(region).slices] = proposal.probability(piece)
    return shown


def keep_array(array: Any, voxel_size: VoxelSize | None, name: str) -> Path:  # noqa: ANN401
    """Copy an array that only a viewer holds to the user's data folder, once by its contents.

    The compute process, and whoever opens the project again, read it there.

    Parameters
    ----------
    array
        numpy or dask array, zyx, real numbers.

    Raises
    ------
    CallerError
        It is not three-dimensional.
    """
    lazy = da.asarray(array)  # type: ignore[no-untyped-call]  # dask leaves it untyped
    if lazy.ndim != 3 or 0 in lazy.shape:
        raise CallerError(
            f"Layer {name!r} has shape {lazy.shape}: choose a layer with three axes, z, y and x."
        )
    folder = Path(platformdirs.user_data_dir("napari-vessel")) / "volumes"
    folder.mkdir(parents=True, exist_ok=True)
    draft = next(p for n in count() if not (p := folder / f".draft-{n}.ome.zarr").exists())
    digest = _copy(lazy, voxel_size, draft)
    final = folder / f"{_plain(name)}-{digest[:12]}.ome.zarr"
    if final.exists():
        _log.info("Layer %r was kept before, as %s", name, final)
    replace_folder(draft, final)
    return final


def _copy(lazy: Any, voxel_size: VoxelSize | None, draft: Path) -> str:  # noqa: ANN401
    shape = (int(lazy.shape[0]), int(lazy.shape[1]), int(lazy.shape[2]))
    spec = StoreSpec(
        shape=shape,
        voxel_size=voxel_size or VoxelSize(1, 1, 1),
        arrays=("image",),
        dtype=str(lazy.dtype),
    )
    store, digest = create_store(draft, spec), sha256(repr((shape, spec.dtype)).encode())
    for piece in Box.of(shape).cells(_PIECE):
        voxels = np.ascontiguousarray(lazy[piece.slices].compute())
        digest.update(voxels.tobytes())
        store.write("image", piece, voxels)
    store.finish()
    return digest.hexdigest()


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in " -_" else "_" for c in name).strip() or "layer"
