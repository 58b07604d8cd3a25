"""Several processes of this machine at work on one study."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import closing, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Event, Thread
from time import monotonic

from napari_vessel.cluster import gpus, worker_environments
from napari_vessel.errors import ComputeError
from napari_vessel.search import Study
from napari_vessel.workflows._tune_trial import TuneSite, trials_at_work

__all__ = ["crew_at_work"]

_LOOK_S = 0.3  # between two looks at the study
_LEAVE_S = 20.0  # a worker has to keep the state of its trial
_DEATHS = 3  # of each worker's, after which something is wrong with the machine


def crew_at_work(site: TuneSite, study: Study, workers: int) -> Generator[None, None, None]:
    """Do trials in ``workers`` processes until the study needs no more; yield now and then.

    One that is killed is replaced, and its trial tried again. Whoever stops asking ends them;
    so does the end of this process, however it comes.

    Raises
    ------
    ComputeError
        Workers fail, or die again and again.
    """
    devices = gpus(site.device)
    environments = worker_environments(workers, os.cpu_count() or 1, devices)
    crew = [_Worker(site, environment) for environment in environments]
    deaths = 0
    try:
        while any(worker.works for worker in crew):
            wait([worker.sentinel for worker in crew if worker.works], timeout=_LOOK_S)
            for at, worker in enumerate(crew):
                if not worker.died:
                    continue
                deaths += 1
                if worker.failed or deaths > _DEATHS * workers:
                    raise ComputeError(worker.obituary + _last_reason(study))
                crew[at] = _Worker(site, worker.environment)
            yield
    finally:
        for worker in crew:
            worker.stop()
        ends = monotonic() + _LEAVE_S
        for worker in crew:
            worker.end(max(ends - monotonic(), 0.1))


def _last_reason(study: Study) -> str:
    failed = [one for one in study.records() if one.state == "failed"]
    return f" Trial {failed[-1].number}: {failed[-1].reason}." if failed else ""


class _Worker:
    """A process that does trials, and the pipe that it lives by."""

    def __init__(self, site: TuneSite, environment: dict[str, str]) -> None:
        self.environment = environment
        context = get_context("spawn")
        theirs, self._lifeline = context.Pipe(duplex=False)
        self._process: SpawnProcess = context.Process(
            target=_serve, args=(site, environment, theirs), name="tuning", daemon=True
        )
        self._process.start()
        theirs.close()

    @property
    def works(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    @property
    def sentinel(self) -> int:
        """What is ready when it ends."""
        return self._process.sentinel

    @property
    def died(self) -> bool:
        """Whether it ended otherwise than because there was nothing left to do."""
        return self._process.exitcode not in (None, 0)

    @property
    def failed(self) -> bool:
        """Whether it ended by an error of its own, which another would meet, too."""
        return (self._process.exitcode or 0) > 0

    @property
    def obituary(self) -> str:
        """How it ended, and what to do."""
        status = self._process.exitcode or 0
        how = f"was killed (signal {-status})" if status < 0 else f"failed (status {status})"
        why = "; often because memory ran out" if status == -signal.SIGKILL else ""
        return (
            f"A worker {how}{why}. What is done is kept: ask again to go on, with fewer workers "
            "where memory is short."
        )

    def stop(self) -> None:
        """Ask it to leave after its step."""
        with suppress(OSError):
            self._lifeline.close()

    def end(self, patience_s: float) -> None:
        """Wait for its end, then make it end."""
        self._process.join(patience_s)
        for act in (self._process.terminate, self._process.kill):
            if not self._process.is_alive():
                return
            act()
            self._process.join(patience_s)


def _serve(site: TuneSite, environment: dict[str, str], lifeline: Connection) -> None:
    """Do trials in a process of its own, as long as somebody holds the other end."""
    os.environ.update({k: v for k, v in environment.items() if k not in os.environ})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; whoever began it ends it
    leave = Event()
    Thread(target=_until_let_go, args=(lifeline, leave), daemon=True).start()
    with site.study() as study, closing(trials_at_work(site, study)) as shares:
        for _ in shares:
            if leave.is_set():
                return


def _until_let_go(lifeline: Connection, leave: Event) -> None:
    with suppress(OSError, EOFError):
        lifeline.recv_bytes()
    leave.set()
