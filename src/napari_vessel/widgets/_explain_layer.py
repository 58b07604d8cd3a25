"""An explanation over the image: red speaks for, blue against; and the outline of what is meant."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Layer, Shapes
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray
from qtpy.QtCore import QObject

from napari_vessel.geometry import Plane
from napari_vessel.session import Session
from napari_vessel.tiling import slices_of
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink
from napari_vessel.workflows import METHOD_NAMES, Explained, attribution_limits

__all__ = ["FOR_AND_AGAINST", "ExplainLayer"]

# Transparent at 0: it changes nothing there, whether laid over the image or added to it. Laid
# over, it is seen on bright tissue, too, which an addition would only whiten.
FOR_AND_AGAINST = Colormap(
    [
        [0.1, 0.45, 1.0, 1.0],
        [0.1, 0.35, 1.0, 0.6],
        [0.0, 0.0, 0.0, 0.0],
        [1.0, 0.2, 0.05, 0.6],
        [1.0, 0.35, 0.0, 1.0],
    ],
    name="against and for",
)
_YELLOW = "#ffd600"
_WIDTH = 0.25  # of the outline, in voxels


class ExplainLayer(QObject):
    """Keeps the layers of at most one explanation in the viewer, above the mask.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    session
        What was explained.
    """

    def __init__(self, link: ViewerLink, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: Image | None = None
        self.outline: Shapes | None = None
        self._link, self._session = link, session
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def close(self) -> None:
        """Let go of the viewer; the layers stay to be looked at."""
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)

    def show(self, found: Explained | None) -> None:
        """Show another explanation from now on; None: none."""
        for layer in (self.layer, self.outline):
            if layer is not None and layer in self._link.viewer.layers:
                self._link.viewer.layers.remove(layer)
        self.layer = self.outline = None
        image = self._link.image
        if found is None or image is None:
            return
        placed = mask_placed(image, found.box)
        self.layer = self._image(found, placed)
        self.outline = Shapes(
            outlines_of(found.target, found.plane),
            shape_type="path",
            edge_color=_YELLOW,
            edge_width=_WIDTH,
            name="Explained",
            metadata={MAP: "explained"},
            **placed,
        )
        self.outline.editable = False
        self._add(self.layer, self.outline)

    def _image(self, found: Explained, placed: dict[str, Any]) -> Image:
        low, high = attribution_limits(found)
        asked = "Why?" if found.question.question == "here" else "Why not?"
        return Image(
            found.values,
            multiscale=False,
            rgb=False,
            contrast_limits=(low, high),
            colormap=FOR_AND_AGAINST if low < 0 else "inferno",
            blending="translucent" if low < 0 else "additive",
            name=f"{asked} {METHOD_NAMES[found.question.config.method]}",
            metadata={MAP: "attribution", "napari-vessel": found.facts},
            **placed,
        )

    def _add(self, *made: Layer) -> None:
        """Insert layers above all others; the brush stays in the hand."""
        layers = self._link.viewer.layers
        active = layers.selection.active
        for layer in made:
            layers.append(layer)
        layers.selection.active = active

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if event.value is self.layer:
            self.layer = None
        elif event.value is self.outline:
            self.outline = None


def outlines_of(target: NDArray[np.bool_], plane: Plane) -> list[NDArray[np.float64]]:
    """Return the outlines of a target in each of its slices, as voxels (points, zyx)."""
    from skimage.measure import find_contours

    found = []
    for index, piece in enumerate(slices_of(target, plane)):
        padded = np.pad(piece, 1).astype(float)
        for line in find_contours(padded, 0.5):  # type: ignore[no-untyped-call]  # of skimage
            course = np.full((len(line), 3), float(index))
            course[:, plane.rows], course[:, plane.columns] = line[:, 0] - 1, line[:, 1] - 1
            found.append(course)
    return found
