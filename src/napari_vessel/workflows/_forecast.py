"""What a prediction would take: memory, disk and, after a short trial, time."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from time import monotonic

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, tile_shapes, views_counted
from napari_vessel.networks import CheckpointCard, starter
from napari_vessel.tiling import STRIDE, BlockGrid
from napari_vessel.volumes import Volume
from napari_vessel.workflows._job_block import by_plane, pixels_wanted, with_job_block
from napari_vessel.workflows._organ import organ_for
from napari_vessel.workflows._settling import settled

_TRIAL_SECONDS = 1.0
# Measured with the starter on the CPU (benchmarks/memory.py, docs/performance.md), rounded up.
_PROCESS_BYTES = 850 * 10**6
_BYTES_PER_PIXEL = {"fp32": 1000}  # of a batch, in activations; else:
_BYTES_PER_PIXEL_HALF = 600
_LEAST_BATCH = 2**18
# What is in memory of a block at a time: a slab, its sum, and what is read meanwhile.
_BYTES_PER_VOXEL = 32
_MOST_AT_A_TIME = 2**24
# Probability, disagreement and mask, with coarser levels of an eighth each, uncompressed.
_STORED = 3 * 8 / 7
# A proposal keeps three planes and what is cleaned as well; what is empty takes nothing.
_STORED_PROPOSAL = 6 * 8 / 7
# A block's context, read ahead and in work, and what is predicted: only while it runs.
_BYTES_TO_WORK = 14


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a prediction would take; only the organ costs time. What is left out is not known yet.

    ``network_pixels`` go through the network, at ``pixels_per_second`` where that is known.
    """

    network_pixels: int
    memory_bytes: int
    disk_bytes: int
    seconds: float | None
    pixels_per_second: float | None = None


def forecast(
    volume: Volume,
    config: InferenceConfig,
    *,
    trial: bool | float,
    card: CheckpointCard | None = None,
    box: Box | None = None,
    job: bool = True,
) -> Forecast:
    """Work out what predicting ``volume`` takes.

    Finding the organ reads a bounded coarse look at the volume. Only a trial needs torch.

    Parameters
    ----------
    trial
        Whether to run the network for a second; a number is the pixels a second that are
        known already.
    card
        Of the checkpoint, by default the starter's: scale and planes depend on it.
    box
        What of it, in voxels; by default all.
    job
        Whether it is a job, which chooses its blocks; else a proposal, that keeps each plane.
    """
    card, whole = card or starter().card, Box.of(volume.shape)
    region, organ = box or whole, organ_for(volume)
    config = settled(config, volume, card)
    passes: dict[Plane, InferenceConfig] = {}
    if job:
        config = with_job_block(config, region, whole)
        passes = by_plane(config, region, whole, organ.touches)
    ways = list(passes.values()) or [config]
    pixels = views_counted(config) * sum(
        pixels_wanted(way, region, whole, organ.touches) for way in ways
    )
    context = max(_context_voxels(way, whole) for way in ways)
    memory = max(_activations(way, whole) for way in ways) + _at_a_time(context)
    stored = region.size * (_STORED if job else _STORED_PROPOSAL)
    between = region.size * len(passes) + (context * _BYTES_TO_WORK if job else 0)
    rate = _pixels_per_second(config, card) if trial is True else trial or None
    return Forecast(
        network_pixels=int(pixels),
        memory_bytes=_PROCESS_BYTES + memory,
        disk_bytes=int(stored + between),
        seconds=int(pixels) / rate if rate else None,
        pixels_per_second=rate,
    )


def _context_voxels(config: InferenceConfig, whole: Box) -> int:
    """Return how much the largest block shows the network, in its pixels."""
    edges = []
    for axis, zoom in enumerate(config.zoom_for()):
        block = min(config.block[axis], whole.shape[axis]) * zoom
        edges.append(min(block + 2 * config.halo, whole.shape[axis] * zoom + STRIDE))
    return int(prod(edges))


def _activations(config: InferenceConfig, whole: Box) -> int:
    """Return the bytes that a batch takes in the network."""
    block = next(iter(BlockGrid(whole, config.block)))
    tile = max(prod(shape) for shape in tile_shapes(block, whole, config))
    each = _BYTES_PER_PIXEL.get(config.precision, _BYTES_PER_PIXEL_HALF)
    return max(tile, _LEAST_BATCH) * each


def _at_a_time(context: int) -> int:
    """Return the bytes of a block that are in memory at a time, the rest being on the disk."""
    return min(context, _MOST_AT_A_TIME) * _BYTES_PER_VOXEL


def _pixels_per_second(config: InferenceConfig, card: CheckpointCard) -> float:
    import torch

    from napari_vessel.networks import (
        autocast,
        build_network,
        choose_device,
        choose_precision,
        keep_activations,
        prepare,
    )

    device = choose_device(config.device)
    if device.type == "cpu":
        keep_activations()
    # Its weights do not change its speed, so none are downloaded.
    network = prepare(build_network(card.network.model_copy(update={"pretrained": False})), device)
    precision = choose_precision(device, config.precision, network)
    tile = torch.zeros(1, 1, 512, 512, device=device).to(memory_format=torch.channels_last)
    with torch.inference_mode(), autocast(device, precision):
        network(tile)
        started, runs = monotonic(), 0
        while monotonic() - started < _TRIAL_SECONDS:
            network(tile).sum().item()
            runs += 1
    return runs * tile.numel() / (monotonic() - started)
