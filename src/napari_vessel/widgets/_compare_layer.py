"""Two networks on the slice in view, as one layer: where each alone, and where both see vessel."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QObject

from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink
from napari_vessel.workflows import Compared

__all__ = ["COLOURS", "CompareLayer"]

# Told apart by people of every colour vision (Okabe and Ito 2008).
COLOURS = {"first alone": "#E69F00", "second alone": "#56B4E9", "both": "#FFFFFF"}
_NOTHING = "transparent"


class CompareLayer(QObject):
    """Shows what two networks see in a slice, above the mask; it cannot be painted in.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    session
        Tells what was compared.
    follower
        Relays the session's signals.
    """

    def __init__(
        self, link: ViewerLink, session: Session, follower: Follower, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.layer: Labels | None = None
        self._link = link
        follower.follow(session.events.compared, self.show)
        follower.follow(session.events.opened, self.clear)
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def show(self, compared: Compared) -> None:
        """Show a comparison in place of the one before."""
        self.clear()
        image = self._link.image
        if image is None:
            return
        first, second = compared.names
        self.layer = Labels(
            compared.picture,
            colormap=_colours(),
            opacity=0.8,
            name=f"{first} (orange) / {second} (blue), both white",
            metadata={MAP: "compare"},
            **mask_placed(image, compared.box),
        )
        self.layer.editable = False
        layers = self._link.viewer.layers
        active = layers.selection.active
        layers.append(self.layer)
        layers.selection.active = active  # the brush stays in the hand

    def clear(self) -> None:
        """Take the comparison away."""
        layer, self.layer = self.layer, None
        if layer is not None and layer in self._link.viewer.layers:
            self._link.viewer.layers.remove(layer)

    def close(self) -> None:
        """Let go of the viewer."""
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        self.clear()

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if self.layer is not None and event.value is self.layer:
            self.layer = None


def _colours() -> DirectLabelColormap:
    colours: dict[int | None, str] = {None: _NOTHING, 0: _NOTHING}
    colours.update(enumerate(COLOURS.values(), start=1))
    return DirectLabelColormap(color_dict=colours)
