"""Light updates: asked for at each accepted slice, shown as provisional, taken back."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_vessel.geometry import Plane
from napari_vessel.session import Activity
from napari_vessel.widgets._section import Desk, Sentence, button
from napari_vessel.workflows import Focus

__all__ = ["LightRow"]

_TIP = (
    "After you accept a slice, the last layers of the network learn from it and from corrected "
    "slices near by, and the slices around are proposed anew, within seconds. This is provisional: "
    "it is shown below your corrections, kept nowhere, and gives way to the next prediction."
)


class LightRow(QWidget):
    """One switch; what came of the last update; and a way back."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._next: tuple[Plane, int, Focus | None] | None = None
        self.switch = QCheckBox("Improve the slices around at once")
        self.switch.setToolTip(_TIP)
        self.switch.setChecked(True)
        self.outcome = Sentence()
        self.discard = button(
            "Discard quick updates",
            "Show the proposal as it was before; your corrections stay.",
            self._discard,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.switch, self.outcome, self.discard):
            column.addWidget(part)
        follow, events = desk.follower.follow, desk.session.events
        follow(events.accepted, self._on_accepted)
        follow(events.activity, self._on_activity)
        follow(events.provisional, self.update_state)
        desk.jobs.changed.connect(self._on_job)
        self.update_state()

    def update_state(self) -> None:
        """Offer the way back where there is something to take back."""
        boxes = self._desk.session.provisional
        self.discard.setVisible(bool(boxes))
        # Two windows of a large slice are one slice.
        slices = {(box.shape.index(1), box.start[box.shape.index(1)]) for box in boxes}
        count = f"{len(slices)} slice{'s' if len(slices) != 1 else ''}"
        self.discard.setText(f"Discard quick updates of {count}")

    def refresh(self) -> None:
        """Improve the slices around the one in view, as after another network was taken."""
        focus = self._desk.link.focus()
        if focus is not None:
            self._on_accepted(focus.plane, focus.voxel[focus.plane.normal])

    def _on_accepted(self, plane: Plane, index: int) -> None:
        """Ask for an update; one that is under way is of less interest now."""
        if not self.switch.isChecked():
            return
        self._next = (plane, index, self._desk.link.focus())  # they may go on before it begins
        if self._desk.jobs.running("light"):
            self._desk.jobs.cancel("light")
        else:
            self._start()

    def _on_job(self, name: str) -> None:
        if name == "light" and not self._desk.jobs.running("light"):
            self._start()

    def _start(self) -> None:
        if self._next is None:
            return
        (plane, index, focus), self._next = self._next, None
        session = self._desk.session
        self._desk.jobs.start("light", lambda: session.light(plane, index, focus))

    def _on_activity(self, activity: Activity) -> None:
        if activity.name == "light":
            failed = activity.state == "failed"
            self.outcome.say(("Failed: " if failed else "") + activity.sentence)

    def _discard(self) -> None:
        self._next = None
        self._desk.jobs.cancel("light")
        self._desk.session.withdraw_light()
        self.outcome.say("The proposal is shown as it was before.")
