"""Run workflows in the calling thread."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from time import sleep
from typing import Any

from ._config import RunnerConfig
from ._failures import explained
from ._inbox import HEARTBEAT_S, Heartbeat
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
        self._paused: set[str] = set()

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
            with closing(events_of(self._registry, workflow, request)) as events:
                for event in events:
                    yield event
                    while workflow in self._paused:
                        sleep(HEARTBEAT_S)
                        yield Heartbeat()
        except Exception as error:
            ours = explained(workflow, error)
            if ours is error:
                raise
            raise ours from error

    def pause(self, workflow: str, *, paused: bool = True) -> None:
        """Let jobs of a workflow, each on its caller's thread, rest or go on."""
        (self._paused.add if paused else self._paused.discard)(workflow)

    def restart(self) -> None:
        """Do nothing: there is no process."""

    def close(self) -> None:
        """Do nothing: who holds a generator closes it."""

    @property
    def alive(self) -> bool:
        """Always: it lives as long as its caller."""
        return True
