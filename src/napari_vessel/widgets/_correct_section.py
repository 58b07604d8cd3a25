"""3 Correct: paint what is wrong, accept what is right; see that it is saved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QLabel

from napari_vessel.errors import VesselError
from napari_vessel.widgets._section import Section, Sentence, button, row
from napari_vessel.widgets._tools_panel import ToolsPanel

__all__ = ["CorrectSection"]

_TOOLS = {
    "Brush": (
        "paint",
        "Paint vessel (key 2). [ and ] change the brush's size; turn the wheel while you paint, "
        "and the stroke goes on in the next slice.",
    ),
    "Eraser": (
        "erase",
        "Paint background (key 1). The wheel goes through slices, as with the brush.",
    ),
    "Fill": ("fill", "Fill what is connected with the click (key 4)."),
    "Move": ("pan_zoom", "Move the camera (key 6, or hold Space)."),
}
# Colour and word: colour alone would not tell everyone.
_LIGHTS = {
    "viewing": ("#8a8a8a", "open to view only"),
    "nothing": ("#8a8a8a", "nothing to save yet"),
    "saving": ("#d08a3c", "saving …"),
    "saved": ("#3f9d63", "saved"),
    "aside": ("#d08a3c", "SAFE, BUT NOT IN THE PROJECT"),
    "failed": ("#d0453c", "CANNOT SAVE"),
}


class CorrectSection(Section):
    """Tools, acceptance, undo, and the light that says whether work is safe."""

    number = 3
    title = "Correct"

    def build(self) -> None:
        """Add tools, acceptance and the status light."""
        tools = QHBoxLayout()
        self._group = QButtonGroup(self)
        self.tools = {}
        for text, (mode, tip) in _TOOLS.items():
            tool = button(text, tip, partial(self._choose, mode))
            tool.setCheckable(True)
            tool.setMinimumWidth(40)
            self._group.addButton(tool)
            self.tools[mode] = tool
            tools.addWidget(tool)
        self.body.addLayout(tools)
        self.quick = ToolsPanel(self.desk)
        self.body.addWidget(self.quick)
        self.accept = button(
            "Accept slice (Shift-A)",
            "Mark the slice in view as reviewed: what is shown becomes truth to learn from.",
            self.accept_slice,
        )
        self.body.addWidget(self.accept)
        self.undo = button("Undo", "Take the last step back (Ctrl-Z).", self._undo)
        self.redo = button("Redo", "Do again what was undone (Ctrl-Shift-Z).", self._redo)
        self.body.addLayout(row(self.undo, self.redo))
        self.restore = button(
            "Show the layers again",
            "Put the image and the mask back into the viewer; nothing was lost.",
            self.desk.link.show,
        )
        self.body.addWidget(self.restore)
        self.reviewed = Sentence()
        self.body.addWidget(self.reviewed)
        self.light = QLabel()
        self.light.setTextFormat(Qt.TextFormat.RichText)
        self.light.setAccessibleName("Are corrections saved?")
        self.body.addWidget(self.light)
        self.problems = Sentence()
        self.body.addWidget(self.problems)
        self._follow()

    def _follow(self) -> None:
        follow, events, link = self.desk.follower.follow, self.desk.session.events, self.desk.link
        follow(events.corrections, self.update_state)
        follow(events.saved, self._show_light)
        follow(link.events.layers, self.update_state)
        follow(link.events.mode, self._show_mode)

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Enable what is possible, and count what was reviewed."""
        session, link = self.desk.session, self.desk.link
        opened, view_only = session.opened is not None, session.view_only
        ready = opened and link.labels is not None and not view_only
        for control in (*self.tools.values(), self.accept):
            control.setEnabled(ready)
        self.quick.set_ready(ready)
        for control in (self.undo, self.redo):
            control.setEnabled(opened and not view_only)
        self.restore.setVisible(not link.complete)
        self.hint.say(
            view_only or "Paint what is missing, erase what is wrong; then accept the slice."
            if opened
            else "Open a volume first."
        )
        self.reviewed.say(self._reviewed())
        self.problems.say(" ".join(session.problems))
        self._show_light(session.save_state, "")
        if link.labels is not None:
            self._show_mode(str(link.labels.mode))

    def _reviewed(self) -> str:
        opened, count = self.desk.session.opened, self.desk.session.reviewed
        if opened is None:
            return ""
        _, rows, columns = opened.region.shape
        return f"Reviewed: {count:,} voxels, as many as {count / (rows * columns):.1f} XY slices."

    def _show_light(self, state: str, sentence: str) -> None:
        colour, word = _LIGHTS["viewing" if self.desk.session.view_only else state]
        self.light.setText(f'<span style="color: {colour}">●</span> {word}')
        self.light.setToolTip(sentence or "Corrections are saved while you paint.")
        if state == "failed" and sentence:
            self.say(sentence)

    def _show_mode(self, mode: str) -> None:
        tool = self.tools.get(mode)
        if tool is not None:
            tool.setChecked(True)
            return
        self._group.setExclusive(False)
        for other in self.tools.values():
            other.setChecked(False)
        self._group.setExclusive(True)

    # -- asking ----------------------------------------------------------------

    def _choose(self, mode: str) -> None:
        self._try(lambda: self.desk.link.set_mode(mode))

    def accept_slice(self) -> None:
        """Accept the slice in view."""
        self._try(self._accept)

    def _accept(self) -> None:
        plane, index = self.desk.link.slice_in_view()
        self.desk.session.accept_slice(plane, index)
        self.say(f"Accepted slice {plane.value.upper()} {index}.")

    def _undo(self) -> None:
        self._try(lambda: self._step(self.desk.session.undo(), "undo"))

    def _redo(self) -> None:
        self._try(lambda: self._step(self.desk.session.redo(), "redo"))

    def _step(self, box: object, what: str) -> None:
        self.say("" if box else f"There is nothing to {what}.")

    def _try(self, ask: Callable[[], None]) -> None:
        try:
            ask()
        except VesselError as error:
            self.complain(error)
