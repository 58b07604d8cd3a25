"""Take corrections from a labels file, as if a person had painted them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_vessel.annotation import Corrections
from napari_vessel.errors import CallerError, LabelsError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.project import Project
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.workflows._events import Corrected, Progress
from napari_vessel.workflows._requests import Correct

# Read and journalled piece by piece: 128 MB of the widest labels at the most.
_PIECE: Zyx = (64, 512, 512)


def correct(request: Correct) -> Iterator[Progress | Corrected]:
    """Review the named slices or box, or everything, with what the labels say.

    Values other than 0 are vessel. Every voxel taken counts as reviewed,
    background too.

    Raises
    ------
    LabelsError
        The labels have another shape than the volume.
    """
    project = Project.open(request.project)
    labels = open_volume(request.labels)
    shape = project.config.volume.shape
    if labels.shape != shape:
        raise LabelsError(
            f"{request.labels} has {_text(labels.shape)} voxels and the project's volume "
            f"{_text(shape)}: give labels of the same volume and level."
        )
    boxes = _boxes(request, shape)
    corrections = project.open_corrections()
    try:
        yield from _take(corrections, labels, boxes)
    finally:
        corrections.close()


def _boxes(request: Correct, shape: Zyx) -> tuple[Box, ...]:
    whole = Box.of(shape)
    box = request.box or whole
    if not whole.contains(box) or box.size == 0:
        raise CallerError(f"Box {box} does not lie in the volume, which is {whole}.")
    if not request.slices:
        return (box,)
    return tuple(box.slice_at(plane, index) for plane, index in request.slices)


def _take(
    corrections: Corrections, labels: Volume, boxes: tuple[Box, ...]
) -> Iterator[Progress | Corrected]:
    pieces = [piece for box in boxes for piece in box.cells(_PIECE)]
    vessel = 0
    for done, piece in enumerate(pieces):
        yield Progress(done, len(pieces), "pieces", "Taking corrections")
        found = labels.read(piece)
        vessel += int(np.count_nonzero(found))
        corrections.import_labels(piece, found)
    corrections.flush()
    yield Corrected(sum(piece.size for piece in pieces), vessel, boxes)


def _text(shape: Zyx) -> str:
    return " × ".join(map(str, shape))
