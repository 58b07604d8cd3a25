"""The workflows by name, each imported only when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from napari_vessel.workflows._logged import logged

Workflow = Callable[[Any], Iterator[Any]]


def _named(module: str, function: str) -> Workflow:
    """Return a workflow whose module, and what it needs (torch), loads when it runs.

    What it does is logged in the project that it works on.
    """

    def run(request: object) -> Iterator[Any]:
        with logged(request):
            work: Workflow = getattr(import_module(f"napari_vessel.workflows.{module}"), function)
            yield from work(request)

    return run


WORKFLOWS: Mapping[str, Workflow] = MappingProxyType(
    {
        "new": _named("_new", "new"),
        "propose": _named("_propose", "propose"),
        "foresee": _named("_foresee", "foresee"),
        "clean": _named("_clean", "clean"),
        "predict": _named("_predict", "predict"),
        "correct": _named("_correct", "correct"),
        "retrain": _named("_retrain", "retrain"),
        "compare": _named("_compare", "compare"),
        "light": _named("_light", "light"),
        "train": _named("_train", "train"),
        "tune": _named("_tune", "tune"),
        "classify": _named("_classify_train", "train_classifier"),
        "classify-samples": _named("_classify_samples", "classify_samples"),
        "triage": _named("_triage", "triage"),
        "evaluate": _named("_evaluate", "evaluate"),
        "measure": _named("_measure", "measure"),
        "explain": _named("_explain", "explain"),
        "explain-class": _named("_explain_class", "explain_class"),
        "export": _named("_export", "export"),
        "verify": _named("_verify", "verify"),
        "convert": _named("_convert", "convert"),
        "doctor": _named("_doctor", "examine"),
        "queue": _named("_queue", "rank"),
        "audit": _named("_progress_audit", "draw_audit_set"),
        "progress": _named("_progress", "take_stock"),
    }
)
