"""A picture's file as a classifier takes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.datasets import FileSamples, PictureConfig, Sample
from napari_vessel.errors import CallerError
from napari_vessel.networks import ClassifierCard

__all__ = ["image_of"]

_READING = ("intensity", "fit")


def image_of(path: Path, card: ClassifierCard) -> NDArray[np.float32]:
    """Read a picture as (channels, size, size) in [0, 1], as those it was trained with.

    Raises
    ------
    CallerError
        There is none, or the classifier takes neither grey nor coloured pictures.
    ReadError
        It is damaged.
    """
    channels, size = card.network.in_channels, card.network.size
    if not path.is_file():
        raise CallerError(f"{path} does not exist: name a picture's file.")
    if channels not in (1, 3):
        raise CallerError(
            f"The classifier takes {channels} channels: a picture has 1 or 3. Name the data set "
            "and the sample instead."
        )
    told = {name: card.data[name] for name in _READING if name in card.data}
    colour = "rgb" if channels == 3 else "grey"
    config = PictureConfig.model_validate(told | {"colour": colour})
    samples = [Sample(path.name, None, path.name)]
    return FileSamples(samples, [(path,)], (), size, config).image(0)
