"""Convert the open volume to a pyramid, on a worker's thread."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from napari_vessel.session._values import Answer, Asked
from napari_vessel.volumes import Volume, slow_planes
from napari_vessel.workflows import WORKFLOWS, Convert

__all__ = ["convert_volume_of", "converted_place", "slow_planes_of"]

_MOST = 4  # threads: the viewer needs a core


def slow_planes_of(volume: Volume) -> str | None:
    """Say why looking from the side is slow, where it is; see :func:`slow_planes`."""
    return slow_planes(volume)


def converted_place(volume: Volume) -> Path:
    """Propose where the pyramid goes: beside the volume, else at home."""
    name = volume.uri.rstrip("/").rpartition("/")[2].split(".")[0] or "volume"
    folder = Path.home() if "://" in volume.uri else Path(volume.uri).parent
    if not os.access(folder, os.W_OK):
        folder = Path.home()
    return folder / f"{name}-pyramid.ome.zarr"


def convert_volume_of(
    volume: Volume, out: Path, *, overwrite: bool = False
) -> Generator[Asked | Answer, None, None]:
    """Convert a volume; what breaks off is gone on with when asked again."""
    workers = max(1, min(_MOST, (os.cpu_count() or 2) - 1))
    request = Convert(volume.uri, out, volume.options, workers, overwrite)
    yield Asked("convert", request, f"Converting to {out.name} …")
    with closing(WORKFLOWS["convert"](request)) as events:  # type: ignore[type-var]  # generators
        for event in events:
            yield Answer("convert", request, event)
