"""Planes side by side: opens and closes the orthogonal views."""

from __future__ import annotations

from functools import partial

from napari.qt import QtViewer
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_vessel.widgets._orthogonal import OrthogonalViews
from napari_vessel.widgets._section import Section, button

__all__ = ["OrthogonalSection"]

_WIDTH = 340  # pixels of the views, at first
_LAID_OUT_MS = 300


class OrthogonalSection(Section):
    """One button for two more canvases."""

    title = "Planes"

    def build(self) -> None:
        """Add the button."""
        self.views: OrthogonalViews | None = None
        self.switch = button(
            "Show the other planes",
            "Show the same voxel in the two other planes, beside this view, and paint in any of "
            "them. Shift-K goes to the voxel under the mouse in all three.",
            self.turn,
        )
        self.switch.setCheckable(True)
        self.body.addWidget(self.switch)
        self.desk.link.closing.append(self.close_views)

    def update_state(self) -> None:
        """Offer it where something is open in a window."""
        link = self.desk.link
        shown = link.labels is not None and hasattr(link.viewer, "window")
        self.switch.setEnabled(shown or self.views is not None)
        self.hint.say("" if self.desk.session.opened else "Open a volume first.")
        self.switch.setChecked(self.views is not None)

    def turn(self) -> None:
        """Open the views, or close them."""
        if self.views is not None:
            self.close_views()
            return
        viewer, window = self.desk.link.viewer, self.window()
        main = window.findChild(QtViewer) if window is not None else None
        if main is None:
            self.say("There is no canvas beside this dock to show other planes at.")
            return
        self.views = OrthogonalViews(self.desk.link, self.desk.session, main)
        viewer.window.add_dock_widget(
            self.views, name="Other planes", area="right", add_vertical_stretch=False
        )
        _put_beside(_dock_of(self.views), _dock_of(self), window)
        self.views.closed.connect(self._gone)
        self.update_state()

    def close_views(self) -> None:
        """Close the views, if they are open."""
        views = self._let_go()
        if views is not None:
            self.desk.link.viewer.window.remove_dock_widget(views)

    def _gone(self) -> None:
        """Let go of views whose dock was closed by its own cross."""
        self._let_go()

    def _let_go(self) -> OrthogonalViews | None:
        views, self.views = self.views, None
        if views is not None:
            views.shut()
            views.deleteLater()
            self.update_state()
        return views


def _dock_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock that holds a widget, if one does."""
    holder: QWidget | None = widget
    while holder is not None and not isinstance(holder, QDockWidget):
        holder = holder.parentWidget()
    return holder


def _put_beside(views: QDockWidget | None, own: QDockWidget | None, window: QWidget | None) -> None:
    """Put the views between the canvas and our dock: below each other both would be squeezed."""
    if views is None or own is None or own.isFloating() or not isinstance(window, QMainWindow):
        return
    if window.dockWidgetArea(own) != Qt.DockWidgetArea.RightDockWidgetArea:
        return
    own.setMinimumWidth(own.width())  # else the split halves it; the canvas has room to give
    views.setMinimumWidth(_WIDTH)
    window.splitDockWidget(views, own, Qt.Orientation.Horizontal)
    soon = QTimer(views)  # of the views: it ends with them
    soon.setSingleShot(True)
    soon.timeout.connect(partial(_let_resize, views, own))
    soon.start(_LAID_OUT_MS)


def _let_resize(*docks: QDockWidget) -> None:
    """Let a person make the docks narrower again."""
    for dock in docks:
        dock.setMinimumWidth(0)
