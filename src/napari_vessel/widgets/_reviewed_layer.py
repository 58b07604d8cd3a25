"""What is reviewed, as an outline over the image: not a colour alone."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames it

from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["ReviewedLayer"]

_REFRESH_MS = 150  # strokes that follow each other are drawn once
_COLOUR = (0.35, 0.85, 1.0, 1.0)  # light blue: told from the vermilion mask by everyone
_WIDTH = 2


class ReviewedLayer(QObject):
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

    changed = Signal(bool)  # whether it is in the viewer

    def __init__(
        self, link: ViewerLink, session: Session, follower: Follower, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.layer: Labels | None = None
        self._link = link
        self._session = session
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        follower.follow(session.events.corrections, self._on_changed)
        follower.follow(session.events.opened, self._on_opened)
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def toggle(self) -> None:
        """Put the outline into the viewer, or take it away."""
        if self.layer is None:
            self._add()
        else:
            self._remove()

    def close(self) -> None:
        """Let go of the viewer; the layer goes with the corrections it reads."""
        self._timer.stop()
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        self._remove()

    def _add(self) -> None:
        image, data = self._link.image, self._session.reviewed_map()
        if image is None or data is None:
            self.changed.emit(False)
            return
        margin = Box((0, 0, 0), data.shape).shifted(data.region.start).shifted((-1, -1, -1))
        self.layer = Labels(
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
        self.layer.contour = _WIDTH
        self.layer.editable = False
        layers, mask = self._link.viewer.layers, self._link.labels
        active = layers.selection.active
        layers.insert(layers.index(mask) if mask in layers else len(layers), self.layer)
        layers.selection.active = active  # the brush stays in the hand
        self.changed.emit(True)

    def _remove(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None and layer in self._link.viewer.layers:
            self._link.viewer.layers.remove(layer)
        self.changed.emit(False)

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if self.layer is not None and event.value is self.layer:
            self.layer = None
            self.changed.emit(False)

    def _on_opened(self) -> None:
        """Outline what is open now."""
        if self.layer is not None:
            self._remove()
            self._add()

    def _on_changed(self) -> None:
        if self.layer is not None and not self._timer.isActive():
            self._timer.start(_REFRESH_MS)

    def _refresh(self) -> None:
        if self.layer is not None and self.layer.visible:
            self.layer.refresh(extent=False)
