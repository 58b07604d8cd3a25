"""A cluster that is connected: who is there, and what they are asked."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from napari_vessel.cluster._address import require_safe
from napari_vessel.cluster._config import ClusterConfig
from napari_vessel.cluster._events import Answer, SetAside, Waiting
from napari_vessel.errors import ComputeError

if TYPE_CHECKING:
    from distributed import Client

    from napari_vessel.cluster._task import Errand

__all__ = ["GPU", "Cluster", "Workers"]

T = TypeVar("T")
R = TypeVar("R")

GPU = "GPU"  # what dask's own documentation calls the resource


@dataclass(frozen=True, slots=True)
class Workers:
    """Who is there: what each worker can do at once, by address.

    Attributes
    ----------
    slots
        Tasks at once. Where some workers declare GPUs, only those, one task for each GPU.
    resources
        What a task asks of a worker.
    """

    slots: dict[str, float]
    resources: dict[str, float]

    @property
    def total(self) -> float:
        """Tasks that can run at once."""
        return sum(self.slots.values())

    @classmethod
    def of(cls, info: dict[str, Any]) -> Workers:
        """Read them from what a scheduler says."""
        gpus = {
            address: worker["resources"][GPU]
            for address, worker in info.items()
            if worker.get("resources", {}).get(GPU)
        }
        if gpus:
            return cls(gpus, {GPU: 1})
        return cls({address: worker["nthreads"] for address, worker in info.items()}, {})


class Cluster:
    """Workers to ask; made by :func:`connect`."""

    def __init__(self, client: Client, name: str, config: ClusterConfig) -> None:
        self.client = client
        self.name = name
        self.config = config

    def workers(self) -> Workers:
        """See who is there now.

        Raises
        ------
        CallerError
            A worker can be reached in plain text only, beyond this machine.
        ComputeError
            The scheduler is gone.
        """
        try:
            info = self.client.scheduler_info()["workers"]
        except (OSError, ValueError) as error:  # ValueError: the client is closed
            raise self.lost(str(error)) from error
        require_safe(info, "The scheduler's worker")
        return Workers.of(info)

    def each(
        self, errand: Errand[T, R], items: Iterable[T], *, hopeless: int | None = None
    ) -> Generator[Answer[T, R] | SetAside[T] | Waiting, None, None]:
        """Carry out an errand on every item, in any order.

        A few items per worker are under way at a time, whatever their number. One whose
        worker dies is tried again by dask; if it seems to kill workers, once more at the
        end, alone. One that fails is tried on other workers, a bounded number of times.
        At the end, one that takes far longer than most is tried on another worker, too:
        so an item may be carried out twice, and must come out the same.

        To cancel is to stop asking: what is queued is called back, and what runs is told
        (:func:`given_up`).

        Parameters
        ----------
        errand
            What to do.
        items
            Picklable and small; taken one by one.
        hopeless
            How many items may fail for good before a first one succeeds.

        Yields
        ------
        Answer
            For an item carried out, once.
        SetAside
            For an item that failed for good.
        Waiting
            Where nothing is new for a second.

        Raises
        ------
        ComputeError
            The scheduler is gone; or ``hopeless`` items failed and none succeeded.
        """
        from napari_vessel.cluster._feed import Feed

        feed: Feed[T, R] = Feed(self, errand, items, hopeless)
        try:
            while feed.go_on():
                yield from feed.news()
        finally:
            feed.cancel()

    def lost(self, why: str) -> ComputeError:
        """Put in words that the scheduler is gone."""
        return ComputeError(
            f"The scheduler at {self.name} was lost ({why or 'no connection'}). What is done is "
            "kept: start the cluster again and run the same command."
        )
