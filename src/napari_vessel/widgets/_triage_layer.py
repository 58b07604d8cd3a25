"""The probability of a vessel in each chunk, as an image over the whole volume."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.transforms import Affine

from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._layer_below import LayerBelow
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink

__all__ = ["TriageLayer"]

_REFRESH_MS = 300


class TriageLayer(LayerBelow[Image]):
    """Shows the session's triage between image and mask; what jobs skip is not lit.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    session
        Has the triage.
    follower
        Relays the session's signals.
    """

    def __init__(self, link: ViewerLink, session: Session, follower: Follower) -> None:
        super().__init__(link, _REFRESH_MS, link)
        self._session = session
        self._wanted = True
        self._source: object = None
        follower.follow(session.events.triage, lambda _view: self._on_triage())
        follower.follow(session.events.triage_judged, self._draw_soon)

    def show(self, wanted: bool) -> None:
        """Put the layer into the viewer, or take it away."""
        self._wanted = wanted
        self._on_triage()

    def _on_triage(self) -> None:
        view = self._session.triage if self._wanted else None
        if view is None or self._link.image is None:
            self._remove()
            return
        if self.layer is None or self._source is not view.found:
            self._remove()
            self._source = view.found
            self._add()
        self._light()

    def _light(self) -> None:
        if self.layer is not None:
            low = min(self._session.skip_below, 0.99) if self._session.uses_triage else 0.0
            self.layer.contrast_limits = (low, 1.0)

    def _refresh(self) -> None:
        view = self._session.triage
        if view is not None and self.layer is not None:
            self.layer.data = np.nan_to_num(view.found.probability)

    def _add(self) -> None:
        view = self._session.triage
        if view is None:
            return
        self._put(
            Image(
                np.nan_to_num(view.found.probability),
                multiscale=False,
                rgb=False,
                contrast_limits=(0.0, 1.0),
                colormap="inferno",
                blending="translucent",
                interpolation2d="nearest",
                opacity=0.4,
                name="Triage",
                metadata={MAP: "triage"},
                **self._placed(),
            )
        )

    def _placed(self) -> dict[str, Any]:
        """Place a chunk as one large voxel on the voxels that it holds."""
        image, view = self._link.image, self._session.triage
        if image is None or view is None:
            return {}
        edges = np.asarray(view.factors)
        corner = np.asarray(view.found.box.start) * edges / np.asarray(view.found.chunk)
        linear = Affine(scale=image.scale, rotate=image.rotate, shear=image.shear)
        return mask_placed(image, Box.of((1, 1, 1))) | {
            "scale": np.asarray(image.scale) * edges,
            "translate": image.translate + linear(corner + edges / 2 - 0.5),
        }
