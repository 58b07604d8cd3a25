"""Synthetic volumes written as the competition's folders, and runs on them."""

from pathlib import Path

import numpy as np
import tifffile

from napari_vessel.workflows import WORKFLOWS, Train, TrainRun

SHAPE = (16, 64, 64)
NETWORK = {"encoder": "tu-resnet10t", "encoder_depth": 3, "decoder_channels": [8, 8, 8]}
TRAINING = {
    "minutes": None, "epochs": 3, "steps_per_epoch": 3, "batch": 2, "patch": 32, "planes": ["xy"],
    "learning_rate": 1e-2, "validation_block": [8, 32, 32], "guard": 0, "precision": "fp32",
    "min_validation_blocks": 1, "watched_blocks": 2,
}  # fmt: skip


def tubes(seed: int = 3, shape=SHAPE):
    """A volume (uint16) with dark straight vessels along z, and their truth (0 or 255)."""
    _, y, x = np.indices(shape)
    rng = np.random.default_rng(seed)
    truth = np.zeros(shape, bool)
    for cy, cx in ((14, 14), (40, 20), (30, 50), (12, 48), (52, 50)):
        truth |= (y - cy) ** 2 + (x - cx) ** 2 <= 25
    noise = rng.normal(0, 800, shape)
    image = np.where(truth, 12000 + noise, 30000 + noise).astype(np.uint16)
    return image, truth.astype(np.uint8) * 255


def kidney(folder: Path, image: np.ndarray, labels: np.ndarray) -> Path:
    """Write ``images/NNNN.tif`` and ``labels/NNNN.tif``."""
    for name, stack in (("images", image), ("labels", labels)):
        (folder / name).mkdir(parents=True)
        for z, voxels in enumerate(stack):
            tifffile.imwrite(folder / name / f"{z:04}.tif", voxels)
    return folder


def config_of(*volumes: dict, network: object = NETWORK, training: object = None, **more: object):
    """Make a small run; a volume is a dict of its entry."""
    entries = [{"voxel_size": 50} | volume for volume in volumes]
    return TrainRun.model_validate(
        {"network": network, "training": TRAINING | (training or {}), "volume": entries} | more
    )


def events_of(config: TrainRun, out: Path, **more: object) -> list:
    return list(WORKFLOWS["train"](Train(config, out, "cpu", **more)))
