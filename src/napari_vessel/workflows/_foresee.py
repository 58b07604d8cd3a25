"""Foresee what a proposal would take: memory, disk and time."""

from __future__ import annotations

from collections.abc import Iterator

from napari_vessel.geometry import Box
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.workflows._boxes import blocks_of, inside
from napari_vessel.workflows._checkpoints import checkpoint_of
from napari_vessel.workflows._events import Foreseen, Progress
from napari_vessel.workflows._forecast import forecast
from napari_vessel.workflows._organ import organ_for
from napari_vessel.workflows._requests import Foresee
from napari_vessel.workflows._settling import settled

# Probability, disagreement, three planes and what is cleaned, with coarser levels of an
# eighth each, uncompressed: what is empty takes nothing.
_STORED = 6 * 8 / 7


def foresee(request: Foresee) -> Iterator[Progress | Foreseen]:
    """Work out what proposing ``box`` of a volume takes.

    Without a rate that is known already the network runs for about a second.

    Raises
    ------
    CallerError
        The box does not lie in the volume.
    """
    yield Progress(0, 1, "forecast", "Finding out how fast the network is")
    volume, card = (
        open_volume(request.volume, request.options),
        checkpoint_of(request.checkpoint).card,
    )
    box = inside(request.box, volume.shape)
    config = settled(request.inference, volume, card)
    trial = request.pixels_per_second is None
    whole = forecast(volume, request.inference, trial=trial, card=card)
    rate = request.pixels_per_second
    if whole.seconds:
        rate = whole.network_pixels / whole.seconds
    pixels = int(whole.network_pixels * _share(volume, box, config.block))
    yield Foreseen(
        memory_bytes=whole.memory_bytes,
        disk_bytes=int(box.size * _STORED),
        network_pixels=pixels,
        seconds=pixels / rate if rate else None,
        pixels_per_second=rate,
    )


def _share(volume: Volume, box: Box, block: tuple[int, int, int]) -> float:
    """Return how much of the work on the whole volume lies in ``box``; only the organ is any."""
    organ = organ_for(volume)

    def work(region: Box) -> int:
        return sum(cell.size for cell in blocks_of(region, block) if organ.touches(cell))

    return work(box) / max(work(Box.of(volume.shape)), 1)
