"""Predict block after block into a store: what a proposal and a whole-volume job share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from time import monotonic

import numpy as np
from torch import nn

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box
from napari_vessel.inference import BlockPrediction, InferenceConfig, TileStep, predict_needed
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import Organ, Store
from napari_vessel.workflows._events import BlockFailed, BlockProposed, Progress
from napari_vessel.workflows._reading import Reader

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BlockRun:
    """All that predicting blocks of a region needs."""

    name: str
    network: nn.Module
    read: Reader
    bounds: Box
    region: Box
    organ: Organ
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

    ``choose`` says which of those left is begun next, each time one is about to be.

    A block that cannot be read is recorded as failed and holds nothing; every
    other is in the store before the ledger says so. Blocks outside of the organ
    come first: they stay as the store was made, without vessels.
    """
    for block in blocks:
        if block not in run.ledger.done and not run.organ.touches(block):
            run.ledger.record(block)
            yield BlockProposed(run.name, block)
    left = [block for block in blocks if block not in run.ledger.done]
    done, started = len(blocks) - len(left), monotonic()
    for position in range(count := len(left)):
        left.remove(block := choose(left))
        clock = _Clock(started, done, position, count)
        try:
            left_out = yield from _predict_one(run, block, clock)
        except ReadError as error:
            _log.warning("Block %s failed: %s", block, error)
            run.ledger.record(block, failed=str(error))
            yield BlockFailed(block, str(error))
        else:
            run.ledger.record(block, left_out=left_out)
            yield BlockProposed(run.name, block)


def failures(ledger: BlockLedger) -> tuple[BlockFailed, ...]:
    """List the blocks that failed, with the reason."""
    return tuple(BlockFailed(box, reason) for box, reason in ledger.failed.items())


@dataclass(frozen=True)
class _Clock:
    """Turns how much of the work is done into time left."""

    started: float
    before: int
    position: int
    blocks: int

    def progress(self, part: float) -> Progress:
        """Tell the progress when ``part`` (0 to 1) of the block at hand is done."""
        fraction = (self.position + part) / self.blocks
        left = (monotonic() - self.started) * (1 - fraction) / fraction if fraction else None
        done, total = self.before + self.position + part, self.before + self.blocks
        return Progress(done, total, "blocks", "Predicting", left)


def _predict_one(run: BlockRun, block: Box, clock: _Clock) -> Generator[Progress, None, int]:
    """Predict a block and return how many of its voxels a look left out as empty."""
    left_out = block.size
    for event in predict_needed(run.network, run.read, block, run.bounds, run.config):
        if isinstance(event, TileStep):
            yield clock.progress(event.done / event.total)
        elif isinstance(event, BlockPrediction):
            _keep(run, event)
            left_out -= event.box.size
    return left_out


def _keep(run: BlockRun, prediction: BlockPrediction) -> None:
    place, organ = prediction.box.relative_to(run.region), run.organ.at(prediction.box)
    arrays = {"probability": prediction.probability, "disagreement": prediction.disagreement}
    arrays |= {plane.value: voxels for plane, voxels in prediction.planes.items()}
    for name in run.store.arrays:
        if name in arrays:
            run.store.write(name, place, np.where(organ, arrays[name], np.uint8(0)))
            run.store.sync(name, place)  # on the disk before the ledger says so
