"""A dock that notices its end: closed by itself, with its window, or with the viewer."""

from __future__ import annotations

from napari.utils.notifications import notification_manager, show_error
from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QCloseEvent, QShowEvent
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_vessel.errors import VesselError

__all__ = ["Docked", "notify"]


class Docked(QWidget):
    """Calls :meth:`shut` once, however it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._window: QObject | None = None
        self._docked = self._closing = self._closed = False

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
