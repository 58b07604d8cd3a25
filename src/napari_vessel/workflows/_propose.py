"""Propose a mask of a project's region, where the person looks first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from math import floor
from time import monotonic
from typing import Any

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, predict_slice
from napari_vessel.networks import choose_device
from napari_vessel.project import BlockLedger, Project, ledger_path
from napari_vessel.tiling import nearest_first
from napari_vessel.volumes import Store, StoreSpec, Volume, create_store
from napari_vessel.workflows._blocks import BlockRun, failures, predict_blocks
from napari_vessel.workflows._boxes import blocks_of, chunk_of, inside
from napari_vessel.workflows._clean import cleaned
from napari_vessel.workflows._cleaning import remove_small
from napari_vessel.workflows._events import Progress, Proposed, SliceProposed
from napari_vessel.workflows._finishing import finish
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._organ import seen
from napari_vessel.workflows._prune import prune_proposals
from napari_vessel.workflows._reading import windowed_reader
from napari_vessel.workflows._recipe import recipe_of
from napari_vessel.workflows._requests import Focus, Propose
from napari_vessel.workflows._settling import settled, with_precision

_log = logging.getLogger(__name__)


def propose(request: Propose) -> Iterator[Any]:
    """Predict into a new proposal of the project, which is in view from the start.

    The slice in view comes first, from its own plane; then blocks, the nearest
    first. Where a block is not done yet the proposal before shows.

    Yields
    ------
    Progress, SliceProposed, BlockProposed, BlockFailed, Cleaned, Proposed

    Raises
    ------
    CallerError
        The box does not lie in the volume.
    """
    started = monotonic()
    yield Progress(0, 1, "blocks", "Reading the volume")
    project = Project.open(request.project)
    volume = project.open_volume()
    region = inside(request.box, volume.shape, default=project.config.region)
    yield Progress(0, 1, "blocks", "Loading the network")
    run = _begin(project, volume, region)
    blocks = blocks_of(region, run.config.block)
    if request.focus:
        yield Progress(0, len(blocks), "blocks", "Predicting the slice in view")
        yield from _slice_in_view(run, request.focus)
        blocks = nearest_first(blocks, request.focus.point, volume.voxel_size)
    yield from predict_blocks(run, blocks)
    failed = failures(run.ledger)
    if not failed:
        yield from finish(run.store)
        prune_proposals(project)
        yield from remove_small(project, project.config.smallest_um3)
        yield cleaned(project, started)
    yield Proposed(
        name=run.name,
        state="partial" if failed else "complete",
        blocks=len(blocks),
        failed=failed,
        seconds=monotonic() - started,
        missing_chunks=tell_missing(volume),
        outside=sum(not run.organ.touches(block) for block in blocks),
    )


def _begin(project: Project, volume: Volume, region: Box) -> BlockRun:
    checkpoint = project.open_checkpoint()
    config = settled(project.config.inference, volume, checkpoint.card)
    network, view = checkpoint.load(choose_device(config.device)), seen(volume, checkpoint.card)
    config = with_precision(config, network)
    name = project.new_id()
    run = BlockRun(
        name=name,
        network=network,
        read=windowed_reader(volume, view.window, checkpoint.card, view.polarity),
        organ=view.organ,
        bounds=Box.of(volume.shape),
        region=region,
        config=config,
        store=_store(project, name, config, recipe_of(volume, region, checkpoint, config, view)),
        ledger=BlockLedger.open(ledger_path(project.proposals, name)),
    )
    project.update(proposal=name)
    _log.info("Proposal %s of %s with checkpoint %s", name, region, checkpoint.id)
    return run


def _store(project: Project, name: str, config: InferenceConfig, recipe: dict[str, Any]) -> Store:
    return create_store(
        project.proposals / f"{name}.ome.zarr",
        StoreSpec(
            shape=Box.parse(recipe["region"]).shape,
            voxel_size=project.config.volume.voxel_size,
            chunk=chunk_of(config.block),
            arrays=("probability", "disagreement", *(plane.value for plane in Plane)),
            attrs=recipe | {"before": _shown_before(project)},
        ),
    )


def _shown_before(project: Project) -> str | None:
    """Name the proposal that shows now, past those cancelled before their first block."""
    proposal = project.open_proposal()
    while proposal and not proposal.complete and not proposal.ledger.done:
        proposal = proposal.before
    return proposal.id if proposal else None


def _slice_in_view(run: BlockRun, focus: Focus) -> Iterator[SliceProposed]:
    normal = focus.plane.normal
    index = floor(focus.point[normal])
    if not run.region.start[normal] <= index < run.region.stop[normal]:
        return
    box = run.region.slice_at(focus.plane, index)
    try:
        found = predict_slice(run.network, run.read, focus.plane, index, run.region, run.config)
    except ReadError as error:  # its readable part comes with the blocks
        _log.warning("The slice in view cannot be predicted: %s", error)
    else:
        probability = np.where(run.organ.at(box), found.reshape(box.shape), np.uint8(0))
        yield SliceProposed(box, focus.plane, probability)
