"""A folder of small images of two classes, and a study that tunes a small network on them."""

from pathlib import Path

import numpy as np
from PIL import Image

from napari_vessel.workflows import TuneRun

SPACE = {
    "learning_rate": {"low": 1e-3, "high": 1e-2, "log": True},
    "batch": {"choices": [8, 16]},
    "dropout": {"low": 0.0, "high": 0.3},
}


def pictures(folder: Path, count: int = 20) -> Path:
    """Write bright discs and dark ones, 16 × 16 pixels, a folder each."""
    rng = np.random.default_rng(0)
    y, x = np.indices((16, 16)) - 7.5
    for name, sign in (("bright", 1), ("dark", -1)):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            disc = (y**2 + x**2 < rng.integers(9, 36)) * sign * 60
            image = np.clip(128 + disc + rng.normal(0, 20, (16, 16)), 0, 255)
            Image.fromarray(image.astype(np.uint8)).save(folder / name / f"{name}{index:02}.png")
    return folder


def study_of(images: Path, space: object = SPACE, **study: object) -> TuneRun:
    """Make a study of a small network on ``images``."""
    classify = {
        "network": {"backbone": "lenet", "size": 16, "hidden": []},
        "data": {"kind": "folders", "path": str(images)},
        "training": {"epochs": 3, "augmentation": "none", "precision": "fp32"},
    }
    given = {"trials": 3, "pruner": "none", "startup": 2} | study
    return TuneRun.model_validate({"classify": classify, "space": space, "study": given})
