"""An explanation over the image: red speaks for, blue against; and the outline of what is meant."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import Colormap, DirectLabelColormap
from qtpy.QtCore import QObject

from napari_vessel.session import Session
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink
from napari_vessel.workflows import METHOD_NAMES, Explained, attribution_limits

__all__ = ["FOR_AND_AGAINST", "ExplainLayer"]

# Black at 0: added to the image it changes nothing there.
FOR_AND_AGAINST = Colormap(
    [[0.2, 0.55, 1.0], [0.05, 0.25, 0.8], [0, 0, 0], [0.85, 0.12, 0.05], [1.0, 0.5, 0.2]],
    name="against and for",
)
_OUTLINE = DirectLabelColormap(color_dict={None: (0, 0, 0, 0), 1: (1.0, 0.84, 0.0, 1.0)})


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
        self.outline: Labels | None = None
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
        self.outline = Labels(
            found.target.astype(np.uint8),
            name="Explained",
            opacity=1.0,
            colormap=_OUTLINE,
            metadata={MAP: "explained"},
            **placed,
        )
        self.outline.contour = 1
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
            blending="additive",
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
