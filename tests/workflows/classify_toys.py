"""Small pictures of two classes, and trainings on them."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np

from napari_vessel.workflows import WORKFLOWS, ClassifyRun, ClassifyTrain

EDGE = 16
NETWORK = {"backbone": "lenet", "size": EDGE, "hidden": [8]}
TRAINING = {"epochs": 3, "batch": 8, "precision": "fp32", "learning_rate": 3e-3}


def pictures(folder: Path, each: int = 12, groups: int = 6) -> Path:
    """Write ``dark/`` and ``disc/``: noise, and noise with a disc; ``d0_0.png`` is of donor d0."""
    rng = np.random.default_rng(0)
    y, x = np.indices((EDGE, EDGE))
    for name in ("dark", "disc"):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            image = rng.integers(0, 60, (EDGE, EDGE))
            if name == "disc":
                cy, cx = rng.integers(6, 10, 2)
                image[(y - cy) ** 2 + (x - cx) ** 2 < 16] += 150
            path = folder / name / f"d{number % groups}_{number}.png"
            iio.imwrite(path, image.astype(np.uint8))
    return folder


def run_of(folder: Path, training: object = None, **more: object) -> ClassifyRun:
    """Make a small run on what :func:`pictures` wrote."""
    data = {"kind": "folders", "path": str(folder), "group": r"(d\d)_"}
    values = {"network": NETWORK, "data": data, "training": TRAINING | (training or {})}
    return ClassifyRun.model_validate(values | more)


def train(config: ClassifyRun, out: Path, **more: object) -> list:
    """Train, and return the events."""
    return list(WORKFLOWS["classify"](ClassifyTrain(config, out, "cpu", **more)))
