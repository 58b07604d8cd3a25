"""What a classifier said of samples, as tables, scores and pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.datasets import Sample
from napari_vessel.errors import OutputExistsError
from napari_vessel.metrics import ClassScores, class_scores
from napari_vessel.volumes import write_atomically
from napari_vessel.workflows._class_figures import matrix_csv, matrix_png

__all__ = ["refuse_tables", "scores_of", "write_tables"]

EVALUATION, PROBABILITIES, SCORES = "evaluation.csv", "probabilities.csv", "scores.json"
_MATRIX = "confusion"
Probabilities = NDArray[np.float32]


def refuse_tables(folder: Path, *, overwrite: bool) -> None:
    """Refuse now what could not be written at the end.

    Raises
    ------
    OutputExistsError
        Something else, or an earlier evaluation that is to stay, is there.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError(f"{folder} is no folder: choose another name for the tables.")
    if (folder / EVALUATION).exists() and not overwrite:
        raise OutputExistsError(
            f"{folder / EVALUATION} exists already: choose another folder, or use --overwrite."
        )


def scores_of(
    samples: Sequence[Sample],
    probabilities: Probabilities,
    classes: tuple[str, ...],
    draws: int = 1000,
) -> ClassScores | None:
    """Score what is said of samples that have a class; None where none has one.

    Whole groups are redrawn for the intervals, where there are several.
    """
    places = {name: at for at, name in enumerate(classes)}
    known = [at for at, sample in enumerate(samples) if sample.label in places]
    if not known:
        return None
    groups = [samples[at].group for at in known]
    truth = [places[str(samples[at].label)] for at in known]
    of_groups = groups if len(set(groups)) > 1 else None
    return class_scores(truth, probabilities[known], classes, groups=of_groups, draws=draws)


def write_tables(
    folder: Path,
    samples: Sequence[Sample],
    probabilities: Probabilities,
    classes: tuple[str, ...],
    scores: ClassScores | None,
) -> None:
    """Write ``evaluation.csv``, ``probabilities.csv`` and, where there are scores, what they say.

    ``evaluation.csv`` has the columns ``name,ground_truth``, the second of which holds the
    predicted class: as those who ask for it want it. Both tables have a row for each sample, in
    the samples' order.

    Raises
    ------
    WriteError
        The disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    said = [classes[at] for at in probabilities.argmax(1)] if len(samples) else []
    names = [sample.name for sample in samples]
    _write(folder / EVALUATION, ("name", "ground_truth"), zip(names, said, strict=True))
    numbers = ([f"{value:.6g}" for value in row] for row in probabilities)
    rows = ([name, *row] for name, row in zip(names, numbers, strict=True))
    _write(folder / PROBABILITIES, ("name", *classes), rows)
    if scores is None:
        return
    content = json.dumps(scores.as_dict(), indent=2, allow_nan=False)
    write_atomically(folder / SCORES, content.encode())
    matrix_csv(folder / f"{_MATRIX}.csv", scores)
    matrix_png(folder / f"{_MATRIX}.png", scores)


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())
