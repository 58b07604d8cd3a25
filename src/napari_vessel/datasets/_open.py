"""Open whatever a configuration names as a set of samples."""

from __future__ import annotations

from napari_vessel.datasets._config import ChunksData, CsvData, FoldersData, ObjectsData
from napari_vessel.datasets._sample import SampleSet

__all__ = ["open_data"]


def open_data(
    config: FoldersData | CsvData | ObjectsData | ChunksData,
    size: int,
    classes: tuple[str, ...] | None = None,
) -> SampleSet:
    """Open a data set; no pixel is read before it is asked for.

    Parameters
    ----------
    config
        Which; see :data:`DataConfig`.
    size
        Edge of the square images to make, in pixels.
    classes
        Names of the classes in the order of a network's outputs; None: those found, in natural
        order.

    Raises
    ------
    CallerError
        If something it names is missing or cannot be taken so; the message says what to do.
    ReadError
        If a file is damaged.
    """
    if isinstance(config, FoldersData):
        from napari_vessel.datasets._folders import open_folders

        return open_folders(config, size, classes)
    if isinstance(config, CsvData):
        from napari_vessel.datasets._csv import open_csv

        return open_csv(config, size, classes)
    if isinstance(config, ObjectsData):
        from napari_vessel.datasets._objects import open_objects

        return open_objects(config, size, classes)
    from napari_vessel.datasets._chunks import open_chunks

    return open_chunks(config, size, classes)
