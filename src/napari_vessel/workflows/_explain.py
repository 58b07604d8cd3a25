"""Why a network says vessel at a place, or why it does not."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

import napari_vessel
from napari_vessel.attribution import (
    Attribution,
    AttributionConfig,
    ImageStep,
    PlaceTarget,
    attribution_steps,
)
from napari_vessel.geometry import Box
from napari_vessel.inference import read_ahead
from napari_vessel.networks import choose_device
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._explain_files import check_output, write_explained
from napari_vessel.workflows._explain_grid import Shown
from napari_vessel.workflows._explain_place import Place, Scene, place_of, scene_of
from napari_vessel.workflows._explain_sentences import half_within_um, sentence_of, title_of
from napari_vessel.workflows._explain_words import Explain, Explained
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._scale import scale_sentence

_ADDS_UP = ("integrated_gradients", "gradient", "smoothgrad", "saliency")
_BY_GREY_VALUE = ("gradient", "smoothgrad")  # their sign is that of a step towards bright
_LIBRARIES = ("captum", "torch", "numpy")

Steps = Generator[Progress | Explained, None, None]


def explain(request: Explain) -> Steps:
    """Share the network's output at a place out among the voxels around it.

    The network is shown one slice, with intensity window, polarity and voxel size as in a
    prediction, in one view. What it says of the place is the mean logit; what is found of its
    pixels is brought back to voxels.

    Yields
    ------
    Progress, Explained

    Raises
    ------
    CallerError
        The voxel lies outside of the volume, there is no vessel to explain, or it cannot be
        written as asked.
    OutputExistsError
        Something stands at ``out`` and ``overwrite`` is off.
    """
    started = monotonic()
    yield Progress(0, 1, "images", "Reading the volume")
    check_output(request)
    scene = scene_of(request)
    yield Progress(0, 1, "images", "Loading the network")
    network = scene.checkpoint.load(choose_device(request.device))
    place = yield from place_of(request, scene, network)
    shown, image = _shown(request, scene, place)
    mask = shown.mask_of(place.box, place.mask, place.seed)
    found = yield from counted(
        attribution_steps(network, image[None], PlaceTarget(mask, request.question), request.config)
    )
    tell_missing(scene.volume)
    yield write_explained(_explained(request, (scene, place, shown), found, started))


def counted(
    steps: Generator[ImageStep, None, Attribution],
) -> Generator[Progress, None, Attribution]:
    """Show the images that are run as progress, with the time left."""
    begun = monotonic()
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: Attribution = end.value
            return result
        left = (monotonic() - begun) * (step.total - step.done) / step.done if step.done else None
        try:
            yield Progress(step.done, step.total, "images", "Asking the network", left)
        except BaseException:
            steps.close()
            raise


def _shown(request: Explain, scene: Scene, place: Place) -> tuple[Shown, NDArray[np.float32]]:
    """Read what the network is shown: the place, and what is around it."""
    where = np.argwhere(place.mask)
    (z, y, x), (d, e, f) = where.min(axis=0).tolist(), (where.max(axis=0) + 1).tolist()
    block = Box((z, y, x), (d, e, f)).shifted(place.box.start)
    read = read_ahead(scene.read, block, scene.bounds, scene.config)
    return Shown.of(read, request.plane, request.at[request.plane.normal])


def _explained(
    request: Explain, where: tuple[Scene, Place, Shown], found: Attribution, started: float
) -> Explained:
    scene, place, shown = where
    values = found.values[0]
    if request.config.method in _BY_GREY_VALUE and scene.turned:
        values = -values
    bring = shown.share_out if request.config.method in _ADDS_UP else shown.scale
    brought, box = bring(values), shown.box
    target = np.zeros(box.shape, np.bool_)
    if part := place.box.intersection(box):
        target[part.relative_to(box).slices] = place.mask[part.relative_to(place.box).slices]
    size = scene.volume.voxel_size
    half = half_within_um(brought, target, size)
    facts = _facts(request, scene, place) | {
        "box": str(box),
        "log_odds": found.output,
        "baseline_log_odds": found.baseline,
        "sum": float(brought.sum(dtype=np.float64)),
        "half_within_um": half,
    }
    return Explained(
        question=request,
        values=brought,
        image=scene.window.apply(scene.volume.read(box)),
        target=target,
        box=box,
        plane=request.plane,
        voxel_size=size,
        origin_um=_origin(scene, box),
        on_volume=True,
        output=found.output,
        baseline=found.baseline,
        sentence=sentence_of(request, found, half),
        title=title_of(request, place.whose),
        seconds=monotonic() - started,
        facts=facts,
    )


def _origin(scene: Scene, box: Box) -> tuple[float, float, float]:
    """Return where the centre of the box's first voxel lies, in µm."""
    first, edges = scene.volume.origin_um, scene.volume.voxel_size.zyx
    z, y, x = (a + i * edge for a, i, edge in zip(first, box.start, edges, strict=True))
    return z, y, x


def _facts(request: Explain, scene: Scene, place: Place) -> dict[str, Any]:
    """Return what made it, as JSON."""
    volume, checkpoint = scene.volume, scene.checkpoint
    return {
        "question": request.question,
        "at": list(request.at),
        "plane": request.plane.value,
        "target": request.target,
        "explained": place.whose,
        "target_voxels": int(place.mask.sum()),
        "attribution": request.config.model_dump(mode="json"),
        "checkpoint": checkpoint.id,
        "checkpoint_sha256": checkpoint.card.sha256,
        "volume": Path(volume.uri).name,
        "fingerprint": volume.fingerprint,
        "level": volume.options.level,
        "channel": volume.options.channel,
        "voxel_size_um": list(volume.voxel_size.zyx),
        "window": scene.window.model_dump(mode="json"),
        "polarity": scene.polarity.polarity,
        "scale": scale_sentence(scene.config.zoom_for(volume.voxel_size), volume, checkpoint.card),
        "threshold": scene.threshold,
    } | made_with(request.config)


def made_with(config: AttributionConfig) -> dict[str, Any]:
    """Return method, program, libraries and time, as JSON."""
    return {
        "method": config.method,
        "code": napari_vessel.__version__,
        "libraries": {name: version(name) for name in _LIBRARIES},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
