"""Spread the blocks of a prediction over the workers of a cluster."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from uuid import uuid4

from napari_vessel.cluster import (
    Answer,
    Cluster,
    Errand,
    SetAside,
    Waiting,
    connect,
)
from napari_vessel.errors import ComputeError, ReadError
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import Checkpoint
from napari_vessel.workflows._blocks import BlockRun, skip_outside
from napari_vessel.workflows._errand import (
    BlockDone,
    Network,
    Site,
    precision_there,
    predict_there,
    recipe_sum,
)
from napari_vessel.workflows._events import BlockFailed, BlockProposed, Progress
from napari_vessel.workflows._job import Job
from napari_vessel.workflows._requests import Predict

_HOPELESS = 3  # blocks: where they all fail, nothing is right with the workers
_log = logging.getLogger(__name__)


@contextmanager
def spread_over(request: Predict, checkpoint: Checkpoint, job: Job) -> Iterator[Spread | None]:
    """Reach, or start, the cluster that ``request`` names; None where it names none.

    Raises
    ------
    CallerError
        See ``refuse_scheduler``.
    ComputeError
        No scheduler answers.
    """
    if request.scheduler is None:
        yield None
        return
    device = request.inference.device
    with connect(request.scheduler, device=device) as cluster:
        name = request.checkpoint if request.checkpoint == "starter" else str(checkpoint.path)
        yield Spread(request, job, cluster, Network(name, checkpoint.card.sha256, device))


@dataclass
class Spread:
    """A prediction on the workers of a cluster."""

    request: Predict
    job: Job
    cluster: Cluster
    network: Network
    _precision: str = ""
    _missing: dict[str, int] = field(default_factory=dict)

    @property
    def missing_chunks(self) -> int:
        """Chunks that were not there, counted by each worker: one may be counted twice."""
        return sum(self._missing.values())

    def prepare(self, before: str | None) -> Iterator[Progress]:
        """Settle the arithmetic: as ``before`` an interruption, else as suits a worker.

        Waits for the first worker, however long that takes.

        Raises
        ------
        ComputeError
            No worker can load the network.
        """
        wish = self.request.inference.precision
        if wish == "auto" and before:
            self._precision = before
            return
        errand = Errand("choose-precision", partial(precision_there, self.network))
        with closing(self.cluster.each(errand, [wish])) as events:
            for event in events:
                if isinstance(event, Answer):
                    self._precision = event.result
                elif isinstance(event, SetAside):
                    raise ComputeError(f"No worker of {self.cluster.name} can: {event.reason}")
                else:
                    yield Progress(0, 1, "blocks", self._waiting(event))

    def settled(self, config: InferenceConfig) -> InferenceConfig:
        """Return ``config`` with its arithmetic named."""
        return config.model_copy(update={"precision": self._precision})

    def predict_blocks(
        self, run: BlockRun, blocks: list[Box]
    ) -> Iterator[Progress | BlockProposed | BlockFailed]:
        """Predict ``blocks`` (volume voxels) that the ledger does not list as done.

        A worker brings its block to the disk, then the ledger says so. A block that
        cannot be read, or fails wherever it is tried, is recorded as failed.

        Raises
        ------
        ComputeError
            The scheduler is gone, or the first blocks all fail: nothing is right then.
        """
        yield from skip_outside(run, blocks)
        left = [block for block in blocks if block not in run.ledger.done]
        clock = _Clock(monotonic(), len(blocks) - len(left), len(left))
        proven = any(run.organ.touches(block) for block in run.ledger.done)
        errand = Errand("predict", partial(predict_there, self._site()), final=(ReadError,))
        hopeless = None if proven else _HOPELESS
        with closing(self.cluster.each(errand, left, hopeless=hopeless)) as events:
            for event in events:
                if isinstance(event, Waiting):
                    yield clock.progress(self._waiting(event))
                    continue
                clock.ended += 1
                yield self._noted(run, event)
                yield clock.progress(f"Predicting on {self.cluster.name}")

    def _noted(
        self, run: BlockRun, event: Answer[Box, BlockDone] | SetAside[Box]
    ) -> BlockProposed | BlockFailed:
        if isinstance(event, Answer):
            done = event.result
            self._missing[event.worker] = max(
                done.missing_chunks, self._missing.get(event.worker, 0)
            )
            _log.info("Block %s: %.1f s on %s", done.box, done.seconds, event.worker)
            run.ledger.record(event.item, left_out=done.left_out)
            return BlockProposed(run.name, event.item)
        reason = _reason(event)
        _log.warning("Block %s failed: %s\n%s", event.item, reason, event.trace)
        run.ledger.record(event.item, failed=reason, trace="" if event.final else event.trace)
        return BlockFailed(event.item, reason)

    def _site(self) -> Site:
        request, job = self.request, self.job.path.absolute()
        where = request.volume
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", where):
            where = str(Path(where).expanduser().absolute())
        return Site(
            run=uuid4().hex,
            job=job,
            recipe=recipe_sum(job),
            volume=where,
            options=request.options,
            network=self.network,
        )

    def _waiting(self, event: Waiting) -> str:
        if not event.workers:
            return f"Waiting for workers of {self.cluster.name}"
        workers = "worker" if event.workers == 1 else "workers"
        return f"Predicting on {event.workers} {workers} of {self.cluster.name}"


def _reason(aside: SetAside[Box]) -> str:
    if aside.final:
        return aside.reason.removeprefix("ReadError: ")
    places = ", ".join(sorted({*aside.workers}))
    times = "once" if len(aside.workers) == 1 else f"{len(aside.workers)} times"
    return f"{aside.reason} Tried {times} (on {places})."


@dataclass
class _Clock:
    """Turns how many blocks ended into time left."""

    started: float
    before: int
    blocks: int
    ended: int = 0

    def progress(self, what: str) -> Progress:
        """Tell the progress as it is now."""
        took, left = monotonic() - self.started, self.blocks - self.ended
        seconds = took * left / self.ended if self.ended else None
        total = self.before + self.blocks
        return Progress(self.before + self.ended, total, "blocks", what, seconds)
