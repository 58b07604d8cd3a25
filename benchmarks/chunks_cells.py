"""One training of the chunk classifier, and the file that keeps what it gave on unseen volumes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chunks_data import CLASSES, EDGE, TURNS, Chunks, Turn, parted_turn, turn
from napari_vessel.search import Choice, Range, SearchSpace, Study, StudyConfig

TRIALS = 20
BALANCES = ("none", "oversample")
SEEDS = {"greys": 1, "parted": 1, "small": 1, "before": 3, "whole": 3}
SPACE = SearchSpace(
    {
        "learning_rate": Range(low=2e-4, high=1e-2, log=True),
        "momentum": Range(low=0.8, high=0.98),
        "weight_decay": Range(low=1e-5, high=1e-1, log=True),
        "batch": Choice(choices=[16, 32, 64]),
        "dropout": Range(low=0.1, high=0.7),
        "augmentation": Choice(choices=["flips", "full"]),
        "augmentation_strength": Range(low=0.0, high=0.8),
        "label_smoothing": Range(low=0.0, high=0.15),
    }
)
_EPOCHS, _TRIAL_PATIENCE, _WHOLE_EPOCHS = 12, 4, 20
_AXES = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 2, 1))  # each axis of the cube as that of the slices

Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Cell:
    """What is computed at a time: a training on a turn.

    ``number`` is its seed or trial; of the whole recipe also which quarter it is chosen by.
    """

    recipe: str
    balance: str
    turn: int
    number: int


def cells() -> list[Cell]:
    """List all cells but those of studies, which are one after another."""
    return [
        Cell(recipe, balance, at, seed)
        for recipe, seeds in SEEDS.items()
        for seed in range(seeds)
        for at in range(len(TURNS))
        for balance in (BALANCES if recipe == "before" else ("oversample",))
    ]


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read what there is."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


def append_result(path: Path, result: dict[str, Any]) -> None:
    """Keep a result; a line is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def volumes_of(result: dict[str, Any]) -> list[str]:
    """Return the volume of each chunk that a result is of."""
    return [name for name, count in result["volumes"] for _ in range(count)]


def cell_of(result: dict[str, Any]) -> Cell:
    """Return the cell that a line of the results is of."""
    return Cell(result["recipe"], result["balance"], result["turn"], result["number"])


def compute(cell: Cell) -> dict[str, Any]:
    """Compute a cell; return what one line of the results file holds."""
    begun = process_time()
    part = _part(cell)
    if cell.recipe == "greys":
        validation, test = _by_greys(part)
    else:
        validation, test = _trained(cell, part, {}, lambda *_: False)
    return _result(cell, part, validation, test, process_time() - begun)


def _part(cell: Cell) -> Turn:
    """Return what a cell learns from, is chosen by and tested on."""
    if cell.recipe == "parted":
        return parted_turn(cell.turn)
    if cell.recipe == "whole":
        return turn(cell.turn, chosen_by=1 + cell.number, overlapping=True)
    return turn(cell.turn, edge=EDGE // 2 if cell.recipe == "small" else EDGE)


def tuned(balance: str, at: int, folder: Path, done: set[int]) -> Iterator[dict[str, Any]]:
    """Go on with the study of a turn; yield each trial that was not done."""
    part = turn(at)
    config = StudyConfig(trials=TRIALS, seed=at, warmup=2)
    recipe = {"balance": balance, "turn": at, "epochs": _EPOCHS, "patience": _TRIAL_PATIENCE}
    with Study(folder / f"{balance}-{at}", SPACE, config, recipe) as study:
        while (trial := study.ask()) is not None:
            cell, begun = Cell("tuned", balance, at, trial.origin), process_time()
            validation, test = _trained(cell, part, trial.values, trial.report)
            result = _result(cell, part, validation, test, process_time() - begun)
            result["values"] = trial.values
            if test is None:
                study.prune(trial)
            else:
                study.complete(trial, result["validation"])
            if cell.number not in done:
                yield result


def _trained(
    cell: Cell, part: Turn, values: dict[str, Any], hopeless: Callable[[int, float], bool]
) -> tuple[float, Probabilities | None]:
    """Train; return the validation score and the probabilities of the test, None if given up."""
    import torch

    from napari_vessel.networks import ClassifierConfig, build_classifier
    from napari_vessel.training import (
        ClassBatches,
        ClassificationTask,
        ClassifierTrainingConfig,
        EpochEnd,
        fit,
    )

    whole = cell.recipe == "whole"
    settings: dict[str, Any] = {"augmentation_strength": 0.3} if whole else {}
    settings |= {"patience": _TRIAL_PATIENCE} if cell.recipe == "tuned" else {}
    settings |= {name: value for name, value in values.items() if name != "dropout"}
    config = ClassifierTrainingConfig.model_validate(
        {"epochs": _WHOLE_EPOCHS if whole else _EPOCHS, "balance": cell.balance}
        | {"seed": cell.number, "plateau": 3, "precision": "bf16"}
        | settings
    )
    torch.manual_seed(cell.number)
    edge = part.test.images.shape[-1]
    made = {"backbone": "lenet", "in_channels": edge, "size": edge}
    network = build_classifier(
        ClassifierConfig(classes=CLASSES, dropout=values.get("dropout", 0.5), **made)
    )
    known = ClassBatches(part.validation.images, part.validation.labels, batch=64, draw="in_order")
    task = ClassificationTask(network, config, known, part.train.labels)
    draw = "oversampled" if cell.balance == "oversample" else "shuffled"
    source = _turning(part.train, cell.number) if whole else part.train.images
    batches = ClassBatches(
        source, part.train.labels, batch=config.batch, draw=draw, seed=cell.number
    )
    score = 0.0
    for event in fit(task, batches, config):
        if isinstance(event, EpochEnd):
            score = max(score, event.score)
            if hopeless(event.epoch, event.score):
                return score, None
    return score, _probabilities(network, part.test, whole)


def _turning(chunks: Chunks, seed: int) -> Callable[[NDArray[np.int64]], NDArray[np.float32]]:
    """Give out cubes with one of their three axes, by lot, as that of the slices."""
    random = np.random.default_rng(seed)

    def load(some: NDArray[np.int64]) -> NDArray[np.float32]:
        axes = random.integers(0, len(_AXES), len(some))
        each = [
            chunks.images[at : at + 1].transpose(_AXES[axis])
            for at, axis in zip(some, axes, strict=True)
        ]
        return np.concatenate(each)

    return load


def _probabilities(network: Any, chunks: Chunks, whole: bool) -> Probabilities:  # noqa: ANN401
    """Return the probability of vessel; of the whole recipe the mean of 12 views of each cube."""
    from napari_vessel.training import predict_classes

    views = []
    for axes in _AXES if whole else _AXES[:1]:
        seen = chunks.images.transpose(axes)
        flips = (seen, seen[..., ::-1], seen[..., ::-1, :], seen[..., ::-1, ::-1])
        for view in flips if whole else flips[:1]:
            parts = np.array_split(np.ascontiguousarray(view), max(len(view) // 64, 1))
            views.append(predict_classes(network, parts)[:, 1])
    return np.mean(views, axis=0)


def _by_greys(part: Turn) -> tuple[float, Probabilities]:
    """Judge by how bright a chunk is alone: what of the task needs no network at all."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import balanced_accuracy_score

    def greys(chunks: Chunks) -> NDArray[np.float64]:
        flat = chunks.images.reshape(len(chunks.images), -1)
        shares = (0, 1, 5, 25, 50, 75, 95, 99, 100)
        return np.column_stack([np.percentile(flat, shares, axis=1).T, flat.std(axis=1)])

    forest = HistGradientBoostingClassifier(class_weight="balanced", random_state=0)
    forest.fit(greys(part.train), part.train.labels)
    chosen = forest.predict(greys(part.validation))
    score = float(balanced_accuracy_score(part.validation.labels, chosen))
    return score, forest.predict_proba(greys(part.test))[:, 1].astype(np.float32)


def _result(
    cell: Cell, part: Turn, validation: float, test: Probabilities | None, seconds: float
) -> dict[str, Any]:
    judged: dict[str, Any] = {"pruned": True}
    if test is not None:
        judged = {
            "probability": [round(float(value), 4) for value in test],
            "truth": part.test.labels.tolist(),
            "volumes": [[name, len(list(run))] for name, run in groupby(part.test.volumes)],
        }
    figures = {"validation": round(validation, 4), "seconds": round(seconds, 1)}
    return asdict(cell) | figures | judged
