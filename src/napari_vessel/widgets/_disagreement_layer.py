"""Where the planes disagree, as a layer that one click shows and hides."""

from __future__ import annotations

from napari.layers import Image
from qtpy.QtCore import QObject

from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._layer_below import LayerBelow
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink

__all__ = ["DisagreementLayer"]

_REFRESH_MS = 400  # blocks that arrive at once are drawn once


class DisagreementLayer(LayerBelow[Image]):
    """Shows the session's map of disagreement between image and mask, read as it is looked at.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    session
        Has the map.
    follower
        Relays the session's signals.
    """

    def __init__(
        self, link: ViewerLink, session: Session, follower: Follower, parent: QObject | None = None
    ) -> None:
        super().__init__(link, _REFRESH_MS, parent)
        self._session = session
        follower.follow(session.events.disagreement, lambda _box: self._draw_soon())
        follower.follow(session.events.opened, self._add_again)

    def show(self, wanted: bool) -> None:
        """Put the layer into the viewer, or take it away."""
        if not wanted:
            self._remove()
        elif self.layer is None:
            self._add()

    def _add(self) -> None:
        image, data = self._link.image, self._session.disagreement
        if image is None or data is None:
            self.changed.emit(False)
            return
        self._put(
            Image(
                data,
                multiscale=False,
                rgb=False,
                contrast_limits=(0, 255),
                colormap="inferno",
                blending="additive",
                opacity=0.7,
                name="Disagreement",
                metadata={MAP: "disagreement"},
                **mask_placed(image, data.region),
            )
        )
