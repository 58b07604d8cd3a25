"""What a big prediction will take, said before it."""

from __future__ import annotations

from math import prod

from napari_vessel.cli._output import say
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import Volume
from napari_vessel.workflows import forecast

_BIG = 2**27  # voxels: from here on a person wants to know what they are in for
_KEPT = 2  # a project's proposal keeps each plane's probability as well


def forewarn(
    volume: Volume, config: InferenceConfig, box: Box | None, *, proposal: bool = False
) -> None:
    """Say what predicting a volume, or ``box`` of it, will take, where that is much."""
    voxels = box.size if box else prod(volume.shape)
    if voxels < _BIG:
        return
    costs, share = forecast(volume, config, trial=True), voxels / prod(volume.shape)
    disk = share * costs.disk_bytes * (_KEPT if proposal else 1)
    say(
        f"Predicting {voxels / 1e9:.2f} billion voxels takes about "
        f"{costs.memory_bytes / 1e9:.1f} GB of memory, at most {disk / 1e9:.1f}"
        f" GB of disk and {share * (costs.seconds or 0) / 60:.0f} minutes."
    )
