"""Propose a mask of a project's region, where the person looks first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from torch import nn

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import Checkpoint, choose_device
from napari_vessel.project import BlockLedger, Project, ledger_path
from napari_vessel.volumes import Store, StoreSpec, Volume, create_store, open_store
from napari_vessel.workflows._blocks import BlockRun, failures, predict_blocks
from napari_vessel.workflows._boxes import blocks_of, chunk_of, inside
from napari_vessel.workflows._checkpoints import checkpoint_in
from napari_vessel.workflows._clean import cleaned
from napari_vessel.workflows._cleaning import remove_small
from napari_vessel.workflows._events import BlockProposed, Fused, Progress, Proposed
from napari_vessel.workflows._finishing import finish
from napari_vessel.workflows._focusing import FocusWatch
from napari_vessel.workflows._fuse_again import fuse_again, take_over
from napari_vessel.workflows._in_view import InView
from napari_vessel.workflows._known import KEPT, Known, known_of
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._organ import Seen, seen
from napari_vessel.workflows._prune import prune_proposals
from napari_vessel.workflows._reading import windowed_reader
from napari_vessel.workflows._recipe import recipe_of
from napari_vessel.workflows._requests import Propose
from napari_vessel.workflows._scale import tell_level
from napari_vessel.workflows._settling import settled, with_precision

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Plan:
    """What is to be proposed, settled but for what only the network tells."""

    project: Project
    volume: Volume
    region: Box
    checkpoint: Checkpoint
    config: InferenceConfig
    view: Seen

    @property
    def blocks(self) -> list[Box]:
        return blocks_of(self.region, self.config.block)

    def recipe(self, config: InferenceConfig) -> dict[str, Any]:
        return recipe_of(self.volume, self.region, self.checkpoint, config, self.view)

    def new_store(self, name: str, config: InferenceConfig, known: Known | None) -> Store:
        """Make the store of a proposal ``name``, to be filled, with what is ``known`` too."""
        kept = known.kept if known else config.planes
        beside = {"before": _shown_before(self.project), KEPT: [str(plane) for plane in kept]}
        return create_store(
            self.project.proposals / f"{name}.ome.zarr",
            StoreSpec(
                shape=self.region.shape,
                voxel_size=self.project.config.volume.voxel_size,
                chunk=chunk_of(config.block),
                arrays=("probability", "disagreement", *(plane.value for plane in Plane)),
                attrs=self.recipe(config) | beside,
            ),
        )


def propose(request: Propose) -> Iterator[Any]:
    """Predict into a new proposal of the project, which is in view from the start.

    The slice in view comes first, from its own plane; then the blocks that hold it, the
    nearest first; then outwards. Where the person looks elsewhere meanwhile, that does.
    Where a block is not done yet the proposal before shows. Blocks that an earlier
    proposal of the same recipe knows, but for how planes are fused, are fused again
    from what it keeps; where these are all, the network is not even loaded. A proposal in
    view that was paused, cancelled or killed, and is of the same recipe, is gone on with.

    Yields
    ------
    Progress, SliceProposed, BlockProposed, BlockFailed, Fused, Cleaned, Proposed

    Raises
    ------
    CallerError
        The box does not lie in the volume.
    """
    started = monotonic()
    yield Progress(0, 1, "blocks", "Reading the volume")
    plan = _planned(request)
    watch = FocusWatch(request.focus, request.watch)
    known = known_of(plan.project, plan.recipe(plan.config))
    if known and known.blocks.issuperset(plan.blocks):
        try:
            yield from _fused_again(plan, known, watch, started)
        except ReadError as error:
            _log.warning("What is kept of the planes cannot be used, all is predicted: %s", error)
            known = None
        else:
            return
    yield Progress(0, 1, "blocks", "Loading the network")
    run, known = _begin(plan, known)
    before = len(known.blocks) if known else 0
    yield from _predicted(run, known, InView(watch, run, plan.blocks, plan.volume))
    failed = failures(run.ledger)
    if not failed:
        yield from finish(run.store)
        yield from _put_away(plan.project, started)
    yield Proposed(
        name=run.name,
        state="partial" if failed else "complete",
        blocks=len(plan.blocks),
        failed=failed,
        seconds=monotonic() - started,
        missing_chunks=tell_missing(plan.volume),
        outside=sum(not run.organ.touches(block) for block in plan.blocks),
        empty=run.ledger.empty,
        left_out=run.ledger.share_left_out(plan.region.size),
        known=before,
    )


def _planned(request: Propose) -> _Plan:
    project = Project.open(request.project, to_change=True)
    volume = project.open_volume()
    region = inside(request.box, volume.shape, default=project.config.region)
    checkpoint = checkpoint_in(project)
    threshold = min(checkpoint.card.threshold, project.threshold)  # the slider may go back up
    config = settled(project.config.inference, volume, checkpoint.card, threshold)
    tell_level(config, volume, checkpoint.card)
    return _Plan(project, volume, region, checkpoint, config, seen(volume, checkpoint.card))


def _fused_again(plan: _Plan, known: Known, watch: FocusWatch, started: float) -> Iterator[Any]:
    """Make the new proposal from an earlier one alone; it is in view once it is complete."""
    config = known.settle(plan.config)
    name = plan.project.new_id()
    store = plan.new_store(name, config, known)
    ledger = BlockLedger.open(ledger_path(plan.project.proposals, name))
    yield from fuse_again(known, store, ledger, config, watch.focus)
    yield from finish(store)
    plan.project.update(proposal=name)
    yield Fused(name)
    yield from _put_away(plan.project, started)
    blocks = plan.blocks
    yield Proposed(name, "complete", len(blocks), (), monotonic() - started, known=len(blocks))


def _predicted(run: BlockRun, known: Known | None, view: InView) -> Iterator[Any]:
    """Predict what is not known, the slice in view first, and look up where the person looks."""
    yield from view.slice_in_view()
    for block in view.ordered(known.blocks) if known else ():
        done = block in run.ledger.done  # it is gone on with
        if done or (known and take_over(known, block, run.store, run.ledger, run.config)):
            yield BlockProposed(run.name, block)
    for event in predict_blocks(run, view.blocks, view.choose):
        yield event
        yield from view.after_a_move()


def _begin(plan: _Plan, known: Known | None) -> tuple[BlockRun, Known | None]:
    device = choose_device(plan.config.device)
    network, project, view = plan.checkpoint.load(device), plan.project, plan.view
    known = known if known and _can_go_on(known, plan.config, network) else None
    config = known.settle(plan.config) if known else with_precision(plan.config, network)
    known = known and known.only(config)
    name, store = _store_for(plan, known, config)
    run = BlockRun(
        name=name,
        network=network,
        read=windowed_reader(plan.volume, view.window, plan.checkpoint.card, view.polarity),
        organ=view.organ,
        bounds=Box.of(plan.volume.shape),
        region=plan.region,
        config=config,
        store=store,
        ledger=BlockLedger.open(ledger_path(project.proposals, name)),
    )
    project.update(proposal=name)
    _log.info("Proposal %s of %s with checkpoint %s", name, plan.region, plan.checkpoint.id)
    return run, known


def _store_for(plan: _Plan, known: Known | None, config: InferenceConfig) -> tuple[str, Store]:
    """Open the proposal in view where that can be gone on with, else make a new one."""
    project = plan.project
    if known and known.goes_on(config) and known.proposal.id == project.config.proposal:
        return known.proposal.id, open_store(known.proposal.store.path, writable=True)
    name = project.new_id()
    return name, plan.new_store(name, config, known)


def _can_go_on(known: Known, config: InferenceConfig, network: nn.Module) -> bool:
    """Tell whether the device can go on in the arithmetic that was begun with."""
    before = known.settle(config).precision
    return with_precision(config, network, before=before).precision == before


def _put_away(project: Project, started: float) -> Iterator[Any]:
    """Do what follows a proposal that is complete: nothing superseded, nothing small is shown."""
    prune_proposals(project)
    yield from remove_small(project, project.config.smallest_um3)
    yield cleaned(project, started)


def _shown_before(project: Project) -> str | None:
    """Name the proposal that shows now, past those cancelled before their first block."""
    proposal = project.open_proposal()
    while proposal and not proposal.complete and not proposal.ledger.done:
        proposal = proposal.before
    return proposal.id if proposal else None
