"""Every workflow that changes a project writes the project's log: here, and nowhere else."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from napari_vessel.errors import VesselError
from napari_vessel.project import Project, log_to_folder
from napari_vessel.workflows._requests import Clean, Correct, Propose, Retrain

_log = logging.getLogger(__name__)


class logged:  # noqa: N801  reads as what it is: a context
    """Note in the project's log what was asked and how it ended; errors go on their way.

    Nothing is written for requests that only look, nor where there is no project.
    """

    def __init__(self, request: object) -> None:
        self._request = request
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if isinstance(self._request, Clean | Correct | Propose | Retrain):
            project = Project(self._request.project)
            if project.toml.is_file():
                self._open.enter_context(log_to_folder(project.logs))
        _log.info("Asked: %s", self._request)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._open:
            name = type(self._request).__name__
            if error is None:
                _log.info("%s ended", name)
            elif isinstance(error, GeneratorExit | KeyboardInterrupt):
                _log.info("%s was cancelled", name)
            elif isinstance(error, VesselError):
                _log.info("%s failed: %s: %s", name, type(error).__name__, error)
            else:
                _log.info("%s failed", name, exc_info=error)
