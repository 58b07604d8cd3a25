"""What needs less memory, offered after memory ran out."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Signal  # type: ignore[attr-defined]  # qtpy renames it
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_vessel.errors import DeviceMemoryError, Offer
from napari_vessel.widgets._section import button

__all__ = ["Offers"]

_TIP = "It needs less memory. It is another recipe, and what comes of it may differ a little."


class Offers(QWidget):
    """One button for each way that may have room; nothing where nothing is offered."""

    chosen = Signal(object)  # the Offer

    def __init__(self, what: str = "Predict again") -> None:
        super().__init__()
        self._what = what
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._shown: tuple[Offer, ...] = ()
        self.buttons: list[QPushButton] = []
        self.hide()

    def show_for(self, error: Exception | None) -> None:
        """Offer what ``error`` names; nothing where it is none of memory."""
        offers = error.offers if isinstance(error, DeviceMemoryError) else ()
        if offers == self._shown:
            return
        self._shown = offers
        for old in self.buttons:
            self._column.removeWidget(old)
            old.deleteLater()
        self.buttons = [
            button(f"{self._what}: {each.label}", _TIP, partial(self.chosen.emit, each))
            for each in offers
        ]
        for made in self.buttons:
            self._column.addWidget(made)
        self.setVisible(bool(offers))
