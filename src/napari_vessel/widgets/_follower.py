"""Follow psygnal signals from a Qt widget: on the GUI thread, until the widget is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]  # qtpy renames it

__all__ = ["Follower"]


class Follower(QObject):
    """Relays signals of the session, whichever thread emits them, to slots of one dock.

    A signal emitted on the GUI thread calls its slot at once; one from another
    thread (the journal's) is queued for the GUI thread.
    """

    _arrived = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrived.connect(self._call)
        self._closed = False
        self._links: list[tuple[SignalInstance, Callable[..., None]]] = []

    def follow(self, signal: SignalInstance, slot: Callable[..., None]) -> None:
        """Call ``slot`` with what ``signal`` brings, until :meth:`close`."""

        def relay(*args: Any) -> None:  # noqa: ANN401  as the signal has them
            self._arrived.emit(slot, args)

        signal.connect(relay, check_nargs=False)
        self._links.append((signal, relay))

    def close(self) -> None:
        """Follow nothing any more, not even what is on its way."""
        for signal, relay in self._links:
            signal.disconnect(relay)
        self._links.clear()
        self._closed = True

    def _call(self, slot: Callable[..., None], args: tuple[Any, ...]) -> None:
        if not self._closed:  # what was queued before the close may arrive after it
            slot(*args)
