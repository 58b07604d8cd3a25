"""Labels that come from outside: whether they fit, and what their values mean."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.annotation._state import BACKGROUND, VESSEL, Codes, vessel_mask
from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box, Zyx

_T = TypeVar("_T", bound=np.generic)


def fitting(array: NDArray[_T], box: Box) -> NDArray[_T]:
    """Return ``array``, which must have the box's shape.

    Raises
    ------
    LabelsError
        If it has another; the message names both.
    """
    if array.shape != box.shape:
        raise LabelsError(
            f"Labels of shape {array.shape} for the {box.shape} voxels of {box}: "
            "expected the same shape."
        )
    return array


def codes_of(labels: ArrayLike, box: Box, shape: Zyx) -> Codes:
    """Return the codes of labels that lie at ``box`` of a volume of ``shape``.

    Raises
    ------
    LabelsError
        If they do not have the box's shape, or the box leaves the volume.
    """
    vessel = vessel_mask(fitting(np.asarray(labels), box))
    if not Box.of(shape).contains(box):
        raise LabelsError(
            f"Labels at {box} do not lie in the volume of {shape} voxels: "
            "cut them to the volume, or give the volume they were made for."
        )
    return np.where(vessel, np.uint8(VESSEL), np.uint8(BACKGROUND))
