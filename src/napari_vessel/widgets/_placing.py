"""Where layers lie in the world: scale, translation and units."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.transforms import Affine

from napari_vessel.geometry import Box
from napari_vessel.volumes import IntensityWindow, Volume

__all__ = ["finest_shape", "image_placed", "limits", "mask_placed"]


def image_placed(volume: Volume) -> dict[str, Any]:
    """Place a volume: in µm, or in pixels where nobody knows its voxel size."""
    unit = "um" if volume.voxel_size_known else "pixel"
    return {
        "scale": volume.voxel_size.zyx,
        "translate": volume.origin_um,
        "units": (unit,) * 3,
    }


def mask_placed(image: Image, region: Box) -> dict[str, Any]:
    """Place the mask of ``region`` (voxels) on an image's voxels, however the image is placed."""
    turned = {name: getattr(image, name) for name in ("rotate", "shear")}
    linear = Affine(scale=image.scale, **turned)
    return {
        "scale": image.scale,
        "units": image.units,
        "translate": image.translate + linear(np.asarray(region.start)),
        "affine": image.affine,
        "axis_labels": image.axis_labels,
        **turned,
    }


def finest_shape(layer: Image) -> tuple[int, ...]:
    """Return the shape of a layer's finest level."""
    return tuple((layer.data[0] if layer.multiscale else layer.data).shape)


def limits(window: IntensityWindow) -> tuple[float, float]:
    """Return the window, or where the volume is of one value (napari takes no empty range)."""
    return window.low, window.high if window.high > window.low else window.low + 1
