"""What is reviewed, as an outline over the image: not a colour alone."""

from __future__ import annotations

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QObject

from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._layer_below import LayerBelow
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["ReviewedLayer"]

_REFRESH_MS = 150  # strokes that follow each other are drawn once
_COLOUR = (0.35, 0.85, 1.0, 1.0)  # light blue: told from the vermilion mask by everyone
_WIDTH = 2


class ReviewedLayer(LayerBelow[Labels]):
    """Shows an outline around what is reviewed, below the mask, as long as it is wanted.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    session
        Knows what is reviewed.
    follower
        Relays the session's signals.
    """

    def __init__(
        self, link: ViewerLink, session: Session, follower: Follower, parent: QObject | None = None
    ) -> None:
        super().__init__(link, _REFRESH_MS, parent)
        self._session = session
        follower.follow(session.events.corrections, self._draw_soon)
        follower.follow(session.events.opened, self._add_again)

    def toggle(self) -> None:
        """Put the outline into the viewer, or take it away."""
        if self.layer is None:
            self._add()
        else:
            self._remove()

    def _add(self) -> None:
        image, data = self._link.image, self._session.reviewed_map()
        if image is None or data is None:
            self.changed.emit(False)
            return
        margin = Box((0, 0, 0), data.shape).shifted(data.region.start).shifted((-1, -1, -1))
        layer = Labels(
            data,
            multiscale=False,
            cache=False,
            name="Reviewed",
            colormap=DirectLabelColormap(
                color_dict={0: (0, 0, 0, 0), 1: _COLOUR, None: (0, 0, 0, 0)}
            ),
            opacity=1.0,
            **mask_placed(image, margin),
        )
        layer.contour = _WIDTH
        layer.editable = False
        self._put(layer)
