"""Settle what a configuration leaves to be chosen: a recipe names scale, planes and arithmetic."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import ValidationError

from napari_vessel.errors import CallerError
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard, choose_device, choose_precision
from napari_vessel.volumes import Volume
from napari_vessel.workflows._scale import extent_of, scale_sentence, with_zoom

if TYPE_CHECKING:
    from torch import nn

_log = logging.getLogger(__name__)


def settled(config: InferenceConfig, volume: Volume, card: CheckpointCard) -> InferenceConfig:
    """Return ``config`` with scale and planes named, and tell the log.

    Raises
    ------
    CallerError
        More planes must agree than there are.
    """
    named = with_planes(with_zoom(config, volume, card), volume, card)
    _log.info("%s", scale_sentence(named.zoom_for(), volume, card))
    return named


def with_planes(config: InferenceConfig, volume: Volume, card: CheckpointCard) -> InferenceConfig:
    """Return ``config`` with its planes named: where auto, those network and volume both suit.

    Raises
    ------
    CallerError
        More planes must agree than there are.
    """
    if config.planes != "auto":
        return config
    extent = extent_of(volume, config.zoom_for(volume.voxel_size))
    suited = config.planes_for(extent, volume.voxel_size)
    planes = tuple(plane for plane in suited if plane in card.planes) or suited
    try:
        return InferenceConfig.model_validate(config.model_dump() | {"planes": planes})
    except ValidationError as error:
        raise CallerError(str(error.errors()[0]["msg"])) from error


def with_precision(
    config: InferenceConfig, network: nn.Module, *, before: str | None = None
) -> InferenceConfig:
    """Return ``config`` with its arithmetic named: where auto, as ``before`` an interruption."""
    wish = before if before and config.precision == "auto" else config.precision
    found = choose_precision(choose_device(config.device), wish, network)
    return config.model_copy(update={"precision": found})
