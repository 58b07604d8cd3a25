"""Whether vessels are dark or bright, said and turned round with one click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_vessel.widgets._section import Sentence, button
from napari_vessel.workflows import PolarityUsed

__all__ = ["VesselsRow"]

_SOURCE = {"choice": "chosen", "found": "found", "checkpoint": "not sure; as the network expects"}


class VesselsRow(QWidget):
    """Says which polarity the open volume is read with, and asks for the other."""

    def __init__(self, ask: Callable[[Literal["dark", "bright"]], object]) -> None:
        super().__init__()
        self._ask = ask
        self._used: PolarityUsed | None = None
        self.vessels = Sentence()
        self.flip = button(
            "Flip",
            "Take vessels to be the other way round, and remember it; click again to go back.",
            self._flip,
        )
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.vessels, 1)
        line.addWidget(self.flip)

    def show_used(self, used: PolarityUsed | None, *, busy: bool) -> None:
        """Show what is used, with its reason as the tooltip; nothing where nothing is open."""
        self._used = used
        self.setVisible(used is not None)
        self.flip.setEnabled(not busy)
        if used is not None:
            way = "dark on bright" if used.polarity == "dark" else "bright on dark"
            self.vessels.say(f"Vessels: {way} ({_SOURCE[used.source]})")
            self.vessels.setToolTip(used.reason)

    def _flip(self) -> None:
        if self._used is not None:
            self._ask("bright" if self._used.polarity == "dark" else "dark")
