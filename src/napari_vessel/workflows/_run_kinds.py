"""The kinds of runs by name, each imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from napari_vessel.errors import CallerError
from napari_vessel.workflows._run_file import RunFile

__all__ = ["RUN_KINDS", "file_of", "kind_of"]

RUN_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "train": ("_run_train", "TrainFile"),
        "retrain": ("_run_train", "RetrainFile"),
        "predict": ("_run_predict", "PredictFile"),
        "evaluate": ("_run_predict", "EvaluateFile"),
        "classify": ("_run_classify", "ClassifyFile"),
        "classify-predict": ("_run_classify", "ClassifyPredictFile"),
        "classify-evaluate": ("_run_classify", "ClassifyEvaluateFile"),
        "tune": ("_run_tune", "TuneFile"),
        "explain": ("_run_explain", "ExplainFile"),
        "explain-class": ("_run_explain", "ExplainClassFile"),
        "triage": ("_run_classify", "TriageFile"),
    }
)
"""Module and class of each: a class is a :class:`RunFile`."""


def kind_of(name: str) -> type[RunFile]:
    """Return the class of a kind, one of ``RUN_KINDS``."""
    module, kind = RUN_KINDS[name]
    found: type[RunFile] = getattr(import_module(f"napari_vessel.workflows.{module}"), kind)
    return found


def file_of(request: object) -> RunFile:
    """Return the file that asks for what ``request`` does: what was clicked, to be run again.

    Raises
    ------
    CallerError
        No kind of run makes such a request.
    """
    for kind in map(kind_of, RUN_KINDS):
        if kind.fits(request):
            return kind.of(request)
    raise CallerError(f"{type(request).__name__} cannot be saved as a file to run.")
