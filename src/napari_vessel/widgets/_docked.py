"""What the docks share: their desk, sections in one column, a warm compute process, an end.

The end is noticed however it comes: closed by itself, with its window, or with the viewer.
"""

from __future__ import annotations

from typing import Any

from napari.utils.notifications import notification_manager, show_error
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QCloseEvent, QShowEvent
from qtpy.QtWidgets import QMainWindow, QScrollArea, QVBoxLayout, QWidget

from napari_vessel.errors import VesselError
from napari_vessel.session import Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._jobs import Jobs
from napari_vessel.widgets._section import Desk
from napari_vessel.widgets._shared_runner import shared_runner
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["Docked", "notify"]


class Docked(QWidget):
    """Has a desk, and calls :meth:`shut` once, however it is closed.

    Parameters
    ----------
    napari_viewer
        The viewer to work in.
    session
        Made with the viewer's compute process where none is given.
    """

    def __init__(self, napari_viewer: Any, session: Session | None = None) -> None:  # noqa: ANN401
        super().__init__()
        self._window: QObject | None = None
        self._docked = self._closing = self._closed = False
        self.session = session or Session(shared_runner(napari_viewer))
        follower = Follower(self)
        jobs = Jobs(self.session, self)
        link = ViewerLink(napari_viewer, self.session, follower, self)
        self.desk = Desk(self.session, jobs, link, follower)
        follower.follow(self.session.events.failed, notify)
        QTimer.singleShot(0, self._start)

    def stack(self, *parts: QWidget) -> None:
        """Lay parts out one below the other, to scroll through."""
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(2, 2, 2, 2)
        for part in parts:
            inside.addWidget(part)
        inside.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)

    def _start(self) -> None:
        """Warm the compute process, so that a click finds it ready."""
        if self._closed:
            return
        self.watch_window()
        try:
            self.session.runner.start()
        except VesselError as error:
            notify(error)

    def shut(self) -> None:
        """End all that was begun; once."""
        if self._closed:
            return
        self._closed = True
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
        self.end()

    def end(self) -> None:
        """Save, stop and let go."""
        raise NotImplementedError

    def event(self, event: QEvent | None) -> bool:
        """Notice when the dock that holds this widget was closed."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            self._docked = self._docked or self.parent() is not None
            if self._docked and self.parent() is None:
                self.shut()
        return bool(super().event(event))

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802  Qt's name
        """Watch the window from the first time it is seen."""
        self.watch_window()
        super().showEvent(event)

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802  Qt's name
        """Shut when closed as a window of its own."""
        self.shut()
        super().closeEvent(event)

    def watch_window(self) -> None:
        """Hear of the viewer's window closing, once this widget is in one."""
        window = self.window()
        if self._window is None and isinstance(window, QMainWindow):
            self._window = window
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  Qt's name
        """Shut when the viewer's window was closed; a refused close hides nothing."""
        if event is not None and isinstance(watched, QWidget):
            closes = event.type() == QEvent.Type.Close
            hides = event.type() == QEvent.Type.Hide and not event.spontaneous()
            self._closing = self._closing or closes
            if (closes and not watched.isVisible()) or (hides and self._closing):
                self.shut()
        return bool(super().eventFilter(watched, event))


def notify(error: Exception) -> None:
    """Show an error in napari's notifications: ours as a sentence, a bug with its trace."""
    if isinstance(error, VesselError):
        show_error(str(error))
    else:
        notification_manager.receive_error(type(error), error, error.__traceback__)
