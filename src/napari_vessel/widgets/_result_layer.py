"""A job's mask as a layer that can be looked at and not changed."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from napari.layers import Image, Labels

from napari_vessel.geometry import Box
from napari_vessel.volumes import Volume, open_volume
from napari_vessel.widgets._placing import image_placed, mask_placed

__all__ = ["opened_mask", "show_mask"]


def opened_mask(path: Path) -> Generator[tuple[Volume, list[Any]], None, None]:
    """Open the mask at ``path`` lazily, and yield it with all its levels; on a worker's thread.

    Raises
    ------
    VesselError
        It cannot be opened.
    """
    volume = open_volume(str(path))
    yield volume, volume.pyramid()


def show_mask(viewer: Any, image: Image | None, opened: tuple[Volume, list[Any]]) -> Labels:  # noqa: ANN401
    """Add a mask that was opened, on the voxels of ``image`` where they are the same."""
    volume, levels = opened
    placed = image_placed(volume)
    if image is not None and _finest_shape(image) == tuple(volume.shape):
        placed = mask_placed(image, Box.of(volume.shape))
    layer = Labels(
        levels if len(levels) > 1 else levels[0],
        multiscale=len(levels) > 1,
        name=f"{Path(volume.uri).name.split('.')[0]} (result)",
        opacity=0.5,
        metadata={"napari-vessel": {"uri": volume.uri}},
        **placed,
    )
    layer.editable = False
    viewer.add_layer(layer)
    return layer


def _finest_shape(image: Image) -> tuple[int, ...]:
    return tuple((image.data[0] if image.multiscale else image.data).shape)
