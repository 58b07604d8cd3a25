"""Where the planes disagree, as a layer that one click shows and hides."""

from __future__ import annotations

from typing import Any

from napari.layers import Image
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames it

from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import MAP, ViewerLink

__all__ = ["DisagreementLayer"]

_REFRESH_MS = 400  # blocks that arrive at once are drawn once


class DisagreementLayer(QObject):
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

    changed = Signal(bool)  # whether it is in the viewer

    def __init__(
        self, link: ViewerLink, session: Session, follower: Follower, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.layer: Image | None = None
        self._link = link
        self._session = session
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        follower.follow(session.events.disagreement, self._on_changed)
        follower.follow(session.events.opened, self._on_opened)
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def show(self, wanted: bool) -> None:
        """Put the layer into the viewer, or take it away."""
        if not wanted:
            self._remove()
        elif self.layer is None:
            self._add()

    def close(self) -> None:
        """Let go of the viewer; the layer goes with the map it reads."""
        self._timer.stop()
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        self._remove()

    def _add(self) -> None:
        image, data = self._link.image, self._session.disagreement
        if image is None or data is None:
            self.changed.emit(False)
            return
        self.layer = Image(
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
        layers, mask = self._link.viewer.layers, self._link.labels
        active = layers.selection.active
        at = layers.index(mask) if mask in layers else len(layers)
        layers.insert(at, self.layer)
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
        """Show the map of what is open now."""
        if self.layer is not None:
            self._remove()
            self._add()

    def _on_changed(self, _box: Box | None) -> None:
        if self.layer is not None and not self._timer.isActive():
            self._timer.start(_REFRESH_MS)

    def _refresh(self) -> None:
        if self.layer is not None and self.layer.visible:
            self.layer.refresh()
