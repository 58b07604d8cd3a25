"""Which planes a prediction takes: those asked for, else those network and volume both suit."""

from __future__ import annotations

from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import Volume


def resolved(config: InferenceConfig, volume: Volume, card: CheckpointCard) -> InferenceConfig:
    """Return ``config`` with its planes named, as a recipe must have them."""
    if config.planes != "auto":
        return config
    suited = config.planes_for(volume.shape, volume.voxel_size)
    planes = tuple(plane for plane in suited if plane in card.planes) or suited
    return InferenceConfig.model_validate(config.model_dump() | {"planes": planes})
