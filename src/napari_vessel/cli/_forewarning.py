"""What a big prediction will take, said before it."""

from __future__ import annotations

from math import prod

from napari_vessel.cli._output import say
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import Volume
from napari_vessel.workflows import forecast

_BIG = 2**27  # voxels: from here on a person wants to know what they are in for


def forewarn(
    volume: Volume, config: InferenceConfig, box: Box | None, *, proposal: bool = False
) -> None:
    """Say what predicting a volume, or ``box`` of it, will take, where that is much."""
    voxels = box.size if box else prod(volume.shape)
    if voxels < _BIG:
        return
    costs = forecast(volume, config, trial=True, box=box, job=not proposal)
    say(
        f"Predicting {voxels / 1e9:.2f} billion voxels takes about "
        f"{costs.memory_bytes / 1e9:.1f} GB of memory, at most {costs.disk_bytes / 1e9:.1f}"
        f" GB of disk and {(costs.seconds or 0) / 60:.0f} minutes"
        f"{'' if config.empty_below == 0 else ', less where it is empty'}."
    )
