"""The settings that can be tuned, by name: where each stands in a run, and what it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from napari_vessel.errors import CallerError
from napari_vessel.search import Choice, SearchSpace
from napari_vessel.workflows._classify_config import ClassifyRun
from napari_vessel.workflows._train_config import Start, TrainRun

__all__ = ["Run", "Task", "default_space", "require_sound", "run_with", "task_of"]

Run = TrainRun | ClassifyRun
Task = Literal["train", "classify"]

_PLACES: Mapping[Task, Mapping[str, str]] = {
    "train": {
        "learning_rate": "training.learning_rate",
        "momentum": "training.momentum",
        "weight_decay": "training.weight_decay",
        "dropout": "training.dropout",
        "batch": "training.batch",
        "patch": "training.patch",
        "architecture": "network.architecture",
        "encoder": "network.encoder",
        "loss": "training.loss",
        "augmentation_strength": "training.augmentation_strength",
    },
    "classify": {
        "learning_rate": "training.learning_rate",
        "optimiser": "training.optimiser",
        "momentum": "training.momentum",
        "weight_decay": "training.weight_decay",
        "dropout": "network.dropout",
        "batch": "training.batch",
        "encoder": "network.backbone",
        "backbone": "network.backbone",
        "loss": "training",  # a table of what differs: cross entropy has several switches
        "balance": "training.balance",
        "augmentation_strength": "training.augmentation_strength",
    },
}

_DEFAULTS: Mapping[Task, Mapping[str, dict[str, Any]]] = {
    "train": {
        "learning_rate": {"low": 1e-4, "high": 5e-3, "log": True},
        "momentum": {"low": 0.8, "high": 0.98},
        "dropout": {"low": 0.0, "high": 0.5},
        "batch": {"choices": [4, 8, 16]},
        "encoder": {"choices": ["tu-resnet10t", "tu-resnet18"]},
        "loss": {
            "choices": {
                "bce + dice": {"bce": 0.5, "dice": 0.5},
                "focal + dice": {"bce": 0, "focal": 0.5, "dice": 0.5},
                "bce + tversky": {"bce": 0.5, "dice": 0, "tversky": 0.5},
                "bce + surface dice": {"bce": 0.5, "dice": 0, "surface_dice": 0.5},
            }
        },
        "augmentation_strength": {"low": 0.0, "high": 1.0},
    },
    "classify": {
        "optimiser": {"choices": ["adam", "sgd"]},
        "learning_rate": {"low": 1e-4, "high": 3e-2, "log": True},
        "momentum": {"low": 0.8, "high": 0.98},
        "dropout": {"low": 0.0, "high": 0.7},
        "batch": {"choices": [16, 32, 64, 128]},
        "backbone": {"choices": ["lenet", "resnet18"]},
        "loss": {
            "choices": {
                "cross entropy": {"label_smoothing": 0.0},
                "smoothed": {"label_smoothing": 0.1},
            }
        },
        "augmentation_strength": {"low": 0.0, "high": 1.0},
    },
}


def task_of(run: Run) -> Task:
    """Tell what a run trains."""
    return "train" if isinstance(run, TrainRun) else "classify"


def default_space(run: Run) -> SearchSpace:
    """Return what is tuned unless it is said, without what the run cannot take."""
    kept: dict[str, Any] = {}
    for name, setting in _DEFAULTS[task_of(run)].items():
        if "choices" not in setting:
            if _taken(run, name, setting["low"]) and _taken(run, name, setting["high"]):
                kept[name] = setting
            continue
        parsed = Choice.model_validate(setting)
        good = {k: v for k, v in parsed.by_label.items() if _taken(run, name, v)}
        if len(good) > 1:
            named = isinstance(parsed.choices, dict)
            kept[name] = {"choices": good if named else list(good.values())}
    return SearchSpace.model_validate(kept)


def run_with(run: Run, values: Mapping[str, Any], seed: int | None = None) -> Run:
    """Return a run with some settings changed, by their names or their places in the file.

    Raises
    ------
    CallerError
        There is no such setting, or the run cannot take the value.
    """
    task = task_of(run)
    changed = run.model_dump(mode="json", exclude_unset=True)
    for name, value in values.items():
        place = _PLACES[task].get(name, name)
        _refuse_network_of_start(run, name, place)
        _put(changed, place.split("."), value, merge=place == "training")
    if seed is not None:
        _put(changed, ["training", "seed"], seed)
    try:
        return type(run).model_validate(changed)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        drawn = ", ".join(f"{name} = {value}" for name, value in values.items())
        raise CallerError(f"{where}: {first['msg']} (with {drawn})") from error


def require_sound(run: Run, space: SearchSpace) -> None:
    """Refuse now a setting that a trial would fail with, each tried by itself.

    Raises
    ------
    CallerError
        Naming it.
    """
    if not space.settings:
        raise CallerError("space: nothing is tuned. Name a setting, or leave space out.")
    for name, setting in space.settings.items():
        for value in setting.samples():
            try:
                run_with(run, _with_conditions(space, name) | {name: value})
            except CallerError as error:
                known = ", ".join(_PLACES[task_of(run)])
                raise CallerError(
                    f"space.{name}: {error} Expected one of {known}, or a place in the run's own "
                    "configuration, as training.patience."
                ) from error


def _with_conditions(space: SearchSpace, name: str) -> dict[str, Any]:
    """Return what must hold of other settings for one to be drawn."""
    needed: dict[str, Any] = {}
    for other, allowed in space.settings[name].when.items():
        needed |= _with_conditions(space, other)
        needed[other] = space.value_of(other, allowed[0])
    return needed


def _taken(run: Run, name: str, value: Any) -> bool:  # noqa: ANN401  any setting's
    try:
        run_with(run, {name: value})
    except CallerError:
        return False
    return True


def _refuse_network_of_start(run: Run, name: str, place: str) -> None:
    if isinstance(run.network, Start) and place.startswith("network."):
        raise CallerError(
            f"{name} cannot be tuned while the run starts from {run.network.start}, which settles "
            "the network: leave it out of the space, or start anew."
        )


def _put(values: dict[str, Any], path: list[str], value: Any, *, merge: bool = False) -> None:  # noqa: ANN401
    """Set a value in nested tables."""
    inner = values
    for key in path[:-1]:
        inner = inner.setdefault(key, {})
    last = path[-1]
    inner[last] = inner.get(last, {}) | value if merge else value
