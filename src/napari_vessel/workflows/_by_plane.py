"""A deep volume predicted plane by plane, each in blocks of its own shape, then fused.

A plane needs no halo along the normal of its slices, so slabs of whole slices waste less than
cubes that all planes share; what comes out is the same. Each plane's probability lies on the
disk (``OUT.job/planes.ome.zarr``) until all are fused, in the blocks of the recipe, which the
job's ledger lists. Each plane has a ledger of its own, so that a killed job goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    Spill,
    TileStep,
    disagreement,
    fuse,
    look_at,
    look_of,
)
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import Store, StoreSpec, create_store, open_store
from napari_vessel.workflows._blocks import BlockRun, predict_blocks, read_block, skip_outside
from napari_vessel.workflows._boxes import blocks_of, chunk_of
from napari_vessel.workflows._events import BlockFailed, BlockProposed, Progress
from napari_vessel.workflows._job import Job
from napari_vessel.workflows._job_block import pixels_wanted
from napari_vessel.workflows._keeping import keep
from napari_vessel.workflows._parts import Needed
from napari_vessel.workflows._pipeline import Ahead, working
from napari_vessel.workflows._time_left import TimeLeft

__all__ = ["ByPlane"]

_AT_A_TIME = (64, 256, 256)  # voxels that are fused
_PLANES = 0.95  # of the work, all but looking and fusing
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ByPlane:
    """Predicts a job's blocks plane by plane.

    Parameters
    ----------
    job
        Where what is made on the way lies.
    passes
        The settings of each plane.
    """

    job: Job
    passes: Mapping[Plane, InferenceConfig]

    def predict_blocks(
        self, run: BlockRun, blocks: list[Box]
    ) -> Iterator[Progress | BlockProposed | BlockFailed]:
        """Predict ``blocks`` (volume voxels) that the ledger does not list as done.

        A block of which a slab of a plane cannot be read is recorded as failed.
        """
        yield from skip_outside(run, blocks)
        left = [block for block in blocks if block not in run.ledger.done]
        if not left:
            return
        looks = BlockLedger.open(self.job.looks)
        yield from _looked(run, left, looks, len(blocks))
        parts = {block: part for block in left if (part := _part(looks, block))}
        needed = Needed(run.organ, run.region, run.config.block, parts)
        store = self._store(run)
        ledgers = {plane: BlockLedger.open(self.job.ledger_of(plane)) for plane in self.passes}
        yield from self._planes(replace(run, store=store, organ=needed), ledgers, len(blocks))
        for done, block in enumerate(left, start=len(blocks) - len(left)):
            share = _PLANES * len(blocks) + (1 - _PLANES) * done
            yield Progress(share, len(blocks), "blocks", "Fusing the planes")
            yield _fused(run, (store, ledgers), block, parts.get(block))

    def _store(self, run: BlockRun) -> Store:
        if self.job.planes.exists():
            return open_store(self.job.planes, writable=True)
        spec = StoreSpec(
            shape=run.region.shape,
            voxel_size=run.store.voxel_size,
            chunk=chunk_of(run.config.block),
            arrays=tuple(plane.value for plane in self.passes),
        )
        return create_store(self.job.planes, spec)

    def _planes(
        self, run: BlockRun, ledgers: Mapping[Plane, BlockLedger], blocks: int
    ) -> Iterator[Progress]:
        """Predict each plane in its own blocks."""
        wanted = run.organ.touches
        works = {
            plane: pixels_wanted(config, run.region, run.bounds, wanted)
            for plane, config in self.passes.items()
        }
        total, before, left = sum(works.values()) or 1.0, 0.0, None
        for plane, config in self.passes.items():
            alone = replace(run, config=config, ledger=ledgers[plane])
            units = [unit for unit in blocks_of(run.region, config.block) if wanted(unit)]
            for event in predict_blocks(alone, units):
                if isinstance(event, Progress):
                    done = before + event.fraction * works[plane]
                    left = left or TimeLeft(total, done)
                    share = _PLANES * done / total * blocks
                    what = f"Predicting in plane {plane.value.upper()}"
                    yield Progress(share, blocks, "blocks", what, left.at(done))
            before += works[plane]


def _looked(run: BlockRun, blocks: list[Box], looks: BlockLedger, total: int) -> Iterator[Progress]:
    """Look at each block once, for the part of it that may hold vessel."""
    todo = [block for block in blocks if block not in looks.done]
    if look_of(run.config) is None or not todo:
        return
    with working() as (reading, _, halt):
        ahead = Ahead(reading, partial(read_block, run, halt))
        for number, block in enumerate(todo):
            yield Progress(0, total, "blocks", "Looking where vessels may be")
            try:
                read = ahead.take(block)
                if number + 1 < len(todo):
                    ahead.expect(todo[number + 1])
                steps = look_at(run.network, read, (block, run.bounds), run.config)
                part = yield from _told(steps, total)
            except ReadError as error:  # its slabs say so too
                _log.warning("Block %s cannot be looked at: %s", block, error)
                continue
            looks.record(block, left_out=block.size - (part.size if part else 0), part=part)


def _told(
    steps: Generator[TileStep, None, Box | None], total: int
) -> Generator[Progress, None, Box | None]:
    """Tell of every batch, so that a wish to stop is heard, and return what was found."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            part: Box | None = end.value
            return part
        yield Progress(0, total, "blocks", "Looking where vessels may be")


def _part(looks: BlockLedger, block: Box) -> Box | None:
    """Return what of a block is to be predicted: all of it where nobody looked."""
    if block not in looks.done:
        return block
    return looks.parts.get(block)


def _fused(
    run: BlockRun,
    found: tuple[Store, Mapping[Plane, BlockLedger]],
    block: Box,
    part: Box | None,
) -> BlockProposed | BlockFailed:
    """Fuse the planes of a block, bring it to the disk, and record it."""
    store, ledgers = found
    broken = _broken(ledgers, part) if part else None
    try:
        if broken is None and part is not None:
            spill = Spill(run.ledger.path.parent)
            keep(run, _fusion(run, store, (part, tuple(ledgers)), spill), spill)
    except ReadError as error:
        broken = str(error)
    if broken:
        _log.warning("Block %s failed: %s", block, broken)
        run.ledger.record(block, failed=broken)
        return BlockFailed(block, broken)
    run.ledger.record(block, left_out=block.size - (part.size if part else 0))
    return BlockProposed(run.name, block)


def _broken(ledgers: Mapping[Plane, BlockLedger], part: Box) -> str | None:
    """Return why a slab that holds any of a part failed, if one did."""
    failed = (item for ledger in ledgers.values() for item in ledger.failed.items())
    return next((reason for slab, reason in failed if slab.intersection(part)), None)


def _fusion(
    run: BlockRun, store: Store, what: tuple[Box, tuple[Plane, ...]], spill: Spill
) -> BlockPrediction:
    part, planes = what
    probability, apart = spill.zeros(part.shape, np.uint8), spill.zeros(part.shape, np.uint8)
    for cell in part.cells(_AT_A_TIME):
        place = cell.relative_to(run.region)
        kept = {plane: store.read(plane.value, place) for plane in planes}
        inside = cell.relative_to(part).slices
        probability[inside], apart[inside] = fuse(kept, run.config), disagreement(kept)
        spill.rest()
    return BlockPrediction(part, probability, apart, {})
