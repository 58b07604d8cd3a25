"""The curves of a classifier's training, as lines to go on from and as a table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from math import isfinite, nan
from typing import Any

from napari_vessel.training import ClassificationTask, EpochEnd, FitEnd, StepEnd
from napari_vessel.workflows._classify_events import ClassEpoch


class ClassHistory:
    """Collects what each epoch brought, from the task that brought it."""

    def __init__(self, task: ClassificationTask) -> None:
        self._task = task
        self.epochs: list[ClassEpoch] = []

    def add(self, event: StepEnd | EpochEnd | FitEnd) -> None:
        """Keep an epoch."""
        if isinstance(event, EpochEnd):
            curves = self._task.curves
            self.epochs.append(
                ClassEpoch(
                    epoch=event.epoch,
                    loss=event.loss,
                    accuracy=curves.accuracy,
                    validation_loss=curves.validation_loss,
                    validation_accuracy=curves.validation_accuracy,
                    score=event.score,
                    learning_rate=curves.learning_rate,
                    best=event.best,
                )
            )

    def lines(self) -> bytes:
        """Return JSON Lines, an epoch each; NaN becomes null."""
        return "".join(json.dumps(_plain(epoch)) + "\n" for epoch in self.epochs).encode()

    def restore(self, lines: bytes) -> None:
        """Go on from lines."""
        self.epochs = [ClassEpoch(**_numbers(json.loads(line))) for line in lines.splitlines()]

    def table(self) -> bytes:
        """Return CSV, an epoch a row; what is not known is an empty cell."""
        text = io.StringIO()
        writer = csv.DictWriter(text, [f.name for f in fields(ClassEpoch)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(_plain(epoch) for epoch in self.epochs)
        return text.getvalue().encode()


def _plain(epoch: ClassEpoch) -> dict[str, float | int | bool | None]:
    return {key: value if isfinite(value) else None for key, value in asdict(epoch).items()}


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    return {key: nan if value is None else value for key, value in values.items()}
