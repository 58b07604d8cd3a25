"""The quick tools in the dock: a button each with its key, what it does, what came of it."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from napari_vessel.session import Activity
from napari_vessel.widgets._hand_tools import HandTools
from napari_vessel.widgets._local_row import LocalRow
from napari_vessel.widgets._reviewed_layer import ReviewedLayer
from napari_vessel.widgets._section import Desk, Sentence, button
from napari_vessel.widgets._tool_list import TOOLS
from napari_vessel.widgets._tool_settings import ToolSettings

__all__ = ["ToolsPanel"]

_SOON_MS = 400  # what is done sooner needs no button to cancel it
_COLUMNS = 2


class ToolsPanel(QWidget):
    """Lists the quick tools; a click takes one into the hand, or lets it act."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.hand = HandTools(desk, self)
        self.outline = ReviewedLayer(desk.link, desk.session, desk.follower, self)
        self.buttons: dict[str, QPushButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._grid())
        self.outcome = Sentence()
        layout.addWidget(self.outcome)
        self.stop = button("Cancel", "Stop the tool that is at work.", self.hand.cancel)
        self.stop.hide()
        layout.addWidget(self.stop)
        self.local = LocalRow(desk.session, partial(self.hand.use, "keep"))
        layout.addWidget(self.local)
        self.settings = ToolSettings(desk.session)
        layout.addWidget(self.settings)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.stop.show)
        self._desk = desk
        self._follow()

    def set_ready(self, ready: bool) -> None:
        """Enable the tools where there is a mask to work on."""
        for each in self.buttons.values():
            each.setEnabled(ready)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        for i, tool in enumerate(TOOLS[:-1]):  # the last one stands beside its slider
            made = button(f"{tool.text} ({tool.key})", tool.hint, partial(self.hand.use, tool.name))
            made.setCheckable(tool.kind != "now" or tool.name == "outline")
            made.setMinimumWidth(40)
            made.setAccessibleDescription(tool.hint)
            self.buttons[tool.name] = made
            grid.addWidget(made, i // _COLUMNS, i % _COLUMNS)
        return grid

    def _follow(self) -> None:
        follow, events = self._desk.follower.follow, self._desk.session.events
        follow(events.activity, self._on_activity)
        follow(events.local, self.local.show_local)
        follow(events.opened, self._on_opened)
        self.hand.chosen.connect(self._show_chosen)
        self.hand.said.connect(self.outcome.say)
        self.hand.refused.connect(self._refused)
        self.hand.outline.connect(self.outline.toggle)
        self.outline.changed.connect(self.buttons["outline"].setChecked)

    def _on_opened(self) -> None:
        self.local.show_local(self._desk.session.local_threshold)

    def _show_chosen(self, name: str) -> None:
        for tool in TOOLS[:-1]:
            if tool.kind != "now":
                self.buttons[tool.name].setChecked(tool.name == name)

    def _refused(self, error: Exception) -> None:
        self.outcome.say(str(error))
        self._desk.session.events.failed.emit(error)

    def _on_activity(self, activity: Activity) -> None:
        if activity.name != "tool":
            return
        if activity.state == "running":
            if not self._soon.isActive() and self.stop.isHidden():
                self._soon.start(_SOON_MS)
        else:
            self._soon.stop()
            self.stop.hide()
        self.outcome.say(("Failed: " if activity.state == "failed" else "") + activity.sentence)
