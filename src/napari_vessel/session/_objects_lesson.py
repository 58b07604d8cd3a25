"""What a classifier of objects learns from, and which objects only judge it: sticky."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import time
from uuid import uuid4

import numpy as np

from napari_vessel.datasets import ObjectsData, Split, open_data, split_samples
from napari_vessel.errors import CallerError, SamplesError
from napari_vessel.networks import ClassifierConfig
from napari_vessel.session._objects_config import KeptClassifier, ObjectsConfig
from napari_vessel.session._objects_open import ObjectsPlaces
from napari_vessel.session._objects_table import Snapshot, write_for_classifier
from napari_vessel.volumes import Volume
from napari_vessel.workflows import ClassifyRun

__all__ = [
    "FEWEST",
    "Lesson",
    "classifier_path",
    "delete_classifiers",
    "new_classifier",
    "only",
    "plan_lesson",
    "why_not",
]

FEWEST = 3  # labelled objects of a class, one for each part
_FRACTIONS = (0.6, 0.2, 0.2)  # objects are few: enough must judge
_STALE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """A training that is prepared: what it is asked, and the objects that only judge it.

    ``held_out`` holds ids, ``truth`` what a person said of each; ``is_sure`` is whether they were
    no part of choosing the best epoch either.
    """

    out: Path
    run: ClassifyRun
    classes: tuple[str, ...]
    labelled: int
    held_out: tuple[str, ...]
    truth: tuple[str, ...]
    is_sure: bool
    notes: tuple[str, ...]


def why_not(snapshot: Snapshot) -> str:
    """Say why nothing can be learned from what is labelled so far; empty: it can."""
    counts = Counter(v.name for v in snapshot.verdicts if v is not None)
    enough = [name for name in snapshot.class_names if counts[name] >= FEWEST]
    if len(enough) >= 2:
        return ""
    said = ", ".join(f"{counts[name]} {name}" for name in snapshot.class_names)
    return f"Label at least {FEWEST} objects of two classes first; there are {said}."


def new_classifier(places: ObjectsPlaces) -> Path:
    """Return where a new classifier of the project goes."""
    places.made()
    places.classifiers.mkdir(exist_ok=True)
    return places.classifiers / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:4]}"


def plan_lesson(
    places: ObjectsPlaces, volume: Volume, config: ObjectsConfig, snapshot: Snapshot, out: Path
) -> Lesson:
    """Write the table of what is labelled and its split beside ``out``, and say what to train.

    An object that judged once judges for ever: no classifier of the project learns from it.
    Classes with fewer than three labelled objects are left out.

    Raises
    ------
    CallerError
        Too little is labelled.
    """
    if reason := why_not(snapshot):
        raise CallerError(reason)
    known, classes, notes = _learned(snapshot)
    table = out.with_name(f"{out.name}.objects.csv")
    write_for_classifier(table, known, labelled=True)
    data = config.crop.data(volume, table, labelled=True)
    split = _split(places, data, config.network.size)
    own = out.with_name(f"{out.name}.split.csv")
    split.write(own)
    network = _network(places, config, classes)
    run = ClassifyRun.model_validate(
        {
            "network": network,
            "data": data,
            "training": config.training,
            "split": str(own),
            "fractions": _FRACTIONS,
        }
    )
    held, is_sure = _held_out(split, known)
    said = {i: v.name for i, v in zip(known.ids, known.verdicts, strict=True) if v is not None}
    return Lesson(
        out=out,
        run=run,
        classes=classes,
        labelled=known.labelled,
        held_out=held,
        truth=tuple(said[one] for one in held),
        is_sure=is_sure,
        notes=(*notes, *split.notes),
    )


def only(snapshot: Snapshot, ids: tuple[str, ...]) -> Snapshot:
    """Return a snapshot of some objects, in their order in ``ids``."""
    place = {id_: at for at, id_ in enumerate(snapshot.ids)}
    rows = np.array([place[id_] for id_ in ids], np.int64)
    return Snapshot(
        snapshot.classes,
        ids,
        snapshot.points[rows],
        tuple(snapshot.verdicts[at] for at in rows),
        snapshot.probabilities[rows],
    )


def classifier_path(places: ObjectsPlaces, kept: KeptClassifier) -> Path:
    """Return where a classifier lies."""
    return places.place / kept.path


def delete_classifiers(places: ObjectsPlaces, config: ObjectsConfig, gone: Iterable[str]) -> None:
    """Delete the classifiers ``gone``, and what trainings left behind that came to no end."""
    listed, deleted = {one.id for one in config.classifiers}, set(gone)
    for path in places.classifiers.glob("*") if places.classifiers.is_dir() else ():
        id_ = path.name.split(".")[0]
        is_stale = time() - path.stat().st_mtime > _STALE_S
        if id_ in deleted or (id_ not in listed and is_stale):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _learned(snapshot: Snapshot) -> tuple[Snapshot, tuple[str, ...], tuple[str, ...]]:
    """Return the labelled objects of classes that have enough, those classes, and notes."""
    counts = Counter(v.name for v in snapshot.verdicts if v is not None)
    classes = tuple(name for name in snapshot.class_names if counts[name] >= FEWEST)
    ids = tuple(
        id_
        for id_, verdict in zip(snapshot.ids, snapshot.verdicts, strict=True)
        if verdict is not None and verdict.name in classes
    )
    few = [n for n in snapshot.class_names if 0 < counts[n] < FEWEST]
    notes = tuple(f"{name} has fewer than {FEWEST} objects and is left out." for name in few)
    return only(snapshot, ids), classes, notes


def _split(places: ObjectsPlaces, data: ObjectsData, size: int) -> Split:
    """Share the labelled objects out; those that were keep their part, whatever was since then."""
    samples = open_data(data, size).samples
    before = Split.read(places.split) if places.split.exists() else None
    try:
        split = split_samples(samples, _FRACTIONS, kept=before)
    except SamplesError:
        # Crops of two parts overlap now: objects were moved, or the square is larger. What judged
        # goes on judging by itself; its neighbours still share voxels with it.
        alone = [type(sample)(sample.name, sample.label, sample.name) for sample in samples]
        parted = None if before is None else _alone(before)
        split = split_samples(alone, _FRACTIONS, kept=parted)
    now = set(split.part)
    older = tuple(s for s in before.samples if s.name not in now) if before else ()
    part = {**(dict(before.part) if before else {}), **split.part}
    Split((*split.samples, *older), part).write(places.split)
    return split


def _alone(split: Split) -> Split:
    samples = tuple(type(s)(s.name, s.label, s.name) for s in split.samples)
    return Split(samples, split.part, split.notes)


def _held_out(split: Split, known: Snapshot) -> tuple[tuple[str, ...], bool]:
    test = tuple(id_ for id_ in known.ids if split.part[id_] == "test")
    if test:
        return test, True
    return tuple(id_ for id_ in known.ids if split.part[id_] == "validation"), False


def _network(
    places: ObjectsPlaces, config: ObjectsConfig, classes: tuple[str, ...]
) -> ClassifierConfig | dict[str, str]:
    used = config.classifier
    if config.go_on and used is not None and not used.names:
        return {"start": str(classifier_path(places, used))}
    values = config.network.model_dump()
    return ClassifierConfig.model_validate(
        values | {"classes": classes, "in_channels": config.crop.slices}
    )
