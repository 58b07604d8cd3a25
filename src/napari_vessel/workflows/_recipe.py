"""The recipe of a prediction: all that is needed to make the same mask again."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import napari_vessel
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import Checkpoint
from napari_vessel.volumes import Volume
from napari_vessel.workflows._organ import Seen
from napari_vessel.workflows._scale import scale_sentence

_LIBRARIES = ("torch", "segmentation-models-pytorch", "timm", "numpy", "zarr")


def recipe_of(
    volume: Volume,
    region: Box,
    checkpoint: Checkpoint,
    config: InferenceConfig,
    seen: Seen,
) -> dict[str, Any]:
    """Describe a prediction, whose ``config`` leaves nothing open, as JSON-able values."""
    return {
        "checkpoint": checkpoint.id,
        "checkpoint_sha256": checkpoint.card.sha256,
        "volume": Path(volume.uri).name,
        "fingerprint": volume.fingerprint,
        "level": volume.options.level,
        "channel": volume.options.channel,
        "polarity": asdict(seen.polarity),
        "voxel_size_um": list(volume.voxel_size.zyx),
        "shape_zyx": list(volume.shape),  # tifffile takes JSON with "shape" for its own
        "region": str(region),
        "window": seen.window.model_dump(mode="json"),
        "organ": {"share": round(seen.organ.share, 4), "digest": seen.organ.digest},
        "scale": scale_sentence(config.zoom_for(volume.voxel_size), volume, checkpoint.card),
        "inference": config.model_dump(mode="json", exclude={"device"}),  # it makes no mask
        "code": napari_vessel.__version__,
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
