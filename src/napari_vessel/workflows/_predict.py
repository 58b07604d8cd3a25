"""Predict a bare volume into a mask file: a job that can be killed and gone on with."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

from napari_vessel.errors import CallerError, OutputExistsError
from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint, choose_device, starter
from napari_vessel.project import BlockLedger
from napari_vessel.tiling import BlockGrid
from napari_vessel.volumes import (
    EXPORTERS,
    MaskSource,
    Store,
    StoreSpec,
    Volume,
    create_store,
    mask_of,
    open_store,
    open_volume,
)
from napari_vessel.workflows._blocks import BlockRun, failures, predict_blocks
from napari_vessel.workflows._events import Progress, Proposed
from napari_vessel.workflows._planes import resolved
from napari_vessel.workflows._reading import inverted, windowed_reader
from napari_vessel.workflows._recipe import keep_recipe, recipe_of
from napari_vessel.workflows._requests import Predict

_log = logging.getLogger(__name__)


def predict(request: Predict) -> Iterator[Any]:
    """Predict ``request.volume`` into a mask at ``request.out``.

    What is done lies in ``OUT.job/`` until the mask is complete: the same
    request made again goes on there. A block that cannot be read is listed,
    and the mask is not published.

    Yields
    ------
    Progress, BlockProposed, BlockFailed, Proposed

    Raises
    ------
    OutputExistsError
        Something stands at ``out``, or an unfinished job of another recipe.
    """
    started = monotonic()
    if request.out.exists() and not request.overwrite:
        raise OutputExistsError(f"{request.out} already exists: use --overwrite to replace it.")
    yield Progress(0, 1, "blocks", "Reading the volume")
    volume = open_volume(request.volume, request.options)
    job = request.out.with_name(f"{request.out.name}.job")
    run, recipe = _begin(request, volume, job)
    blocks = BlockGrid(Box.of(run.region.shape), run.config.block).blocks
    yield from predict_blocks(run, [block.shifted(run.region.start) for block in blocks])
    failed = failures(run.ledger)
    if not failed:
        run.store.finish()
        yield from _publish(request, volume, run, recipe)
        shutil.rmtree(job)
    ended = monotonic() - started
    yield Proposed(
        str(request.out), "partial" if failed else "complete", len(blocks), failed, ended
    )


def _begin(request: Predict, volume: Volume, job: Path) -> tuple[BlockRun, dict[str, Any]]:
    whole = Box.of(volume.shape)
    region = request.box or whole
    if not whole.contains(region) or region.size == 0:
        raise CallerError(f"Box {region} does not lie in the volume, which is {whole}.")
    checkpoint = _checkpoint(request.checkpoint)
    config, window = resolved(request.inference, volume, checkpoint.card), volume.window()
    threshold = checkpoint.card.threshold if request.threshold is None else request.threshold
    recipe = recipe_of(volume, region, checkpoint, config, window) | {"threshold": threshold}
    if request.overwrite and job.exists():
        shutil.rmtree(job)
    keep_recipe(job, recipe)
    run = BlockRun(
        name=str(request.out),
        network=checkpoint.load(choose_device(config.device)),
        read=windowed_reader(volume, window, invert=inverted(volume, checkpoint.card)),
        bounds=whole,
        region=region,
        config=config,
        store=_store(job, region, volume, recipe),
        ledger=BlockLedger.open(job / "blocks.jsonl"),
    )
    return run, recipe


def _checkpoint(name: str) -> Checkpoint:
    return starter() if name == "starter" else Checkpoint.open(Path(name))


def _store(job: Path, region: Box, volume: Volume, recipe: dict[str, Any]) -> Store:
    path = job / "probability.ome.zarr"
    if path.exists():
        return open_store(path, writable=True)
    arrays = ("probability", "disagreement")
    return create_store(
        path,
        StoreSpec(shape=region.shape, voxel_size=volume.voxel_size, arrays=arrays, attrs=recipe),
    )


def _publish(
    request: Predict, volume: Volume, run: BlockRun, recipe: dict[str, Any]
) -> Iterator[Progress]:
    """Write the mask from the stored probability, and keep that where asked."""
    threshold = recipe["threshold"]
    source = MaskSource(
        shape=run.region.shape,
        voxel_size=volume.voxel_size,
        read=lambda box: mask_of(run.store.read("probability", box), threshold),
        recipe=recipe,
        name=request.out.name.split(".")[0],
        levels=len(volume.shapes),
        protected=(Path(volume.uri),),
    )
    for step in EXPORTERS["ome-zarr"](source, request.out, overwrite=request.overwrite):
        yield Progress(step.done, step.total, "pieces", f"Writing {request.out.name}")
    if request.probability:
        name = request.out.name.removesuffix(".zarr").removesuffix(".ome")
        kept = request.out.with_name(f"{name}.probability.ome.zarr")
        if kept.exists() and request.overwrite:
            shutil.rmtree(kept)
        shutil.move(run.store.path, kept)
