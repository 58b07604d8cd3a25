"""One compute process for all docks of a viewer: torch is in memory once."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from weakref import WeakKeyDictionary

from napari_vessel.runner import ProcessRunner, Runner

__all__ = ["SharedRunner", "shared_runner"]

_RUNNERS: WeakKeyDictionary[Any, tuple[Runner, list[object]]] = WeakKeyDictionary()


class SharedRunner:
    """A dock's share of its viewer's runner: closing the last share ends the process.

    Parameters
    ----------
    runner
        What is shared.
    holders
        Those who have it; each share adds itself.
    """

    def __init__(self, runner: Runner, holders: list[object]) -> None:
        self._runner, self._holders = runner, holders
        holders.append(self)

    def start(self) -> None:
        """See :meth:`Runner.start`."""
        self._runner.start()

    def run(
        self, workflow: str, request: object, *, priority: int = 0
    ) -> Generator[Any, None, None]:
        """See :meth:`Runner.run`."""
        return self._runner.run(workflow, request, priority=priority)

    def pause(self, workflow: str, *, paused: bool = True) -> None:
        """See :meth:`Runner.pause`."""
        self._runner.pause(workflow, paused=paused)

    def restart(self) -> None:
        """See :meth:`Runner.restart`."""
        self._runner.restart()

    def close(self) -> None:
        """Give the share back."""
        if self in self._holders:
            self._holders.remove(self)
            if not self._holders:
                self._runner.close()

    @property
    def alive(self) -> bool:
        """See :meth:`Runner.alive`."""
        return self._runner.alive

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return what only some runners have, as the process's number."""
        return getattr(self._runner, name)


def shared_runner(viewer: Any) -> Runner:  # noqa: ANN401  napari's viewer, or a proxy of it
    """Return a share of the runner of ``viewer``, made with the first one."""
    own = getattr(viewer, "__wrapped__", viewer)
    runner, holders = _RUNNERS.get(own, (None, []))
    if runner is None or not holders:
        runner, holders = ProcessRunner(), []
        _RUNNERS[own] = runner, holders
    return SharedRunner(runner, holders)
