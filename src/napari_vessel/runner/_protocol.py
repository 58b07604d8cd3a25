"""What every runner offers."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

__all__ = ["Runner"]


class Runner(Protocol):
    """Runs workflows by name and relays their events."""

    def start(self) -> None:
        """Get ready in the background, so that the first ``run`` finds it warm."""
        ...

    def run(
        self, workflow: str, request: object, *, priority: int = 0
    ) -> Generator[Any, None, None]:
        """Run a workflow and relay its events.

        A :class:`Heartbeat` may come between them where a workflow runs elsewhere.
        Nothing happens before the first event is asked for. The iterator is a
        generator: closing it cancels the workflow, whose ``finally`` blocks run.

        Parameters
        ----------
        workflow
            A key of the registry, as ``"predict"``.
        request
            The workflow's frozen, picklable request.
        priority
            Of several running workflows the one of highest priority goes on
            first; equal ones take turns. Give a request to predict more than a
            training, and it is served between two training steps, and between two batches
            of a long one. Below 0 it is work that nobody waits for: it leaves a core to the
            person.

        Raises
        ------
        VesselError
            What the workflow raised. Any other error of its arrives as a
            :class:`~napari_vessel.errors.ComputeError` (a ``MemoryError`` as a
            :class:`~napari_vessel.errors.DeviceMemoryError`) with its text, for
            a Qt generator worker swallows every ``RuntimeError``.
        """
        ...

    def pause(self, workflow: str, *, paused: bool = True) -> None:
        """Let jobs of a workflow rest after the step that is under way, or go on.

        Those that are started later rest, too. What they hold in memory stays.
        """
        ...

    def restart(self) -> None:
        """End what hangs: all that runs fails, and the next workflow begins anew."""
        ...

    def close(self) -> None:
        """End everything; idempotent, and never waits for long."""
        ...

    @property
    def alive(self) -> bool:
        """Whether a workflow could go on or start here without a new start."""
        ...
