"""The finished classifier: judged, described, and published with all that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.datasets import PARTS, ChunkSamples, ChunksData
from napari_vessel.networks import Classifier, ClassifierCard, library_versions, save_checkpoint
from napari_vessel.training import FitEnd, LoadImages, predict_classes
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._class_figures import curves_png, read_history
from napari_vessel.workflows._classify_config import data_without_folders
from napari_vessel.workflows._classify_history import ClassHistory
from napari_vessel.workflows._classify_open import Lesson
from napari_vessel.workflows._classify_requests import ClassifyTrain
from napari_vessel.workflows._classify_tables import scores_of, write_tables
from napari_vessel.workflows._run_write import run_text
from napari_vessel.workflows._train_folder import TrainFolder

__all__ = ["Ending", "published"]

HISTORY, CURVES, SPLIT, CONFIG, TEST = (
    "history.csv", "curves.png", "split.csv", "config.json", "test",
)  # fmt: skip
_TOLD = ("accuracy", "balanced_accuracy", "auc")


@dataclass(frozen=True)
class Ending:
    """How a training ended."""

    fit: FitEnd
    history: ClassHistory
    precision: str


def published(
    request: ClassifyTrain,
    lesson: Lesson,
    network: Classifier,
    load: LoadImages,
    ending: Ending,
) -> dict[str, Any]:
    """Judge the network by the part set aside, publish it, and return its scores."""
    folder = TrainFolder(request.out)
    aside = lesson.part("test")
    samples = [lesson.data.samples[index] for index in aside]
    classes, draws = lesson.network.classes, lesson.config.draws
    batch = lesson.config.training.batch
    found = probabilities_of(network, load, aside, batch, ending.precision)
    scores = scores_of(samples, found, classes, draws)
    said = scores.as_dict() if scores else {}
    made = folder.fresh()
    save_checkpoint(made, network, _card(lesson, network, ending.fit, said))
    _describe(made, request, lesson, ending.history)
    if scores:
        write_tables(made / TEST, samples, found, classes, scores)
    folder.publish(made)
    return said


def probabilities_of(
    network: Classifier,
    load: LoadImages,
    indices: NDArray[np.int64],
    batch: int,
    precision: str,
) -> NDArray[np.float32]:
    """Return the probability of each class (columns) of samples (rows)."""
    parts = (load(indices[at : at + batch]) for at in range(0, len(indices), batch))
    return predict_classes(network, parts, precision)


def _describe(made: Path, request: ClassifyTrain, lesson: Lesson, history: ClassHistory) -> None:
    """Write beside the weights how they came about."""
    write_atomically(made / HISTORY, history.table())
    curves_png(made / CURVES, read_history(made / HISTORY) if history.epochs else [])
    lesson.split.write(made / SPLIT)
    write_atomically(made / CONFIG, run_text(request).encode())


def _card(
    lesson: Lesson, network: Classifier, ended: FitEnd, said: dict[str, Any]
) -> ClassifierCard:
    """Describe the trained network."""
    config = lesson.config
    told = {name: said[name] for name in _TOLD if said.get(name) is not None}
    scores = {config.training.monitor: ended.score, "at_start": ended.start}
    validation = {f"validation_{key}": value for key, value in scores.items() if isfinite(value)}
    windowed = isinstance(config.data, ChunksData) and config.data.intensity == "volume"
    return ClassifierCard(
        network=lesson.network,
        normalisation="window" if windowed else "range",
        mean=tuple(network.mean.flatten().tolist()),
        std=tuple(network.std.flatten().tolist()),
        voxel_size_um=_voxel_size(lesson),
        data=data_without_folders(config.data),
        parent=lesson.parent.id if lesson.parent else None,
        metrics=told | validation,
        provenance=_provenance(lesson),
        versions=library_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        provisional=not (lesson.held_out and said),
    )


def _voxel_size(lesson: Lesson) -> tuple[float, float, float] | None:
    """Return the edges of the voxels learned from, in µm, where they are known and of a volume."""
    data = lesson.data
    if not isinstance(data, ChunkSamples):
        return None
    if data.view.voxel_um is not None:
        return (data.view.voxel_um,) * 3
    volume, _ = data.place(int(lesson.part("train")[0]))
    return volume.voxel_size.zyx


def _provenance(lesson: Lesson) -> str:
    """Say what it was trained on, in words and without the machine's paths."""
    counts = lesson.counts()
    parts = "; ".join(
        f"{part}: {', '.join(f'{count} {name}' for name, count in counts[part].items())}"
        for part in PARTS
    )
    text = f"Trained on {lesson.config.data.kind}. {parts}."
    if lesson.parent:
        text += f" Started from {lesson.parent.id}. {lesson.parent.card.provenance}"
    return text
