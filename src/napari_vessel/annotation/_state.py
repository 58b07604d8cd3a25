"""The three states of a voxel, and whether they were painted or accepted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import LabelsError

UNTOUCHED = 0
BACKGROUND = 1
VESSEL = 2
ACCEPTED = 4
"""Flag: a person marked what was shown as reviewed, rather than painting it."""

_STATE_BITS = 3

Codes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def label_state(codes: Codes) -> Codes:
    """Return untouched, background or vessel, without the accepted flag.

    >>> label_state(np.array([0, 1, 2, 5, 6], np.uint8)).tolist()
    [0, 1, 2, 1, 2]
    """
    return codes & np.uint8(_STATE_BITS)


def painted_code(value: int) -> int:
    """Return the code of a voxel painted with ``value``: any value but 0 is vessel.

    >>> painted_code(0), painted_code(255)
    (1, 2)
    """
    return VESSEL if value else BACKGROUND


def vessel_mask(labels: NDArray[np.generic]) -> Mask:
    """Return where ``labels`` mean vessel: every value but 0, and never NaN.

    Raises
    ------
    LabelsError
        If they are no bools, integers or floats.

    >>> vessel_mask(np.array([0, 1, 256, np.nan])).tolist()
    [False, True, True, False]
    """
    if labels.dtype.kind not in "buif":
        raise LabelsError(f"Labels of {labels.dtype}: expected bools, integers or floats.")
    vessel: Mask = labels != 0
    if labels.dtype.kind == "f":
        vessel &= ~np.isnan(labels)
    return vessel


def shown_values(codes: Codes, proposal: NDArray[np.generic] | None) -> Codes:
    """Return what a person sees: corrections over the proposal, 1 vessel and 0 not.

    Parameters
    ----------
    codes
        State codes.
    proposal
        The network's mask of the same shape (≠ 0 is vessel), or None.
    """
    vessel: Mask = (codes & np.uint8(VESSEL)) != 0
    if proposal is not None:
        vessel |= (codes == UNTOUCHED) & vessel_mask(proposal)
    return vessel.view(np.uint8)
