"""The voxels of an image layer, as a volume is read from them."""

from __future__ import annotations

from typing import Any

from napari.layers import Image

from napari_vessel.errors import CallerError
from napari_vessel.widgets._reading_options import ReadingOptions

__all__ = ["layer_voxels"]


def _finest(layer: Image) -> Any:  # noqa: ANN401  numpy, dask or zarr
    return layer.data[0] if layer.multiscale else layer.data


def layer_voxels(layer: Image, channel: int | None) -> Any:  # noqa: ANN401
    """Return the voxels of a layer, three axes; explain where that is not possible."""
    data = _finest(layer)
    if layer.rgb:
        raise CallerError(
            f"Layer {layer.name!r} is RGB: split it (right-click, Split RGB) and use one channel."
        )
    if len(data.shape) == 4:
        if channel is None or channel >= data.shape[0]:
            raise CallerError(
                f"Layer {layer.name!r} has shape {tuple(data.shape)}: choose a channel from 0 to "
                f"{data.shape[0] - 1} (under {ReadingOptions.title}), or split the stack."
            )
        return data[channel]
    if len(data.shape) != 3:
        raise CallerError(
            f"Layer {layer.name!r} has shape {tuple(data.shape)}: expected three axes, z, y and x."
        )
    return data
