"""What a classifier did, as pictures and tables: the confusion matrix, and how it learned."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError
from napari_vessel.metrics import ClassScores
from napari_vessel.volumes import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves_png", "matrix_csv", "matrix_png", "read_history"]

_EDGES = {"train": "#1f77b4", "validation": "#d95f02"}


def matrix_csv(path: Path, scores: ClassScores) -> None:
    """Write the confusion matrix: a row for each true class, a column for each predicted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["truth", *scores.classes])
    for name, row in zip(scores.classes, scores.matrix.tolist(), strict=True):
        writer.writerow([name, *row])
    write_atomically(path, text.getvalue().encode())


def matrix_png(path: Path, scores: ClassScores) -> None:
    """Draw the confusion matrix: samples, coloured by their share of the true class."""
    count = len(scores.classes)
    edge = 2.2 + 0.55 * count
    figure = _figure(edge + 1.0, edge)
    axes = figure.add_subplot()
    held = scores.matrix.sum(axis=1, keepdims=True)
    share = scores.matrix / np.maximum(held, 1)
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    _numbers(axes, scores.matrix, share)
    names = [_short(name) for name in scores.classes]
    axes.set_xticks(range(count), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(count), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("truth")
    axes.set_title(_title(scores), fontsize=9)
    figure.colorbar(image, ax=axes, label="share of the true class", fraction=0.046)
    _save(figure, path)


def read_history(path: Path) -> list[dict[str, float]]:
    """Read a training's history, one row for each epoch; cells without a number are left out.

    Raises
    ------
    ReadError
        If it is missing, or no such table.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The history {path} cannot be read: {error}."
        raise ReadError(message) from error
    rows = []
    for row in csv.DictReader(io.StringIO(text)):
        numbers = {
            name: number for name, cell in row.items() if (number := _number(cell)) is not None
        }
        rows.append(numbers)
    if not rows or "epoch" not in rows[0]:
        raise ReadError(f"{path} holds no history; expected a column epoch and a row for each.")
    return rows


def curves_png(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Draw loss and accuracy over the epochs, training beside validation.

    Parameters
    ----------
    path
        The picture to write.
    history
        One mapping for each epoch with ``epoch`` and any of ``loss``, ``validation_loss``,
        ``accuracy``, ``validation_accuracy`` and ``score``.
    """
    figure = _figure(8.0, 3.2)
    left, right = figure.subplots(1, 2)
    _curves(left, history, {"train": "loss", "validation": "validation_loss"})
    _curves(right, history, {"train": "accuracy", "validation": "validation_accuracy"})
    scored = [(row["epoch"], row["score"]) for row in history if "score" in row]
    if scored:
        epochs, values = zip(*scored, strict=True)
        right.plot(epochs, values, color="#555555", linestyle=":", label="score")
        best = max(scored, key=lambda pair: pair[1])
        right.plot(*best, marker="o", color="#555555")
    left.set_ylabel("loss")
    right.set_ylabel("accuracy, score")
    right.set_ylim(0, 1.02)
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8)
    _save(figure, path)


def _curves(axes: Axes, history: Sequence[Mapping[str, float]], columns: Mapping[str, str]) -> None:
    for label, column in columns.items():
        points = [(row["epoch"], row[column]) for row in history if column in row]
        if points:
            epochs, values = zip(*points, strict=True)
            axes.plot(epochs, values, color=_EDGES[label], label=label)


def _numbers(axes: Axes, matrix: NDArray[np.int64], share: NDArray[np.float64]) -> None:
    for row, column in np.ndindex(*matrix.shape):
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=colour)


def _title(scores: ClassScores) -> str:
    named = {"accuracy": scores.accuracy, "balanced": scores.balanced_accuracy, "AUC": scores.auc}
    return " · ".join(
        f"{name} {interval.value:.3f}"
        for name, interval in named.items()
        if not np.isnan(interval.value)
    )


def _short(name: str) -> str:
    return name if len(name) <= 24 else name[:23] + "…"


def _number(cell: str | None) -> float | None:
    try:
        number = float(cell or "")
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    content = io.BytesIO()
    figure.savefig(content, format="png")
    write_atomically(path, content.getvalue())
