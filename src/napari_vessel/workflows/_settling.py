"""Settle what a configuration leaves to be chosen: a recipe names scale, planes and arithmetic."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydantic import ValidationError

from napari_vessel.errors import CallerError
from napari_vessel.inference import InferenceConfig, empty_below_for, look_of, plane_weights
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import Volume
from napari_vessel.workflows._scale import extent_of, scale_sentence, with_zoom

if TYPE_CHECKING:
    from torch import nn

_log = logging.getLogger(__name__)


def settled(
    config: InferenceConfig,
    volume: Volume,
    card: CheckpointCard,
    threshold: float | None = None,
) -> InferenceConfig:
    """Return ``config`` with scale, planes and what counts as empty named, and tell the log.

    Parameters
    ----------
    threshold
        The one in use; the checkpoint's own by default.

    Raises
    ------
    CallerError
        More planes must agree than there are.
    """
    named = with_planes(with_zoom(config, volume, card), volume, card)
    _log.info("%s", scale_sentence(named.zoom_for(), volume, card))
    return with_empty(named, card.threshold if threshold is None else threshold)


def with_planes(config: InferenceConfig, volume: Volume, card: CheckpointCard) -> InferenceConfig:
    """Return ``config`` with its planes named: where auto, those network and volume both suit.

    Where they are fused by their mean, with weights: those that scored best where the
    checkpoint was judged, else by how much the planes' slices show.

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
    weights: tuple[float, ...] = ()
    if config.fuse == "mean":
        known = card.weights or {}
        planes = tuple(plane for plane in planes if plane in known) or planes
        weights = tuple(known[plane] for plane in planes if plane in known)
        weights = weights or plane_weights(planes, extent)
    named = {"planes": planes, "weights": weights}
    try:
        return InferenceConfig.model_validate(config.model_dump() | named)
    except ValidationError as error:
        raise CallerError(str(error.errors()[0]["msg"])) from error


def with_empty(config: InferenceConfig, threshold: float) -> InferenceConfig:
    """Return ``config``, planes named, with what counts as empty; 0 where it costs too much to see.

    Where auto, a third of the threshold: a person who lowers it wants to see fainter vessels.
    """
    below = config.empty_below
    wanted = empty_below_for(threshold) if below == "auto" else below
    named = config.model_copy(update={"empty_below": wanted})
    return named if look_of(named) else config.model_copy(update={"empty_below": 0.0})


def with_precision(
    config: InferenceConfig, network: nn.Module, *, before: str | None = None
) -> InferenceConfig:
    """Return ``config`` with its arithmetic named: where auto, as ``before`` an interruption."""
    from napari_vessel.networks import choose_device, choose_precision  # imports torch

    wish = before if before and config.precision == "auto" else config.precision
    found = choose_precision(choose_device(config.device), wish, network)
    return config.model_copy(update={"precision": found})
