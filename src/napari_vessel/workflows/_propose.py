"""Propose a mask of a project's region, where the person looks first."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from time import monotonic
from typing import Any

from napari_vessel.geometry import Box
from napari_vessel.inference import predict_slice
from napari_vessel.networks import choose_device
from napari_vessel.project import BlockLedger, Project, ledger_path
from napari_vessel.tiling import BlockGrid, nearest_first
from napari_vessel.volumes import Store, StoreSpec, Volume, create_store
from napari_vessel.workflows._blocks import BlockRun, failures, predict_blocks
from napari_vessel.workflows._events import Progress, Proposed, SliceProposed
from napari_vessel.workflows._planes import resolved
from napari_vessel.workflows._prune import prune_proposals
from napari_vessel.workflows._reading import inverted, windowed_reader
from napari_vessel.workflows._recipe import recipe_of
from napari_vessel.workflows._requests import Focus, Propose

_log = logging.getLogger(__name__)


def propose(request: Propose) -> Iterator[Any]:
    """Predict into a new proposal of the project, which is in view from the start.

    The slice in view comes first, from its own plane; then blocks, the nearest
    first. Where a block is not done yet the proposal before shows.

    Yields
    ------
    Progress, SliceProposed, BlockProposed, BlockFailed, Proposed
    """
    started = monotonic()
    yield Progress(0, 1, "blocks", "Reading the volume")
    project = Project.open(request.project)
    volume = project.open_volume()
    region = request.box or project.config.region
    yield Progress(0, 1, "blocks", "Loading the network")
    run = _begin(project, volume, region)
    blocks = [
        block.shifted(region.start)
        for block in BlockGrid(Box.of(region.shape), run.config.block).blocks
    ]
    if request.focus:
        yield from _slice_in_view(run, request.focus)
        blocks = nearest_first(blocks, request.focus.point, volume.voxel_size)
    yield from predict_blocks(run, blocks)
    yield _end(project, run, len(blocks), monotonic() - started)


def _begin(project: Project, volume: Volume, region: Box) -> BlockRun:
    checkpoint = project.open_checkpoint()
    config = resolved(project.config.inference, volume, checkpoint.card)
    window = volume.window()
    name = project.new_id()
    recipe = recipe_of(volume, region, checkpoint, config, window)
    store = _new_store(project, name, volume, region, recipe)
    run = BlockRun(
        name=name,
        network=checkpoint.load(choose_device(config.device)),
        read=windowed_reader(volume, window, invert=inverted(volume, checkpoint.card)),
        bounds=Box.of(volume.shape),
        region=region,
        config=config,
        store=store,
        ledger=BlockLedger.open(ledger_path(project.proposals, name)),
    )
    project.update(proposal=name)
    _log.info("Proposal %s of %s with checkpoint %s", name, region, checkpoint.id)
    return run


def _new_store(
    project: Project, name: str, volume: Volume, region: Box, recipe: dict[str, Any]
) -> Store:
    return create_store(
        project.proposals / f"{name}.ome.zarr",
        StoreSpec(
            shape=region.shape,
            voxel_size=volume.voxel_size,
            arrays=("probability", "disagreement", "xy", "xz", "yz"),
            attrs=recipe | {"before": project.config.proposal},
        ),
    )


def _slice_in_view(run: BlockRun, focus: Focus) -> Iterator[SliceProposed]:
    index = int(focus.point[focus.plane.normal])
    normal = focus.plane.normal
    if not run.region.start[normal] <= index < run.region.stop[normal]:
        return
    box = run.region.slice_at(focus.plane, index)
    probability = predict_slice(run.network, run.read, focus.plane, index, run.region, run.config)
    yield SliceProposed(box, focus.plane, probability.reshape(box.shape))


def _end(project: Project, run: BlockRun, blocks: int, seconds: float) -> Proposed:
    failed = failures(run.ledger)
    if not failed:
        run.store.finish()
        prune_proposals(project)
    return Proposed(run.name, "partial" if failed else "complete", blocks, failed, seconds)
