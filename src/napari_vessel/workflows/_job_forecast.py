"""Forecast a whole-volume prediction before it is begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from napari_vessel.volumes import open_volume
from napari_vessel.workflows._checkpoints import checkpoint_of
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._forecast import forecast
from napari_vessel.workflows._requests import Predict


def forecast_job(request: Predict) -> Iterator[Any]:
    """Work out what ``request`` would take, with a trial of a second.

    Yields
    ------
    Progress, Forecast
    """
    yield Progress(0, 1, "steps", "Trying the network for a second")
    volume = open_volume(request.volume, request.options)
    card = checkpoint_of(request.checkpoint).card
    yield forecast(volume, request.inference, trial=True, card=card)
