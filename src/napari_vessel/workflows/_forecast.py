"""What a prediction would take: memory, disk and, after a short trial, time."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from time import monotonic

from napari_vessel.geometry import Plane, Zyx
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import Volume

_VIEWS = {"none": 1, "flips": 4, "dihedral": 8}
_TRIAL_SECONDS = 1.0
# Measured with the starter on the CPU, one block of 64 × 256 × 256 at a time: 870 MB before
# a block counts, then 20 bytes for every voxel of block and halo. Rounded up.
_BYTES_PER_BLOCK_VOXEL = 24
_PROCESS_BYTES = 900 * 2**20
# Probability, disagreement and mask, with coarser levels of an eighth each, uncompressed.
_STORED = 3 * 8 / 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """What predicting a whole volume would take."""

    network_pixels: int
    memory_bytes: int
    disk_bytes: int
    seconds: float | None


def forecast(volume: Volume, config: InferenceConfig, *, trial: bool) -> Forecast:
    """Work out what predicting ``volume`` takes; ``trial`` runs the network for a second.

    Only a trial needs torch.
    """
    block = tuple(min(b, n) for b, n in zip(config.block, volume.shape, strict=True))
    planes = config.planes_for(volume.shape, volume.voxel_size)
    pixels = _pixels(volume.shape, block, planes, config)
    haloed = prod(edge + 2 * config.halo for edge in block)
    return Forecast(
        network_pixels=pixels,
        memory_bytes=_PROCESS_BYTES + haloed * _BYTES_PER_BLOCK_VOXEL,
        disk_bytes=int(prod(volume.shape) * _STORED),
        seconds=pixels / _pixels_per_second(config) if trial else None,
    )


def _pixels(
    shape: Zyx, block: tuple[int, ...], planes: tuple[Plane, ...], config: InferenceConfig
) -> int:
    """Count the pixels that go through the network, halo and views included."""
    share = 0.0
    for plane in planes:
        rows, columns = block[plane.rows], block[plane.columns]
        share += (rows + 2 * config.halo) * (columns + 2 * config.halo) / (rows * columns)
    return int(prod(shape) * share * _VIEWS[config.views])


def _pixels_per_second(config: InferenceConfig) -> float:
    import torch

    from napari_vessel.networks import autocast, choose_device, choose_precision, starter

    device = choose_device(config.device)
    network = starter().load(device).to(memory_format=torch.channels_last)
    precision = choose_precision(device, config.precision)
    tile = torch.zeros(1, 1, 512, 512, device=device).to(memory_format=torch.channels_last)
    with torch.inference_mode(), autocast(device, precision):
        network(tile)
        started, runs = monotonic(), 0
        while monotonic() - started < _TRIAL_SECONDS:
            network(tile).sum().item()
            runs += 1
    return runs * tile.numel() / (monotonic() - started)
