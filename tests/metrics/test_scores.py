import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics import cldice, confusion, scores, surface_dice

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def test_scores_hold_each_metric_under_its_name(blobs: Masks) -> None:
    size = VoxelSize(2, 1, 1)
    counts = confusion(*blobs)
    assert scores(*blobs, voxel_size=size).as_dict() == {
        "dice": counts.dice,
        "iou": counts.iou,
        "precision": counts.precision,
        "recall": counts.recall,
        "surface_dice": surface_dice(*blobs, voxel_size=size),
        "cldice": cldice(*blobs),
    }


def test_a_mask_agrees_with_itself_in_every_score(blobs: Masks) -> None:
    assert set(scores(blobs[0], blobs[0]).as_dict().values()) == {1.0}
