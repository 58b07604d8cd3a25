"""Every recipe of a classifier on scikit-learn's handwritten digits: real images, no download.

1797 grey digits of 8 × 8 pixels, ten classes, parted 70/15/15 by class; enlarged by cubic
splines to the size a recipe's backbone takes. Weights are drawn at random throughout, so a
recipe that keeps its backbone says what random features are worth. Run as
``python benchmarks/digits.py [--recipes lenet,resnet50] [--seeds 0,1] [--json]``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import numpy as np
import torch
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from _arguments import numbers, words
from _tables import show
from napari_vessel.metrics import class_scores
from napari_vessel.networks import (
    Classifier,
    ClassifierConfig,
    build_classifier,
    choose_device,
    prepare,
    standardise,
    trainable_parameters,
)
from napari_vessel.training import (
    ClassBatches,
    ClassificationTask,
    ClassifierTrainingConfig,
    FitEnd,
    fit,
    predict_classes,
)

NAMES = tuple("0123456789")
_EDGE = 8  # of a digit, in pixels


@dataclass(frozen=True)
class Recipe:
    """A network and how it learns, as fields that differ from the defaults."""

    name: str
    network: dict[str, Any]
    training: dict[str, Any] = field(default_factory=dict)


_LENET = {"backbone": "lenet", "size": 8}
_RESNET = {"backbone": "resnet50", "size": 16}
_LAST = {"backbone": "resnet50", "size": 32, "train": "last"}
_ATTO = {"backbone": "convnext_atto", "size": 32}
_TINY = {"backbone": "convnext_tiny", "size": 32, "train": "head"}
_SGD = {"optimiser": "sgd", "learning_rate": 0.02}
RECIPES = (
    Recipe("lenet", _LENET, {"epochs": 12}),
    Recipe("lenet SGD class weights", _LENET, {**_SGD, "epochs": 12, "balance": "weights"}),
    Recipe("lenet head with batch norm", {**_LENET, "batch_norm": True}, {"epochs": 12}),
    Recipe("resnet50 all", _RESNET, {"epochs": 8}),
    Recipe("resnet50 last 30", _LAST, {"epochs": 14, "learning_rate": 3e-4, "plateau": 1}),
    Recipe("resnet50 head", {**_RESNET, "train": "head"}, {"augmentation": "none"}),
    Recipe("convnext_atto all", _ATTO, {"epochs": 10}),
    Recipe("convnext_atto last 30", {**_ATTO, "train": "last"}, {"epochs": 12}),
    Recipe("convnext_tiny head", _TINY, {"augmentation": "none"}),
)


@dataclass(frozen=True)
class Digits:
    """Images of one size, their classes, and the three parts."""

    images: np.ndarray  # (N, 1, size, size), in [0, 1]
    labels: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def digits(size: int, seed: int) -> Digits:
    """Load the digits, enlarged to ``size`` pixels, and part them."""
    found = load_digits()
    larger = size / _EDGE
    images = zoom(found.images / 16, (1, larger, larger), order=3, grid_mode=True, mode="nearest")
    labels = found.target
    every = np.arange(len(labels))
    train, rest = train_test_split(every, train_size=0.7, stratify=labels, random_state=seed)
    parts = train_test_split(rest, train_size=0.5, stratify=labels[rest], random_state=seed)
    return Digits(images[:, None].clip(0, 1).astype(np.float32), labels, train, *parts)


def learned(recipe: Recipe, data: Digits, seed: int) -> tuple[Classifier, FitEnd]:
    """Train a recipe's network; it is left in its best state."""
    torch.manual_seed(seed)
    network = build_classifier(ClassifierConfig(classes=NAMES, **recipe.network))
    shown = data.images[data.train]
    standardise(network, [float(shown.mean())], [float(shown.std())])
    prepare(network, choose_device("auto"))
    # Digits have an upright side: no flips, no quarter turns.
    usual = {"augmentation": "upright", "augmentation_strength": 0.25, "batch": 64}
    config = ClassifierTrainingConfig(seed=seed, **{**usual, **recipe.training})
    learned_from = ClassBatches(
        data.images,
        data.labels,
        data.train,
        batch=config.batch,
        draw="oversampled" if config.balance == "oversample" else "shuffled",
        seed=seed,
    )
    judged = ClassBatches(data.images, data.labels, data.validation, batch=256, draw="in_order")
    task = ClassificationTask(network, config, judged, learned_from.truth())
    *_, last = fit(task, learned_from, config)
    return network, last


def row(recipe: Recipe, seed: int) -> dict[str, Any]:
    """Train one recipe once and score it on the test part."""
    started = process_time()
    data = digits(recipe.network["size"], seed)
    network, ended = learned(recipe, data, seed)
    seconds = process_time() - started
    batches = ClassBatches(data.images, data.labels, data.test, batch=256, draw="in_order")
    scores = class_scores(batches.truth(), predict_classes(network, batches.images()), NAMES)
    trained = sum(weight.numel() for weight in trainable_parameters(network))
    return {
        "recipe": recipe.name,
        "size px": network.size,
        "learns M": trained / 1e6,
        "seed": seed,
        "best epoch": ended.epoch,
        "accuracy": scores.accuracy.value,
        "95 %": f"{scores.accuracy.low:.3f}–{scores.accuracy.high:.3f}",
        "balanced accuracy": scores.balanced_accuracy.value,
        "AUC": scores.auc.value,
        "processor s": seconds,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", type=words, default=[], help="beginnings of names; all")
    parser.add_argument("--seeds", type=numbers, default=[0])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    begins = tuple(asked.recipes) or ("",)
    rows = []
    for recipe in (one for one in RECIPES if one.name.startswith(begins)):
        for seed in asked.seeds:
            rows.append(row(recipe, seed))
            print(rows[-1], file=sys.stderr, flush=True)
    show(rows, as_json=asked.json)


if __name__ == "__main__":
    main()
