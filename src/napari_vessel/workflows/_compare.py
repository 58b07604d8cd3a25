"""Two networks on the slice in view: what one finds there and the other does not."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import numpy as np

from napari_vessel.annotation import label_state
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.inference import BlockPrediction, predict_block
from napari_vessel.networks import Checkpoint, choose_device
from napari_vessel.project import Project
from napari_vessel.tiling import slices_of
from napari_vessel.volumes import Volume, mask_of
from napari_vessel.workflows._checkpoints import checkpoint_in
from napari_vessel.workflows._compare_sides import side_of
from napari_vessel.workflows._compare_words import Compare, Compared, Side
from napari_vessel.workflows._corrections_read import read_corrections
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._in_view import slice_of
from napari_vessel.workflows._reading import reader_for
from napari_vessel.workflows._requests import Focus
from napari_vessel.workflows._settling import settled

_Steps = Generator[Progress, None, np.ndarray]


def compare(request: Compare) -> Generator[Progress | Compared, None, None]:
    """Predict the slice in view with both networks; nothing is kept.

    Yields
    ------
    Progress, Compared

    Raises
    ------
    CallerError
        The slice in view does not lie in the region.
    CheckpointError
        One of the networks is not there, or damaged.
    """
    project = Project.open(request.project)
    yield Progress(0, 2, "networks", "Reading the volume")
    volume = project.open_volume()
    box = slice_of(project.config.region, request.focus)
    if box is None:
        raise CallerError(
            "The slice in view does not lie in the region: go there, or move the region."
        )
    masks = []
    for number, name in enumerate((request.first, request.second)):
        checkpoint = checkpoint_in(project, name)
        yield Progress(number, 2, "networks", f"Predicting this slice with {name}")
        masks.append((yield from _mask(project, volume, checkpoint, box, request.focus)))
    yield Progress(2, 2, "networks", "Drawing both")
    sides = _sides(project, volume, box, request.focus, masks)
    names = (request.first, request.second)
    yield Compared(names, box, request.focus.plane, masks[0], masks[1], sides)


def _sides(
    project: Project, volume: Volume, box: Box, focus: Focus, masks: list[np.ndarray]
) -> tuple[Side, Side]:
    """Return a picture of the slice with each network's mask, and their scores there."""
    with closing(read_corrections(project)) as corrections:
        states = label_state(corrections.overlay.read(box))
    image = volume.window().apply(volume.read(box))
    shown: list[np.ndarray] = [image, states, *masks]
    grey, reviewed, first, second = (slices_of(voxels, focus.plane)[0] for voxels in shown)
    return side_of(grey, first, reviewed), side_of(grey, second, reviewed)


def _mask(
    project: Project, volume: Volume, checkpoint: Checkpoint, box: Box, focus: Focus
) -> _Steps:
    """Predict a slice from its own plane, and cut it at the threshold that would be shown."""
    card, chosen = checkpoint.card, project.config.threshold
    config = settled(project.config.inference, volume, card).model_copy(
        update={"planes": (focus.plane,), "weights": (), "fuse": "mean", "vote": 2, "views": "none"}
    )
    network = checkpoint.load(choose_device(config.device))
    read = reader_for(volume, card)
    for event in predict_block(network, read, box, Box.of(volume.shape), config):
        if isinstance(event, BlockPrediction):
            threshold = card.threshold if chosen is None else chosen
            return np.asarray(mask_of(event.probability, threshold), np.uint8)
        yield Progress(0, 2, "networks", f"Predicting this slice with {checkpoint.id}")
    raise TypeError("predict_block ended without a prediction")
