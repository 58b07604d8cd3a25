"""Which voxels of a slice a person means, and what a network that explains them is shown."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.inference import BlockPrediction, InferenceConfig, Levels, predict_block
from napari_vessel.morphology import component_with, nearest_vessel
from napari_vessel.networks import Checkpoint
from napari_vessel.project import Project
from napari_vessel.volumes import IntensityWindow, Volume, mask_of, open_volume
from napari_vessel.workflows._checkpoints import checkpoint_in, checkpoint_of
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._explain_words import Explain
from napari_vessel.workflows._masks import is_project
from napari_vessel.workflows._reading import (
    PolarityUsed,
    polarity_used,
    window_for,
    windowed_reader,
)
from napari_vessel.workflows._settling import settled

_MOST = 512  # of the network's pixels around a target: what one image may take of memory
_NEAR = 2  # voxels: who clicks on a thin vessel hits its neighbour as often as not


@dataclass(frozen=True)
class Scene:
    """A volume as one checkpoint sees it in one plane.

    ``mask`` reads the proposal's mask of a box; none where nothing was proposed yet.
    """

    volume: Volume
    checkpoint: Checkpoint
    config: InferenceConfig
    window: IntensityWindow
    polarity: PolarityUsed
    threshold: float
    read: Levels
    mask: Callable[[Box], NDArray[np.uint8]] | None

    @property
    def bounds(self) -> Box:
        """All voxels."""
        return Box.of(self.volume.shape)

    @property
    def turned(self) -> bool:
        """Whether a brighter voxel is a lower number to the network."""
        if self.checkpoint.card.signed:
            return self.polarity.polarity == "bright"
        return self.polarity.inverts(self.checkpoint.card)


@dataclass(frozen=True, eq=False)
class Place:
    """What is explained: some voxels of a box that is one voxel thick.

    ``seed`` is the number, in C order, of the voxel that was asked for, or the nearest to it.
    ``whose`` says, for a person, what it is.
    """

    box: Box
    mask: NDArray[np.bool_]
    seed: int
    whose: str


def scene_of(request: Explain) -> Scene:
    """Open what is asked about, as a prediction would see it.

    Raises
    ------
    CallerError
        The voxel does not lie in the volume, or the checkpoint takes other images.
    """
    project = Project.open(request.source) if is_project(request.source) else None
    if project is not None and request.options.model_dump(exclude_defaults=True):
        raise CallerError(
            f"{request.source} says itself how its volume is read: leave options of the volume out."
        )
    volume = project.open_volume() if project else open_volume(request.source, request.options)
    if not all(0 <= i < n for i, n in zip(request.at, volume.shape, strict=True)):
        raise CallerError(
            f"Voxel {_text(request.at)} does not lie in the volume, which has {volume.shape} "
            "voxels, zyx."
        )
    checkpoint = _checkpoint(project, request.checkpoint)
    threshold = _threshold(project, checkpoint, request.threshold)
    base = project.config.inference if project else InferenceConfig()
    config = settled(base, volume, checkpoint.card, threshold).model_copy(
        update=_alone(base, request)
    )
    used = polarity_used(volume, checkpoint.card)
    window = window_for(volume, checkpoint.card, used)
    proposal = project.open_proposal() if project else None
    return Scene(
        volume,
        checkpoint,
        config,
        window,
        used,
        threshold,
        windowed_reader(volume, window, checkpoint.card, used),
        (lambda box: proposal.mask(box, threshold)) if proposal else None,
    )


def _alone(base: InferenceConfig, request: Explain) -> dict[str, object]:
    """Return the plane that is asked about alone, in one view and full precision."""
    reach = base.halo if request.reach is None else min(max(request.reach, 0), _MOST)
    return {
        "planes": (request.plane,),
        "weights": (),
        "fuse": "mean",
        "vote": 2,
        "views": "none",
        "precision": "fp32",
        "empty_below": 0.0,
        "halo": reach,
        "device": request.device,
    }


def _checkpoint(project: Project | None, name: str | None) -> Checkpoint:
    if project is None or (name is not None and Path(name).is_dir()):
        return checkpoint_of(name or "starter")
    return checkpoint_in(project, name)


def _threshold(project: Project | None, checkpoint: Checkpoint, wanted: float | None) -> float:
    if wanted is not None:
        return wanted
    return project.threshold if project else checkpoint.card.threshold


def place_of(
    request: Explain, scene: Scene, network: nn.Module
) -> Generator[Progress, None, Place]:
    """Return the voxels that are meant; where nothing was proposed yet, the slice is predicted.

    Raises
    ------
    CallerError
        It is asked why there is a vessel, and none is proposed there.
    """
    if request.target == "voxel":
        return _voxel(request.at, "this voxel")
    window = _window(request, scene)
    if scene.mask is not None:
        found, of = np.asarray(scene.mask(window)), "the proposal"
    else:
        found = yield from _predicted(scene, network, window)
        of = f"what {scene.checkpoint.id} finds in this slice"
    seed = nearest_vessel(
        lambda box: found[box.relative_to(window).slices], request.at, window, _NEAR
    )
    if seed is None:
        return _nothing(request, window, of)
    piece = component_with(found != 0, _relative(seed, window))
    if piece is None:
        raise AssertionError("a vessel's voxel has a component")
    number = int(np.ravel_multi_index(_relative(seed, window), window.shape))
    return Place(window, piece, number, f"the piece of {of} at {_text(seed)}")


def _nothing(request: Explain, window: Box, of: str) -> Place:
    """Return a disc around the voxel, where it is asked why there is nothing."""
    if request.question == "here":
        raise CallerError(
            f"No vessel at {_text(request.at)} in {of}: ask why not here, ask for the voxel alone, "
            "or name a voxel of a vessel."
        )
    rows, columns = request.plane.rows, request.plane.columns
    grids = np.indices(window.shape)
    apart = sum(
        (grids[axis] + window.start[axis] - request.at[axis]) ** 2 for axis in (rows, columns)
    )
    mask = np.asarray(apart <= request.radius**2)
    number = int(np.ravel_multi_index(_relative(request.at, window), window.shape))
    return Place(window, mask, number, f"{int(mask.sum())} voxels around {_text(request.at)}")


def _window(request: Explain, scene: Scene) -> Box:
    """Return the part of the slice, around the voxel, that a vessel is looked for in."""
    point = _voxel(request.at, "").box
    reach = [0, 0, 0]
    for axis in (request.plane.rows, request.plane.columns):
        zoom = scene.config.zoom_for(scene.volume.voxel_size)[axis]
        reach[axis] = max(round(scene.config.halo / zoom), request.radius, 8)
    wide = point.expanded((reach[0], reach[1], reach[2]))
    return wide.intersection(scene.bounds) or point


def _predicted(
    scene: Scene, network: nn.Module, window: Box
) -> Generator[Progress, None, NDArray[np.uint8]]:
    for event in predict_block(network, scene.read, window, scene.bounds, scene.config):
        if isinstance(event, BlockPrediction):
            return np.asarray(mask_of(event.probability, scene.threshold), np.uint8)
        yield Progress(0, 1, "images", "Predicting this slice")
    raise AssertionError("a prediction ends with its result")


def _voxel(at: Zyx, whose: str) -> Place:
    z, y, x = at
    return Place(Box(at, (z + 1, y + 1, x + 1)), np.ones((1, 1, 1), np.bool_), 0, whose)


def _relative(at: Zyx, box: Box) -> Zyx:
    z, y, x = (i - a for i, a in zip(at, box.start, strict=True))
    return z, y, x


def _text(at: Zyx) -> str:
    return ",".join(map(str, at))
