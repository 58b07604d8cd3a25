"""Networks scored on blocks: predicted as always, compared where reviewed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_vessel.errors import CheckpointError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    Network,
    breathe,
    predict_block,
)
from napari_vessel.metrics import centreline_counts
from napari_vessel.tiling import SAME, Zoom
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

__all__ = [
    "ReviewedPrediction",
    "in_thinnest_plane",
    "predict_reviewed",
    "score_blocks",
    "thinnest_plane",
]

_NEXT_TO = 2  # voxels: background nearer to a vessel is a matter of its outline, which Dice sees
Inference = InferenceConfig | Callable[[Box], InferenceConfig]
"""How to predict, or what says so of the box around a block's reviewed voxels."""


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedPrediction:
    """What a network says of the reviewed voxels of a block, in C order.

    Parameters
    ----------
    box : Box
        The block.
    vessel : ndarray (n,) of bool
        What a person said.
    probability : ndarray (n,) of uint8, or None
        The planes' fused probability × 255; None where the network gave NaN.
    planes : mapping of Plane to ndarray (n,) of uint8
        Each plane's own.
    where : ndarray (z, y, x) of bool, or None
        The reviewed voxels in the box around them; None where nobody asks for centrelines.
    """

    box: Box
    vessel: Mask
    probability: NDArray[np.uint8] | None
    planes: Mapping[Plane, NDArray[np.uint8]]
    where: Mask | None = None

    def score(self, threshold: float, probability: NDArray[np.uint8] | None = None) -> BlockScore:
        """Count right and wrong voxels, of ``probability`` where given; of NaN all are wrong."""
        return self._counted(self._mask(threshold, probability))

    def judged(self, threshold: float) -> BlockScore:
        """Count as :meth:`score` does, and centrelines and background away from vessels too.

        What nobody reviewed is background in both masks: a vessel that is cut there is cut in both.
        """
        if self.where is None:
            raise ValueError("where the reviewed voxels lie was not kept")
        predicted = self._mask(threshold, None)
        voxels, truth = np.zeros(self.where.shape, np.bool_), np.zeros(self.where.shape, np.bool_)
        voxels[self.where], truth[self.where] = predicted, self.vessel
        away = self.where & ~binary_dilation(truth, iterations=_NEXT_TO)
        return replace(
            self._counted(predicted),
            centre=centreline_counts(voxels, truth),
            away=int(np.count_nonzero(away)),
            away_fp=int(np.count_nonzero(voxels & away)),
        )

    def _mask(self, threshold: float, probability: NDArray[np.uint8] | None) -> Mask:
        found = self.probability if probability is None else probability
        return ~self.vessel if found is None else mask_of(found, threshold).astype(np.bool_)

    def _counted(self, predicted: Mask) -> BlockScore:
        vessel = self.vessel
        tp = int(np.count_nonzero(predicted & vessel))
        fp = int(np.count_nonzero(predicted & ~vessel))
        fn = int(np.count_nonzero(vessel)) - tp
        return BlockScore(self.box, tp, fp, fn, len(vessel) - tp - fp - fn)


def score_blocks(
    network: Network,
    read: ReadImage,
    overlay: Reviewed,
    boxes: Iterable[Box],
    inference: Inference | None = None,
    *,
    threshold: float = 0.5,
) -> list[BlockScore]:
    """Predict blocks and count right and wrong reviewed voxels; see :func:`predict_reviewed`.

    Parameters
    ----------
    threshold
        Probability from which on is vessel.
    """
    found = predict_reviewed(network, read, overlay, boxes, inference)
    return [prediction.score(threshold) for prediction in found]


def predict_reviewed(
    network: Network,
    read: ReadImage,
    overlay: Reviewed,
    boxes: Iterable[Box],
    inference: Inference | None = None,
) -> list[ReviewedPrediction]:
    """Predict the reviewed voxels of blocks, to be compared at any threshold.

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
        The blocks; those without reviewed voxels give nothing.
    inference
        How to predict; what is compared are the volume's voxels, whatever the zoom. By
        default :func:`in_thinnest_plane`.
    """
    chosen = in_thinnest_plane if inference is None else inference
    found = []
    for box in boxes:
        breathe()
        codes = overlay.read(box)
        tight = tight_box(reviewed_in(codes), box)
        if tight is not None:
            config = chosen if isinstance(chosen, InferenceConfig) else chosen(tight)
            codes = codes[tight.relative_to(box).slices]
            block = _predicted(network, read, tight, Box.of(overlay.shape), config)
            found.append(_reviewed(box, codes, block))
    return found


def in_thinnest_plane(box: Box, zoom: Zoom = SAME) -> InferenceConfig:
    """Predict without views in the plane of the fewest slices: enough to compare epochs by."""
    return InferenceConfig(planes=(thinnest_plane(box),), views="none", zoom=zoom)


def thinnest_plane(box: Box) -> Plane:
    """Return the plane that cuts a box into the fewest slices."""
    return Plane.of_normal(int(np.argmin(box.shape)))


def _predicted(
    network: Network, read: ReadImage, box: Box, bounds: Box, config: InferenceConfig
) -> BlockPrediction | None:
    """Return what the network says of a box, or None where it gives NaN."""
    try:
        *_, last = predict_block(network, read, box, bounds, config)
    except CheckpointError:
        return None
    if not isinstance(last, BlockPrediction):
        raise TypeError(f"predict_block ended with {last!r}")
    return last


def _reviewed(
    box: Box, codes: NDArray[np.uint8], block: BlockPrediction | None
) -> ReviewedPrediction:
    where = reviewed_in(codes)
    vessel = vessel_in(codes)[where]
    if block is None:
        return ReviewedPrediction(box, vessel, None, {}, where)
    planes = {plane: voxels[where] for plane, voxels in block.planes.items()}
    return ReviewedPrediction(box, vessel, block.probability[where], planes, where)
