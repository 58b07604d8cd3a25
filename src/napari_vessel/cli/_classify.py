"""``classify``: train a classifier of patches or objects, ask it, evaluate it."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from napari_vessel.cli._options import (
    AnyDevice,
    ConfigPath,
    Json,
    Minutes,
    Overwrite,
    Resume,
    RunDevice,
    Seed,
)
from napari_vessel.cli._output import explained, run
from napari_vessel.cli._values import report
from napari_vessel.networks import ClassifierCheckpoint
from napari_vessel.workflows import (
    ClassEpoch,
    Classified,
    ClassifyPlanned,
    ClassifySamples,
    ClassifyTrain,
    ClassifyTrained,
    RunOptions,
    data_of,
    load_run,
)

_LONG = ("intervals", "macro", "weighted", "per_class", "confusion")
_Checkpoint = Annotated[
    Path, typer.Argument(metavar="CLASSIFIER", help="Folder of the classifier.")
]
_Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Images: a folder (of a folder for each class, or of images), a .csv of their names, "
        "or a .toml or .json that describes the data, as the one it was trained with.",
    ),
]
_Out = Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the tables.")]
_Split = Annotated[
    Path | None, typer.Option("--split", help="A split.csv, of which one --part is taken.")
]
_Part = Annotated[
    Literal["all", "train", "validation", "test"], typer.Option(help="Which part of --split.")
]
_Batch = Annotated[int, typer.Option(min=1, help="Images at a time.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    group = typer.Typer(
        help="Train and use classifiers of patches, objects and chunks.", no_args_is_help=True
    )
    group.command()(train)
    group.command()(predict)
    group.command()(evaluate)
    app.add_typer(group, name="classify")


def train(
    config: ConfigPath,
    out: Annotated[
        Path | None,
        typer.Option(metavar="CLASSIFIER", help="Default: CONFIG's out, else its name.classifier."),
    ] = None,
    minutes: Minutes = None,
    seed: Seed = None,
    device: RunDevice = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Train a classifier; a killed run goes on with --resume."""
    with explained():
        file = load_run(config, "classify", out)
        request = file.request(RunOptions(overwrite=overwrite, resume=resume))
        result = run("classify", _with(request, minutes, seed, device), told)
        tell(trained(result), as_json=json)


def predict(
    checkpoint: _Checkpoint,
    data: _Data,
    out: _Out,
    split: _Split = None,
    part: _Part = "all",
    batch: _Batch = 64,
    device: AnyDevice = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Classify images: OUT/evaluation.csv (name,ground_truth) and OUT/probabilities.csv."""
    with explained():
        request = _samples(checkpoint, data, out, split, part)
        request = replace(request, batch=batch, device=device, overwrite=overwrite)
        tell(classified(run("classify-samples", request)), as_json=json)


def evaluate(
    checkpoint: _Checkpoint,
    data: _Data,
    out: _Out,
    split: _Split = None,
    part: _Part = "all",
    draws: Annotated[
        int, typer.Option(min=0, max=100_000, help="Resamplings for the 95 % intervals.")
    ] = 1000,
    batch: _Batch = 64,
    device: AnyDevice = "auto",
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Classify images of known classes, and score that: tables, scores.json, confusion matrix."""
    with explained():
        request = _samples(checkpoint, data, out, split, part)
        request = replace(request, batch=batch, device=device, overwrite=overwrite)
        request = replace(request, scored=True, draws=draws)
        tell(classified(run("classify-samples", request)), as_json=json)


def told(event: object) -> str | None:
    """Write the plan, and each epoch, for the person."""
    if isinstance(event, ClassifyPlanned):
        return _plan(event)
    if isinstance(event, ClassEpoch):
        best = ", best so far" if event.best else ""
        return (
            f"Epoch {event.epoch}: loss {event.loss:.4f}, accuracy {_told(event.accuracy)}; "
            f"validation loss {_told(event.validation_loss)}, accuracy "
            f"{_told(event.validation_accuracy)}, score {event.score:.4f}{best}"
        )
    return None


def trained(result: ClassifyTrained) -> dict[str, Any]:
    """Describe how a training ended; ``scores`` are of the samples set aside."""
    names = ("checkpoint", "classes", "score", "score_at_start", "epochs", "best_epoch", "steps")
    values = {name: getattr(result, name) for name in names}
    return values | _scores(result.scores) | {"reason": result.reason, "seconds": result.seconds}


def classified(result: Classified) -> dict[str, Any]:
    """Describe what samples were said to be."""
    labels = result.labels
    values = {
        "out": result.out,
        "samples": len(labels),
        "predicted": {name: labels.count(name) for name in result.classes},
    }
    return values | _scores(result.scores) | {"seconds": result.seconds}


def tell(values: dict[str, Any], *, as_json: bool) -> None:
    """Print a result: one JSON object, or what of it a person reads; all is in the tables."""
    report(values if as_json else _brief(values), as_json=as_json)


def _brief(values: dict[str, Any]) -> dict[str, Any]:
    """Return intervals beside their scores, and a line for each class.

    >>> _brief({"auc": 0.9, "intervals": {"auc": [0.8, None]}, "per_class": {"a": {"f1": 0.5}}})
    {'auc': '0.9 (95 %: 0.8 to –)', 'a': {'f1': 0.5}}
    """
    found: dict[str, Any] = {key: value for key, value in values.items() if key not in _LONG}
    for name, ends in values.get("intervals", {}).items():
        low, high = (_number(end) for end in ends)
        found[name] = f"{_number(values.get(name))} (95 %: {low} to {high})"
    return {**found, **values.get("per_class", {})}


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _scores(scores: dict[str, Any]) -> dict[str, Any]:
    """Return scores as a result has them: none where nothing was scored."""
    return {key: value for key, value in scores.items() if key != "classes"}


def _with(
    request: Any,  # noqa: ANN401  a ClassifyTrain
    minutes: float | None,
    seed: int | None,
    device: str | None,
) -> ClassifyTrain:
    """Take the command's word over the file's."""
    given = {"minutes": minutes, "seed": seed}
    training = request.config.training
    update = {key: value for key, value in given.items() if value is not None}
    settled = type(training).model_validate(training.model_dump() | update)
    config = request.config.model_copy(update={"training": settled})
    found: ClassifyTrain = replace(request, config=config, device=device or request.device)
    return found


def _samples(
    checkpoint: Path,
    data: Path,
    out: Path,
    split: Path | None,
    part: Literal["all", "train", "validation", "test"],
) -> ClassifySamples:
    like = ClassifierCheckpoint.open(checkpoint).card.data
    return ClassifySamples(str(checkpoint), data_of(data, like), out, split, part)


def _told(value: float) -> str:
    return f"{value:.4f}" if isfinite(value) else "–"


def _plan(plan: ClassifyPlanned) -> str:
    limit = "no time limit" if plan.minutes is None else f"at most {plan.minutes:g} minutes"
    lines = [
        f"{'Going on with' if plan.resumed else 'Training'} {plan.network}, "
        f"{plan.trained_parameters / 1e6:.2f} of {plan.parameters / 1e6:.2f} million parameters "
        f"learn, on {plan.device}: at most {plan.steps} steps, {limit}."
    ]
    for part, counts in plan.samples.items():
        held = ", ".join(f"{count} {name}" for name, count in counts.items())
        lines.append(f"  {part}: {held} (of {plan.groups[part]} groups)")
    return "\n".join(lines)
