"""The folder of a study: its trials' trainings, the best network, and what a person reads."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from napari_vessel.search import SearchSpace, Study, StudySummary, trials_as_csv
from napari_vessel.volumes import replace_folder, write_atomically
from napari_vessel.workflows._classify_requests import ClassifyTrain
from napari_vessel.workflows._requests import Train
from napari_vessel.workflows._run_kinds import file_of
from napari_vessel.workflows._run_write import run_text
from napari_vessel.workflows._train_config import TrainRun
from napari_vessel.workflows._tune_config import TuneRun
from napari_vessel.workflows._tune_space import Run, run_with

__all__ = ["TuneFolder", "run_of", "training_of"]

_YEAR = 525_600.0  # minutes: TOML has no word for "no limit"


def run_of(config: TuneRun, values: dict[str, object], seed: int) -> Run:
    """Return the run of a trial from what was drawn for it."""
    space = config.tuned
    named = {name: space.value_of(name, label) for name, label in values.items()}
    run = run_with(config.base, named, seed)
    if isinstance(run, TrainRun) and run.split_seed is None:
        # Else trials of other seeds are judged by other cells.
        return run.model_copy(update={"split_seed": config.study.seed})
    return run


def training_of(
    run: Run, out: Path, device: str, *, resume: bool = False, overwrite: bool = False
) -> Train | ClassifyTrain:
    """Return what its workflow is asked."""
    if isinstance(run, TrainRun):
        return Train(run, out, device, resume, overwrite)
    return ClassifyTrain(run, out, device, resume, overwrite)


@dataclass(frozen=True)
class TuneFolder:
    """``OUT/``: the study's own files, ``trials/``, the best network, tables and pictures."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        """The best trial's network."""
        return self.path / "best.checkpoint"

    @property
    def best_config(self) -> Path:
        """What trains with the best settings."""
        return self.path / "best.toml"

    @property
    def table(self) -> Path:
        """Every trial, a line each."""
        return self.path / "trials.csv"

    def trial(self, origin: int) -> Path:
        """Return the folder of a trial, the same one where it is tried again."""
        return self.path / "trials" / f"{origin:04}"

    def made_by(self, origin: int) -> Path:
        """Return where a trial's network goes."""
        return self.trial(origin) / "checkpoint"

    def tidy(self, study: Study) -> None:
        """Keep the best trial's network, and of the others what led to them.

        Whatever was killed on its way to do so is caught up with.
        """
        with study.held():
            trials = study.records()
            best = StudySummary(trials).best
            for one in trials:
                made = self.made_by(one.origin)
                if not one.settled or not made.parent.exists():
                    continue
                _keep_curve(made)
                if best is not None and one.number == best.number and made.exists():
                    replace_folder(made, self.checkpoint)
                    write_atomically(
                        self.checkpoint.with_suffix(".trial"), str(one.number).encode()
                    )
                shutil.rmtree(made, ignore_errors=True)
                shutil.rmtree(made.with_name(f"{made.name}.run"), ignore_errors=True)

    def best_checkpoint(self, summary: StudySummary) -> Path | None:
        """Return the best trial's network, if it is kept."""
        best, whose = summary.best, self.checkpoint.with_suffix(".trial")
        if best is None or not self.checkpoint.exists() or not whose.exists():
            return None
        return self.checkpoint if whose.read_text() == str(best.number) else None

    def write(self, config: TuneRun, summary: StudySummary, device: str) -> Path | None:
        """Write the table and the best configuration; return that, if there is one."""
        write_atomically(self.table, trials_as_csv(summary))
        best = summary.best
        if best is None:
            return None
        run = run_of(config, best.values, best.seed)
        out = self.path / "retrained.checkpoint"
        head = (
            f"# The best of {summary.settled} trials: trial {best.number}, {best.value:.4f}.\n"
            f"# Train with it: napari-vessel run {self.best_config.name}\n\n"
        )
        text = head + _toml_of(training_of(run, out, device))
        write_atomically(self.best_config, text.encode())
        return self.best_config

    def pictures(self, summary: StudySummary, space: SearchSpace, score: str) -> dict[str, Path]:
        """Write the pictures; return their places by name."""
        from napari_vessel.search import write_figures

        return write_figures(summary, space, self.path, score=score)


def _keep_curve(made: Path) -> None:
    """Copy the curve of a training out of what is deleted."""
    for folder in (made, made.with_name(f"{made.name}.run")):
        for name in ("history.csv", "history.jsonl"):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, made.parent / name)


def _toml_of(request: Train | ClassifyTrain) -> str:
    """Return the file that ``run`` takes, as TOML, which can say all but nothing."""
    values = json.loads(run_text(request))
    text = tomli_w.dumps(_without_none(values))
    kind = type(file_of(request))
    if kind.model_validate(tomllib.loads(text)) != kind.model_validate(values):
        values["training"]["minutes"] = values["training"]["minutes"] or _YEAR
        text = tomli_w.dumps(_without_none(values))
    return text


def _without_none(values: Any) -> Any:  # noqa: ANN401  JSON
    if isinstance(values, dict):
        return {key: _without_none(value) for key, value in values.items() if value is not None}
    return [_without_none(value) for value in values] if isinstance(values, list) else values
