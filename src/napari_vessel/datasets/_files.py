"""Samples that are image files, one or one per channel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_vessel.datasets._config import PictureConfig
from napari_vessel.datasets._pictures import ENDINGS, read_picture, square
from napari_vessel.datasets._sample import Images, ReadingSet, Sample
from napari_vessel.errors import ReadError

__all__ = ["FileSamples", "entries", "listed_files"]


class FileSamples(ReadingSet):
    """Samples read from files, each when it is asked for.

    Parameters
    ----------
    samples
        Their names, classes and groups.
    files
        The files of each sample: one, or one per channel.
    classes
        The classes.
    size
        Edge of an image, in pixels.
    config
        How files become images.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        files: Sequence[tuple[Path, ...]],
        classes: tuple[str, ...],
        size: int,
        config: PictureConfig,
    ) -> None:
        self._samples, self._files = tuple(samples), tuple(files)
        self.classes, self.size, self._config = classes, size, config
        several = max((len(each) for each in self._files), default=1)
        self.channels = 3 if config.colour == "rgb" else several

    @property
    def samples(self) -> tuple[Sample, ...]:
        """All samples."""
        return self._samples

    def files(self, index: int) -> tuple[Path, ...]:
        """Return the files of a sample, one per channel."""
        return self._files[index]

    def image(self, index: int) -> Images:
        """Read the image of a sample, (channels, size, size) in [0, 1].

        Raises
        ------
        ReadError
            If a file of it is missing, damaged, or not of the size of its other channels.
        """
        pictures = [read_picture(path, self._config) for path in self._files[index]]
        shapes = {picture.shape[1:] for picture in pictures}
        if len(shapes) > 1:
            found = ", ".join(
                f"{path.name} is {picture.shape[1]} × {picture.shape[2]}"
                for path, picture in zip(self._files[index], pictures, strict=True)
            )
            name = self._samples[index].name
            raise ReadError(f"Sample {name!r}: {found}; expected channels of one size.")
        return square(np.concatenate(pictures), self.size, self._config.fit)


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder but for what is hidden.

    Raises
    ------
    ReadError
        If it cannot be listed.
    """
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if not entry.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        message = f"{folder} cannot be listed: {error.strerror or error}."
        raise ReadError(message) from error


def listed_files(folder: Path) -> list[Path]:
    """List the images of a folder by their endings; none is opened."""
    return [
        Path(entry.path)
        for entry in entries(folder)
        if entry.name.lower().endswith(ENDINGS) and entry.is_file()
    ]
