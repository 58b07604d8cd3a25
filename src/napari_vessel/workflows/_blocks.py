"""Predict block after block into a store: what a proposal and a whole-volume job share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

import numpy as np
from torch import nn

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    Levels,
    ReadAhead,
    Spill,
    TileStep,
    predict_needed,
    read_ahead,
)
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import Store
from napari_vessel.workflows._clock import Clock
from napari_vessel.workflows._events import BlockFailed, BlockProposed, Progress
from napari_vessel.workflows._keeping import Halted, keep
from napari_vessel.workflows._parts import Wanted
from napari_vessel.workflows._pipeline import Ahead, Behind, Written, working

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BlockRun:
    """All that predicting blocks of a region needs."""

    name: str
    network: nn.Module
    read: Levels
    bounds: Box
    region: Box
    organ: Wanted
    config: InferenceConfig
    store: Store
    ledger: BlockLedger


def first_of(left: list[Box]) -> Box:
    """Take blocks in the order they came in."""
    return left[0]


def predict_blocks(
    run: BlockRun, blocks: list[Box], choose: Callable[[list[Box]], Box] = first_of
) -> Iterator[Progress | BlockProposed | BlockFailed]:
    """Predict ``blocks`` (volume voxels) that the ledger does not list as done.

    ``choose`` says which of those left is begun next, each time one is about to be, and
    which is likely to be: that one is read while the network is still at the one before.

    A block that cannot be read is recorded as failed and holds nothing; every
    other is on the disk before the ledger says so. It is written by a thread, so the
    ledger says so, in the order of their prediction, while the next is predicted. Blocks
    outside of the organ come first: they stay as the store was made, without vessels.
    """
    yield from skip_outside(run, blocks)
    left = [block for block in blocks if block not in run.ledger.done]
    clock = Clock(run, len(blocks) - len(left), left)
    with working() as (reading, writing, halt):
        ahead, behind = Ahead(reading, partial(read_block, run, halt)), Behind(writing)
        while left:
            left.remove(block := choose(left))
            for step in _predict_one(run, block, (ahead, behind, halt)):
                if left and ahead.idle:
                    ahead.expect(choose(left))
                if isinstance(step, TileStep):
                    yield clock.progress(block, step.done / step.total)
                elif isinstance(step, Written):
                    run.ledger.record(step.block, left_out=step.left_out)
                    yield BlockProposed(run.name, step.block)
                else:
                    _log.warning("Block %s failed: %s", block, step.reason)
                    run.ledger.record(block, failed=step.reason)
                    yield step
            clock.end(block)
        for written in behind.ended(wait=True):
            run.ledger.record(written.block, left_out=written.left_out)
            yield BlockProposed(run.name, written.block)


def skip_outside(run: BlockRun, blocks: list[Box]) -> Iterator[BlockProposed]:
    """Record blocks outside of the organ as done: the store was made without vessels."""
    new = (block for block in blocks if block not in run.ledger.done)
    outside = [block for block in new if not run.organ.touches(block)]
    run.ledger.record_all(outside)  # at once: a volume may have ten thousands
    yield from (BlockProposed(run.name, block) for block in outside)


def failures(ledger: BlockLedger) -> tuple[BlockFailed, ...]:
    """List the blocks that failed, with the reason."""
    return tuple(BlockFailed(box, reason) for box, reason in ledger.failed.items())


def read_block(run: BlockRun, halt: Event, block: Box) -> ReadAhead:
    """Read a block, on a thread that stops between two pieces when told to."""

    def at(box: Box, level: int) -> np.ndarray:
        if halt.is_set():
            raise Halted
        return run.read.at(box, level)

    read = replace(run.read, at=at)
    spill = Spill(run.ledger.path.parent)
    wanted = run.organ.touches
    return read_ahead(read, block, run.bounds, run.config, spill=spill, wanted=wanted)


def _predict_one(
    run: BlockRun, block: Box, threads: tuple[Ahead, Behind, Event]
) -> Iterator[TileStep | Written | BlockFailed]:
    """Predict a block and hand it to the writer, telling what the writer has done meanwhile."""
    ahead, behind, halt = threads
    left_out, writing = block.size, _nothing
    try:
        read = ahead.take(block)
        yield TileStep(0, 1)  # the next can be read from now on
        for event in predict_needed(run.network, read, block, run.bounds, run.config):
            if isinstance(event, TileStep):
                yield event
                yield from behind.ended()
            elif isinstance(event, BlockPrediction):
                left_out -= event.box.size
                writing = partial(keep, run, event, read.spill, halt.is_set)
    except ReadError as error:
        yield BlockFailed(block, str(error))
    else:
        yield from behind.ended(wait=True)
        behind.write(Written(block, left_out), writing)


def _nothing() -> None:
    """Write nothing: a block that seems empty stays as the store was made."""
