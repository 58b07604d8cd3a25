"""Foresee what a proposal, or a whole-volume job, would take: memory, disk and time."""

from __future__ import annotations

from collections.abc import Iterator

from napari_vessel.volumes import open_volume
from napari_vessel.workflows._boxes import inside
from napari_vessel.workflows._checkpoints import checkpoint_of
from napari_vessel.workflows._events import Foreseen, Progress
from napari_vessel.workflows._forecast import forecast
from napari_vessel.workflows._requests import Foresee


def foresee(request: Foresee) -> Iterator[Progress | Foreseen]:
    """Work out what proposing ``box`` of a volume takes, or a job on it.

    Without a rate that is known already the network runs for about a second.

    Raises
    ------
    CallerError
        The box does not lie in the volume.
    """
    yield Progress(0, 1, "forecast", "Finding out how fast the network is")
    volume = open_volume(request.volume, request.options)
    costs = forecast(
        volume,
        request.inference,
        trial=request.pixels_per_second or True,
        card=checkpoint_of(request.checkpoint).card,
        box=inside(request.box, volume.shape),
        job=request.job,
    )
    yield Foreseen(
        memory_bytes=costs.memory_bytes,
        disk_bytes=costs.disk_bytes,
        network_pixels=costs.network_pixels,
        seconds=costs.seconds,
        pixels_per_second=costs.pixels_per_second,
        leaves_out=request.inference.empty_below != 0,
    )
