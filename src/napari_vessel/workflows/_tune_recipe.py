"""What a study is of: the fixed settings of its run, and its data, wherever these lie."""

from __future__ import annotations

from typing import Any

from napari_vessel.workflows._classify_config import ClassifyRun
from napari_vessel.workflows._train_config import TrainRun
from napari_vessel.workflows._tune_config import TuneRun

__all__ = ["recipe_of", "score_of"]


def recipe_of(config: TuneRun) -> dict[str, Any]:
    """Open the data, and return what trials of the same study have in common.

    Where the files lie may change; what is in them may not.

    Raises
    ------
    CallerError
        The data cannot be learned from.
    """
    run = config.base
    if isinstance(run, TrainRun):
        return {"task": config.task, "run": _of_volumes(run)}
    return {"task": config.task, "run": _of_samples(run)}


def score_of(config: TuneRun) -> str:
    """Name what is tuned for."""
    if config.classify is None:
        return "Dice"
    monitor = config.classify.training.monitor
    return {"auc": "AUC", "loss": "minus the loss"}.get(monitor, monitor.replace("_", " "))


def _of_volumes(run: TrainRun) -> dict[str, Any]:
    from napari_vessel.workflows._train_open import open_all
    from napari_vessel.workflows._train_plan import recipe_of_run

    recipe = recipe_of_run(run, open_all(run))
    recipe.pop("code")
    recipe["training"].pop("seed")
    return recipe | {"minutes": run.training.minutes}


def _of_samples(run: ClassifyRun) -> dict[str, Any]:
    from napari_vessel.workflows._classify_config import data_without_folders
    from napari_vessel.workflows._classify_open import digest_of, lesson_of

    lesson = lesson_of(run)
    left_out: Any = {"training": {"seed"}, "data": True, "draws": True, "split": True}
    recipe = run.model_dump(mode="json", exclude=left_out)
    if lesson.parent:
        recipe["network"] = {"start": lesson.parent.card.sha256}
    return recipe | {"data": data_without_folders(run.data), "samples": digest_of(lesson)}
