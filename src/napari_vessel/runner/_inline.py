"""Run workflows in the calling thread."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ._config import RunnerConfig
from ._failures import explained
from ._registry import events_of

__all__ = ["InlineRunner"]


class InlineRunner:
    """Runs a workflow's generator here: for the command line and for tests.

    Parameters
    ----------
    config
        Only its ``registry`` is used: there is no process to configure.
    """

    def __init__(self, config: RunnerConfig | None = None) -> None:
        self._registry = (config or RunnerConfig()).registry

    def start(self) -> None:
        """Do nothing: there is nothing to start."""

    def run(
        self,
        workflow: str,
        request: object,
        *,
        priority: int = 0,  # noqa: ARG002  one caller, one job at a time
    ) -> Generator[Any, None, None]:
        """Run a workflow here; see :meth:`Runner.run`."""
        try:
            yield from events_of(self._registry, workflow, request)
        except Exception as error:
            ours = explained(workflow, error)
            if ours is error:
                raise
            raise ours from error

    def close(self) -> None:
        """Do nothing: who holds a generator closes it."""

    @property
    def alive(self) -> bool:
        """Always: it lives as long as its caller."""
        return True
