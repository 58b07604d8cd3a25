"""What a prediction would take: memory, disk and, after a short trial, time."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from time import monotonic

from napari_vessel.geometry import Plane, Zyx
from napari_vessel.inference import InferenceConfig, plane_zoom
from napari_vessel.networks import CheckpointCard, starter
from napari_vessel.tiling import SAME, Zoom
from napari_vessel.volumes import Volume
from napari_vessel.workflows._organ import touched_share
from napari_vessel.workflows._settling import settled

_VIEWS = {"none": 1, "flips": 4, "dihedral": 8}
_TRIAL_SECONDS = 1.0
# Measured with the starter on the CPU, one block of 64 × 256 × 256 at a time: 870 MB before
# a block counts, then 20 bytes for every voxel of block and halo. Rounded up.
_BYTES_PER_BLOCK_VOXEL = 24
_PROCESS_BYTES = 900 * 2**20
# Each plane's probability at voxels: single precision, what it is summed from, and stored.
_BYTES_TO_RESCALE = 16
# Probability, disagreement and mask, with coarser levels of an eighth each, uncompressed.
_STORED = 3 * 8 / 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """What predicting a whole volume would take; only the organ costs time."""

    network_pixels: int
    memory_bytes: int
    disk_bytes: int
    seconds: float | None


def forecast(
    volume: Volume, config: InferenceConfig, *, trial: bool, card: CheckpointCard | None = None
) -> Forecast:
    """Work out what predicting ``volume`` takes; ``trial`` runs the network for a second.

    Finding the organ reads a bounded coarse look at the volume. ``card`` is that of the
    checkpoint, by default the starter's: scale and planes depend on it.

    Only a trial needs torch.
    """
    config = settled(config, volume, card or starter().card)
    block = tuple(min(b, n) for b, n in zip(config.block, volume.shape, strict=True))
    share = touched_share(volume, config.block)
    pixels = int(share * _pixels(volume.shape, block, config))
    return Forecast(
        network_pixels=pixels,
        memory_bytes=_PROCESS_BYTES + _block_bytes(block, config),
        disk_bytes=int(prod(volume.shape) * _STORED),
        seconds=pixels / _pixels_per_second(config) if trial else None,
    )


def _zooms(config: InferenceConfig) -> list[tuple[Plane, Zoom]]:
    """List the planes of a settled config, and the grid that each is predicted on."""
    return [(Plane(plane), plane_zoom(config.zoom_for(), Plane(plane))) for plane in config.planes]


def _pixels(shape: Zyx, block: tuple[int, ...], config: InferenceConfig) -> int:
    """Count the pixels that go through the network, halo and views included."""
    share = 0.0
    for plane, zoom in _zooms(config):
        rows, columns = (block[axis] * zoom[axis] for axis in (plane.rows, plane.columns))
        haloed = (rows + 2 * config.halo) * (columns + 2 * config.halo) / (rows * columns)
        share += haloed * prod(zoom)
    return int(prod(shape) * share * _VIEWS[config.views])


def _block_bytes(block: tuple[int, ...], config: InferenceConfig) -> int:
    """Return what predicting one block takes beside the process itself."""
    zooms = [zoom for _, zoom in _zooms(config)]
    most = max(
        prod(edge * f + 2 * config.halo for edge, f in zip(block, zoom, strict=True))
        for zoom in zooms
    )
    rescaled = any(zoom != SAME for zoom in zooms)
    return int(most * _BYTES_PER_BLOCK_VOXEL + rescaled * prod(block) * _BYTES_TO_RESCALE)


def _pixels_per_second(config: InferenceConfig) -> float:
    import torch

    from napari_vessel.networks import autocast, choose_device, choose_precision

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
