"""Predict a bare volume into a mask file: a job that can be killed and gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic
from typing import Any

from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint, choose_device
from napari_vessel.volumes import (
    EXPORTERS,
    MaskSource,
    Store,
    StoreSpec,
    Volume,
    mask_of,
    open_volume,
    remove_leftovers,
    replace_folder,
)
from napari_vessel.workflows._blocks import BlockRun, failures, predict_blocks
from napari_vessel.workflows._boxes import blocks_of, chunk_of, inside
from napari_vessel.workflows._by_plane import ByPlane
from napari_vessel.workflows._checkpoints import checkpoint_of
from napari_vessel.workflows._cleaning import without_small
from napari_vessel.workflows._events import JobBegun, Progress, Proposed
from napari_vessel.workflows._finishing import finish
from napari_vessel.workflows._job import Job
from napari_vessel.workflows._job_block import by_plane, is_left_to_job, with_job_block
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._organ import keep_organ
from napari_vessel.workflows._output_check import kept_probability, refuse_output, target_of
from napari_vessel.workflows._reading import windowed_reader
from napari_vessel.workflows._recipe import recipe_of
from napari_vessel.workflows._requests import Predict
from napari_vessel.workflows._scale import tell_level
from napari_vessel.workflows._scheduler_check import refuse_scheduler
from napari_vessel.workflows._settling import settled, with_precision
from napari_vessel.workflows._spread import Spread, spread_over
from napari_vessel.workflows._triage_use import (
    in_blocks,
    in_order,
    is_triaged,
    outside_of,
    recipe_of_triage,
    refuse_triage,
    skipped_of,
    triaged,
)


def predict(request: Predict) -> Iterator[Any]:
    """Predict ``request.volume`` into a mask at ``request.out``.

    What is done lies in ``OUT.job/`` until the mask is complete: the same
    request made again goes on there. A block that cannot be read is listed,
    and the mask is not published.

    Yields
    ------
    Progress, JobBegun, BlockProposed, BlockFailed, Proposed

    Raises
    ------
    ExportError, OutputExistsError
        Something stands at ``out``, or an unfinished job of another recipe, or
        a mask cannot be written there.
    ProjectBusyError
        Another run predicts into ``out``.
    """
    started = monotonic()
    yield Progress(0, 1, "blocks", "Reading the volume")
    volume = open_volume(request.volume, request.options)
    region = inside(request.box, volume.shape)
    target = target_of(request, volume)
    job = Job.of(request.out)
    published = job.published(request.out)
    refuse_output(request, target, overwrite=request.overwrite or published)
    refuse_scheduler(request)
    refuse_triage(request, volume)
    checkpoint = checkpoint_of(request.checkpoint)
    with job.held(), spread_over(request, checkpoint, job) as spread:
        yield from spread.prepare(job.precision) if spread else ()
        run, recipe = _begin(request, volume, checkpoint, job, spread)
        blocks = in_order(run.organ, blocks_of(region, run.config.block))
        yield JobBegun(job.recipe, len(blocks), sum(block in run.ledger.done for block in blocks))
        yield from (spread.predict_blocks if spread else _way_of(run, job))(run, blocks)
        failed = failures(run.ledger)
        if not failed:
            if not published:
                yield from _publish(request, target, run.store, recipe)
            yield from _keep_probability(request, run.store)
            job.empty()
    if not failed:
        job.remove_emptied()
    yield Proposed(
        name=str(request.out),
        state="partial" if failed else "complete",
        blocks=len(blocks),
        failed=failed,
        seconds=monotonic() - started,
        missing_chunks=tell_missing(volume) + (spread.missing_chunks if spread else 0),
        outside=len(outside_of(run.organ, blocks)),
        empty=run.ledger.empty,
        left_out=run.ledger.share_left_out(region.size),
        skipped=len(skipped_of(run.organ, blocks)),
    )


def _begin(
    request: Predict, volume: Volume, checkpoint: Checkpoint, job: Job, spread: Spread | None
) -> tuple[BlockRun, dict[str, Any]]:
    region = inside(request.box, volume.shape)
    threshold = checkpoint.card.threshold if request.threshold is None else request.threshold
    config = settled(request.inference, volume, checkpoint.card, threshold)
    tell_level(config, volume, checkpoint.card)
    network = checkpoint.load("cpu" if spread else choose_device(config.device))
    view = job.seen(volume, checkpoint.card)
    wanted = triaged(request, volume, view.organ)
    if spread:
        config = spread.settled(config)
    else:
        config = with_precision(config, network, before=job.precision)
    if is_left_to_job(config):
        bounds, few = Box.of(volume.shape), is_triaged(wanted)
        chosen = with_job_block(
            config,
            region,
            bounds,
            spread=spread is not None,
            wanted=wanted.touches if few else None,
        )
        config = job.in_its_blocks(chosen, volume, region)
    recipe = recipe_of(volume, region, checkpoint, config, view)
    recipe |= {"threshold": threshold, "smallest_um3": request.smallest_um3}
    recipe |= recipe_of_triage(wanted, blocks_of(region, config.block))
    job.begin(recipe, overwrite=request.overwrite)
    keep_organ(job.path, volume, view.organ)
    run = BlockRun(
        name=str(request.out),
        network=network,
        read=windowed_reader(volume, view.window, checkpoint.card, view.polarity),
        organ=in_blocks(wanted, region, config.block),
        bounds=Box.of(volume.shape),
        region=region,
        config=config,
        store=job.open_store(
            StoreSpec(
                shape=region.shape,
                voxel_size=volume.voxel_size,
                chunk=chunk_of(config.block),
                arrays=("probability", "disagreement"),
                attrs=recipe,
            )
        ),
        ledger=job.open_ledger(),
    )
    return run, recipe


def _way_of(run: BlockRun, job: Job) -> Callable[..., Iterator[Any]]:
    """Choose how blocks are predicted: plane by plane where that wastes less."""
    passes = by_plane(
        run.config, run.region, run.bounds, run.organ.touches, triaged=is_triaged(run.organ)
    )
    return ByPlane(job, passes).predict_blocks if passes else predict_blocks


def _publish(
    request: Predict, target: MaskSource, store: Store, recipe: dict[str, Any]
) -> Iterator[Progress]:
    """Write the mask from the stored probability, and keep that where asked."""
    threshold = recipe["threshold"]
    shown = yield from without_small(store, request.smallest_um3)
    source = replace(
        target, read=lambda box: mask_of(shown.read("probability", box), threshold), recipe=recipe
    )
    remove_leftovers(request.out)  # of a run that was killed while it wrote
    for step in EXPORTERS["ome-zarr"](source, request.out, overwrite=request.overwrite):
        yield Progress(step.done, step.total, "pieces", f"Writing {request.out.name}")


def _keep_probability(request: Predict, store: Store) -> Iterator[Progress]:
    """Move the probability beside the mask, where asked: after it, so that none lacks its mask."""
    if request.probability:
        yield from finish(store)
        replace_folder(store.path, kept_probability(request.out))
