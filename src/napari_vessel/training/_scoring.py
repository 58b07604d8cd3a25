"""Networks scored on blocks: predicted as always, compared where reviewed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CheckpointError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import BlockPrediction, InferenceConfig, Network, predict_block
from napari_vessel.training._reviewed import (
    Mask,
    ReadImage,
    Reviewed,
    reviewed_in,
    tight_box,
    vessel_in,
)
from napari_vessel.training._score import BlockScore
from napari_vessel.volumes import mask_of

__all__ = ["score_blocks", "thinnest_plane"]


def score_blocks(
    network: Network,
    read: ReadImage,
    overlay: Reviewed,
    boxes: Iterable[Box],
    inference: InferenceConfig | None = None,
    *,
    threshold: float = 0.5,
) -> list[BlockScore]:
    """Predict blocks and count right and wrong reviewed voxels.

    Of each block only the box around its reviewed voxels is predicted. A network
    that gives NaN is wrong at every reviewed voxel there.

    Parameters
    ----------
    network
        In eval mode.
    read
        Reads windowed voxels of a box inside the volume.
    overlay
        Corrections.
    boxes
        The blocks; those without reviewed voxels give no score.
    inference
        How to predict. By default each block is predicted without views in the one
        plane that needs the fewest slices: enough to compare epochs by.
    threshold
        Probability from which on is vessel.
    """
    scores = []
    for box in boxes:
        codes = overlay.read(box)
        tight = tight_box(reviewed_in(codes), box)
        if tight is not None:
            config = inference or InferenceConfig(planes=(thinnest_plane(tight),), views="none")
            codes = codes[tight.relative_to(box).slices]
            probability = _probability(network, read, tight, Box.of(overlay.shape), config)
            scores.append(_count(box, codes, probability, threshold))
    return scores


def thinnest_plane(box: Box) -> Plane:
    """Return the plane that cuts a box into the fewest slices."""
    return Plane.of_normal(int(np.argmin(box.shape)))


def _probability(
    network: Network, read: ReadImage, box: Box, bounds: Box, config: InferenceConfig
) -> NDArray[np.uint8] | None:
    """Return the box's probability × 255, or None where the network gives NaN."""
    try:
        *_, last = predict_block(network, read, box, bounds, config)
    except CheckpointError:
        return None
    if not isinstance(last, BlockPrediction):
        raise TypeError(f"predict_block ended with {last!r}")
    return last.probability


def _count(
    box: Box, codes: NDArray[np.uint8], probability: NDArray[np.uint8] | None, threshold: float
) -> BlockScore:
    vessel = vessel_in(codes)
    predicted: Mask = (
        ~vessel if probability is None else mask_of(probability, threshold).astype(np.bool_)
    )
    background = reviewed_in(codes) & ~vessel
    tp = int(np.count_nonzero(predicted & vessel))
    fp = int(np.count_nonzero(predicted & background))
    fn, tn = int(np.count_nonzero(vessel)) - tp, int(np.count_nonzero(background)) - fp
    return BlockScore(box, tp, fp, fn, tn)
