"""What an object's class rests on, over the square that was cut out around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.transforms import Affine
from qtpy.QtCore import QObject

from napari_vessel.geometry import Box
from napari_vessel.session import WhyThis
from napari_vessel.widgets._explain_layer import FOR_AND_AGAINST
from napari_vessel.widgets._objects_layer import ObjectsLayer
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink
from napari_vessel.workflows import attribution_limits

__all__ = ["WhyLayer", "crop_placed"]


class WhyLayer(QObject):
    """Keeps the layer of at most one explanation in the viewer.

    Parameters
    ----------
    link
        The viewer.
    objects
        The layer of the objects, above which it lies.
    """

    def __init__(self, link: ViewerLink, objects: ObjectsLayer) -> None:
        super().__init__(link)
        self.layer: Image | None = None
        self._link, self._objects = link, objects
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self._close)

    def show(self, why: WhyThis) -> None:
        """Show an explanation in place of the one before."""
        image, layers = self._objects.image, self._link.viewer.layers
        if self.layer is not None and self.layer in layers:
            layers.remove(self.layer)
        if image is None:
            return
        rows_columns = np.asarray(why.explained.values).reshape(why.explained.values.shape[-2:])
        values = np.expand_dims(rows_columns, why.plane.normal)
        active = layers.selection.active
        self.layer = Image(
            values,
            multiscale=False,
            rgb=False,
            contrast_limits=attribution_limits(why.explained),
            colormap=FOR_AND_AGAINST,
            blending="additive",
            interpolation2d="nearest",
            name="Why?",
            metadata={MAP: "why"},
            **crop_placed(image, why.box, values.shape),
        )
        layers.append(self.layer)
        layers.selection.active = active

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if event.value is self.layer:
            self.layer = None

    def _close(self) -> None:
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)


def crop_placed(image: Image, box: Box, shape: tuple[int, ...]) -> dict[str, Any]:
    """Place an array of ``shape`` on ``box`` (voxels) of ``image``, however that is placed."""
    placed = mask_placed(image, Box.of((1, 1, 1)))
    factor = np.ones(3)
    for axis in range(3):
        if shape[axis] > 1:  # one slice lies in the middle of what was cut out
            factor[axis] = box.shape[axis] / shape[axis]
    middle = (np.asarray(box.start) + np.asarray(box.stop) - 1) / 2
    first = np.where(np.asarray(shape) > 1, np.asarray(box.start) - 0.5 + factor / 2, middle)
    linear = Affine(scale=image.scale, rotate=image.rotate, shear=image.shear)
    return placed | {
        "scale": np.asarray(image.scale) * factor,
        "translate": image.translate + linear(first),
    }
