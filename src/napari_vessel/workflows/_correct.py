"""Take corrections from a labels file, as if a person had painted them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from napari_vessel.annotation import Corrections
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.project import Project
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.workflows._boxes import inside
from napari_vessel.workflows._events import Corrected, Progress
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Correct
from napari_vessel.workflows._same_place import require_same_place

# Read and journalled piece by piece: 128 MB of the widest labels at the most.
_PIECE: Zyx = (64, 512, 512)
_SAVING_SECONDS = 60.0


def correct(request: Correct) -> Iterator[Progress | Corrected]:
    """Review the named slices or box, or everything, with what the labels say.

    Values other than 0 are vessel. Every voxel taken counts as reviewed,
    background too. With slices and a box, the slices are cut at the box.

    Raises
    ------
    LabelsError
        The labels have another shape than the volume, or say that they lie elsewhere.
    JournalError
        They could not be saved; what was saved before stays.
    """
    project = Project.open(request.project, to_change=True)
    volume = project.open_volume()  # refuses another volume than the one annotated
    labels = open_volume(request.labels)
    require_same_place(labels, volume, request.labels)
    boxes = _boxes(request, volume.shape)
    with closing(project.open_corrections()) as corrections:
        yield from _take(corrections, labels, boxes)
    tell_missing(labels)


def _boxes(request: Correct, shape: Zyx) -> tuple[Box, ...]:
    box = inside(request.box, shape)
    if not request.slices:
        return (box,)
    return tuple(dict.fromkeys(box.slice_at(plane, index) for plane, index in request.slices))


def _take(
    corrections: Corrections, labels: Volume, boxes: tuple[Box, ...]
) -> Iterator[Progress | Corrected]:
    pieces = [(piece, boxes[:n]) for n, box in enumerate(boxes) for piece in box.cells(_PIECE)]
    voxels = vessel = 0
    with corrections.stroke("import"):
        for done, (piece, earlier) in enumerate(pieces):
            yield Progress(done, len(pieces), "pieces", "Taking corrections")
            found, fresh = labels.read(piece), _fresh(piece, earlier)
            corrections.import_labels(piece, found)
            if not corrections.flush(_SAVING_SECONDS):
                raise JournalError(f"Corrections could not be saved in {corrections.folder}.")
            voxels += int(np.count_nonzero(fresh))
            vessel += int(np.count_nonzero(np.nan_to_num(found[fresh])))
    yield Corrected(voxels, vessel, boxes)


def _fresh(piece: Box, earlier: tuple[Box, ...]) -> np.ndarray:
    """Tell which voxels of ``piece`` lie in no earlier box: each counts once."""
    fresh = np.ones(piece.shape, np.bool_)
    for box in earlier:
        if common := box.intersection(piece):
            fresh[common.relative_to(piece).slices] = False
    return fresh
