"""Feeds a cluster: never more than a few items under way, each until it is done or set aside."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import uuid4

from napari_vessel.cluster._events import Answer, SetAside, Waiting
from napari_vessel.cluster._flight import Flight, Try, failure_of
from napari_vessel.cluster._task import Errand, carried_out
from napari_vessel.errors import ComputeError

if TYPE_CHECKING:
    from distributed import Future

    from napari_vessel.cluster._cluster import Cluster, Workers

__all__ = ["Feed"]

T = TypeVar("T")
R = TypeVar("R")

_LEAST = 4  # tasks under way without any worker: what an adaptive cluster grows by
_GATHER_S = 30.0  # for a result of a few bytes
_BAD_RUN = 3  # failures one after the other, and a worker is avoided
_REMEMBERED = 1000  # durations


class Feed(Generic[T, R]):
    """One run over items; see :meth:`Cluster.each`."""

    def __init__(
        self,
        cluster: Cluster,
        errand: Errand[T, R],
        items: Iterable[T],
        hopeless: int | None,
    ) -> None:
        self._cluster, self._errand, self._hopeless = cluster, errand, hopeless
        self._config = cluster.config
        self._name = f"{errand.name}-{uuid4().hex[:8]}"
        self._items = iter(items)
        self._again: deque[Try[T]] = deque()
        self._suspects: deque[Try[T]] = deque()
        self._flights: dict[Any, Flight[T]] = {}
        self._landed: SimpleQueue[Future[Any]] = SimpleQueue()
        self._workers: Workers = cluster.workers()
        self._looked = monotonic()
        self._bad: dict[str, int] = {}
        self._durations: deque[float] = deque(maxlen=_REMEMBERED)
        self._submitted = self._answered = self._aside = 0

    def go_on(self) -> bool:
        """Start what there is room for; tell whether anything is under way."""
        self._look()
        room = max(self._config.ahead * self._workers.total, _LEAST)
        while len(self._flights) < room and (trial := self._next()) is not None:
            self._submit(trial)
        if not self._flights and self._suspects:
            self._submit(self._suspects.popleft())  # alone: if a worker dies now, it was this
        if len(self._flights) < self._workers.total:
            self._try_slow_ones_elsewhere()
        return bool(self._flights)

    def news(self) -> Iterator[Answer[T, R] | SetAside[T] | Waiting]:
        """Wait a moment for a task to end, and tell what came of it."""
        try:
            future = self._landed.get(timeout=self._config.tick_s)
        except Empty:
            if self._cluster.client.status in {"closing", "closed"}:
                raise self._cluster.lost("the client was closed") from None
            yield Waiting(len(self._workers.slots), len(self._flights))
            return
        flight = self._flights.get(future.key)
        if flight is None:
            return  # the slower of two
        if future.status == "finished":
            yield from self._finished(flight, future)
        elif future.status == "error":
            yield from self._failed(flight, future)
        elif future.status == "cancelled":
            raise self._cluster.lost("it let go of a task")
        else:  # finished, but lost with its worker before it was seen: dask does it again
            future.add_done_callback(self._landed.put)

    def cancel(self) -> None:
        """Call back what is under way."""
        futures = [flight.future for flight in self._flights.values()]
        self._flights.clear()
        if futures and self._cluster.client.status == "running":
            self._cluster.client.cancel(futures, force=True)

    def _next(self) -> Try[T] | None:
        if self._again:
            return self._again.popleft()
        for item in self._items:
            return Try(item)
        return None

    def _submit(self, trial: Try[T], avoid: Iterable[str] = ()) -> None:
        self._submitted += 1
        wanted = self._wanted({*trial.failed_on, *avoid})
        future = self._cluster.client.submit(
            carried_out,
            self._errand,
            trial.item,
            key=(self._name, self._submitted),
            pure=False,
            workers=wanted or None,
            allow_other_workers=bool(wanted),
            resources=self._workers.resources or None,
        )
        self._flights[future.key] = Flight(trial, future, monotonic())
        future.add_done_callback(self._landed.put)

    def _wanted(self, unwanted: set[str]) -> list[str]:
        """Name workers to prefer, if there is reason to: where they die, any other will do."""
        bad = {worker for worker, run in self._bad.items() if run >= _BAD_RUN}
        if not bad | unwanted:
            return []
        others = [worker for worker in self._workers.slots if worker not in unwanted]
        return [worker for worker in others if worker not in bad] or others

    def _look(self) -> None:
        connected = self._cluster.client.status == "running"  # else to ask would take long
        if connected and monotonic() - self._looked >= self._config.look_s:
            self._workers = self._cluster.workers()
            self._looked = monotonic()

    def _finished(self, flight: Flight[T], future: Future[Any]) -> Iterator[Answer[T, R]]:
        try:
            worker, result = future.result(timeout=_GATHER_S)
        except TimeoutError:  # its worker died just now: dask does it again
            future.add_done_callback(self._landed.put)
            return
        self._durations.append(monotonic() - flight.started)
        self._bad[worker] = 0
        self._answered += 1
        self._end(flight)
        yield Answer(flight.trial.item, result, worker)

    def _failed(self, flight: Flight[T], future: Future[Any]) -> Iterator[SetAside[T]]:
        trial, failure = flight.trial, failure_of(future)
        del self._flights[future.key]
        if failure.worker and not failure.killed:
            self._bad[failure.worker] = self._bad.get(failure.worker, 0) + 1
        if any(other.trial is trial for other in self._flights.values()):
            return  # the copy of a slow one may still succeed
        if failure.killed and not trial.alone:
            self._suspects.append(trial.on_its_own())
            return
        trial.failed_on.append(failure.worker or "an unknown worker")
        if not (failure.final or failure.killed or len(trial.failed_on) >= self._config.attempts):
            self._again.append(trial)
            return
        aside = SetAside(
            trial.item, failure.reason, failure.trace, tuple(trial.failed_on), failure.final
        )
        yield aside
        self._count_hopeless(aside)

    def _count_hopeless(self, aside: SetAside[T]) -> None:
        self._aside += not aside.final
        if self._hopeless is None or self._answered or self._aside < self._hopeless:
            return
        raise ComputeError(
            f"None of the first {self._aside} blocks could be done by the workers of "
            f"{self._cluster.name}; the last failed on {aside.workers[-1]}: {aside.reason}"
        )

    def _end(self, flight: Flight[T]) -> None:
        """Forget an item that is done, with its copies."""
        done = [key for key, other in self._flights.items() if other.trial is flight.trial]
        copies = [self._flights.pop(key).future for key in done]
        slower = [copy for copy in copies if copy is not flight.future]
        if slower:
            self._cluster.client.cancel(slower, force=True)

    def _try_slow_ones_elsewhere(self) -> None:
        """Where workers are idle, let them do, too, what takes far too long."""
        if not self._durations or len(self._workers.slots) < 2:
            return
        usual = self._config.slow_factor * median(self._durations)
        late = monotonic() - max(usual, self._config.slow_least_s)
        slow = [f for f in self._flights.values() if f.started < late and not f.trial.copied]
        if slow:
            at = {
                key: worker
                for worker, keys in self._cluster.client.processing().items()
                for key in keys
            }
            for flight in slow:
                flight.trial.copied = True
                self._submit(flight.trial, avoid=[at.get(flight.future.key, "")])
