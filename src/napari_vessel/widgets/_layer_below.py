"""A layer for looking below the mask: it comes and goes without taking the brush away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from napari.layers import Layer
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames it

from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["LayerBelow"]

L = TypeVar("L", bound=Layer)


class LayerBelow(QObject, Generic[L]):
    """Keeps at most one layer in the viewer, below the mask, and lets it go with the dock.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    refresh_ms
        Changes that follow each other within so many milliseconds are drawn once.
    """

    changed = Signal(bool)  # whether it is in the viewer

    def __init__(self, link: ViewerLink, refresh_ms: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: L | None = None
        self._link = link
        self._refresh_ms = refresh_ms
        self._timers: list[QTimer] = []
        self._drawing = self._single_shot(self._refresh)
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def close(self) -> None:
        """Let go of the viewer; the layer goes with what it reads."""
        for timer in self._timers:
            timer.stop()
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        self._remove()

    # -- inside ----------------------------------------------------------------

    def _add(self) -> None:
        """Make the layer of what is open now, and :meth:`_put` it."""
        raise NotImplementedError

    def _add_again(self) -> None:
        """Show the layer of what is open now, where one is shown."""
        if self.layer is not None:
            self._remove()
            self._add()

    def _put(self, layer: L) -> None:
        """Insert a layer below the mask; the brush stays in the hand."""
        self.layer = layer
        layers, mask = self._link.viewer.layers, self._link.labels
        active = layers.selection.active
        layers.insert(layers.index(mask) if mask in layers else len(layers), layer)
        layers.selection.active = active
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

    def _draw_soon(self) -> None:
        if self.layer is not None and not self._drawing.isActive():
            self._drawing.start(self._refresh_ms)

    def _refresh(self) -> None:
        if self.layer is not None and self.layer.visible:
            self.layer.refresh(extent=False)

    def _single_shot(self, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(slot)
        self._timers.append(timer)
        return timer
