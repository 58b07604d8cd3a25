"""What a network says of the unlabelled voxels, predicted once and kept beside the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box
from napari_vessel.volumes import open_store
from napari_vessel.workflows._checkpoints import checkpoint_of
from napari_vessel.workflows._events import Progress, Proposed
from napari_vessel.workflows._predict import predict
from napari_vessel.workflows._requests import Predict
from napari_vessel.workflows._train_config import PseudoConfig
from napari_vessel.workflows._train_lesson import Subject, TrainLesson

__all__ = ["ReadProbability", "predict_unlabelled", "unlabelled"]

ReadProbability = Callable[[Box], np.ndarray]
"""Reads the fused probability × 255 of a box."""


def unlabelled(lesson: TrainLesson) -> list[Subject]:
    """List the volumes that pseudo-labels complete: learned from, and not wholly labelled."""
    if lesson.config.pseudo is None:
        return []
    entries = ((subject, subject.surveyed.opened.entry) for subject in lesson.subjects)
    return [s for s, entry in entries if entry.role == "train" and entry.reviewed != "all"]


def predict_unlabelled(
    subject: Subject, config: PseudoConfig, folder: Path, device: str
) -> Generator[Progress, None, ReadProbability]:
    """Predict a volume block by block, unless it was; return what reads the probability.

    A killed run goes on after the last block.

    Raises
    ------
    ReadError
        Blocks of the volume cannot be read.
    """
    request = _request(subject, config, folder, device)
    kept = request.out.with_name(f"{_stem(request.out)}.probability.ome.zarr")
    if not kept.exists():
        for event in predict(request):
            if isinstance(event, Progress):
                what = f"Pseudo-labels of {subject.name}: {event.what}"
                yield Progress(event.done, event.total, event.unit, what, event.seconds_left)
            elif isinstance(event, Proposed) and event.state == "partial":
                raise ReadError(
                    f"{len(event.failed)} of {event.blocks} blocks of {subject.name} could not be "
                    f"predicted, the first because: {event.failed[0].reason}"
                )
    store = open_store(kept)

    def probability(box: Box) -> np.ndarray:
        return store.read("probability", box)

    return probability


def _request(subject: Subject, config: PseudoConfig, folder: Path, device: str) -> Predict:
    entry = subject.surveyed.opened.entry
    inference = config.inference.model_copy(update={"device": device})
    return Predict(
        volume=entry.image,
        out=folder / f"{_key(subject, config)}.ome.zarr",
        options=entry.options,
        checkpoint=config.checkpoint,
        inference=inference,
        probability=True,
        smallest_um3=0,  # of the mask, which nobody looks at
        overwrite=True,  # only a run of ours that was killed can stand there
    )


def _key(subject: Subject, config: PseudoConfig) -> str:
    """Name a prediction by all that it follows from, so that a later run can use it."""
    recipe: dict[str, Any] = {
        "image": subject.surveyed.opened.image.uri,
        "fingerprint": subject.surveyed.opened.image.fingerprint,
        "options": subject.surveyed.opened.entry.options.model_dump(mode="json"),
        "checkpoint": checkpoint_of(config.checkpoint).card.sha256,
        "inference": config.inference.model_dump(mode="json", exclude={"device"}),
    }
    return sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]


def _stem(out: Path) -> str:
    return out.name.removesuffix(".ome.zarr")
