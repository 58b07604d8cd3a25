"""What the sections of the dock share: a title, sentences, progress, and what they act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_vessel.session import Activity, ActivityName, Session
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._jobs import Jobs
from napari_vessel.widgets._viewer import ViewerLink

__all__ = [
    "Collapsed",
    "Desk",
    "Section",
    "Sentence",
    "button",
    "combo",
    "place_row",
    "row",
    "tick",
    "time_left",
]


@dataclass(frozen=True)
class Desk:
    """What every section acts on."""

    session: Session
    jobs: Jobs
    link: ViewerLink
    follower: Follower


class Sentence(QLabel):
    """A text that wraps, long paths too, and takes no room while it is empty."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.say(text)

    def say(self, text: str) -> None:
        """Show ``text``; the tooltip holds it for reading in full."""
        self.said = text
        self.setText(" ".join(_breakable(word) for word in text.split(" ")))
        self.setToolTip(text)
        self.setVisible(bool(text))


def _breakable(word: str) -> str:
    """Allow a line to break inside a long word: a path has no spaces.

    >>> _breakable("0.001"), _breakable("/data/kidney/volume.zarr").count("\u200b")
    ('0.001', 4)
    """
    if len(word) < 20:
        return word
    return "".join(c + "\u200b" if c in "/\\_-.:" else c for c in word)


class Collapsed(QWidget):
    """Seldom-used controls under a title that opens and closes them."""

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self.switch = QToolButton()
        self.switch.setText(title)
        self.switch.setToolTip(tip)
        self.switch.setCheckable(True)
        self.switch.setAutoRaise(True)
        self.switch.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._content = QWidget()
        self.inside = QVBoxLayout(self._content)
        self.inside.setContentsMargins(12, 0, 0, 0)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.switch)
        outer.addWidget(self._content)
        self.switch.toggled.connect(self._turn)
        self._turn(opened=False)

    def _turn(self, opened: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow
        self.switch.setArrowType(arrow)
        self._content.setVisible(opened)


class Section(QFrame):
    """One part of the way: says what it will do, what it is doing and what came of it."""

    number = 0
    title = ""
    activity: ActivityName | None = None

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.setObjectName(f"vessels-{self.title.lower()}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 8)
        heading = QLabel(f"{self.number}   {self.title}" if self.number else self.title)
        heading.setStyleSheet("font-weight: bold; font-size: 14px")
        layout.addWidget(heading)
        self.hint = Sentence()
        layout.addWidget(self.hint)
        self.body = QVBoxLayout()
        self.body.setSpacing(4)
        layout.addLayout(self.body)
        self.build()
        self._add_progress(layout)
        desk.follower.follow(desk.session.events.activity, self._on_activity)
        desk.follower.follow(desk.session.events.opened, self.update_state)
        desk.jobs.changed.connect(lambda _name: self.update_state())
        self.update_state()

    def build(self) -> None:
        """Add this section's controls to ``body``."""
        raise NotImplementedError

    def update_state(self) -> None:
        """Enable what is possible now, and say why the rest is not."""

    @property
    def running(self) -> bool:
        """Whether this section's activity is under way."""
        return self.activity is not None and self.desk.jobs.running(self.activity)

    def say(self, text: str) -> None:
        """Say what is being done or what came of it."""
        self.outcome.say(text)

    def complain(self, error: Exception) -> None:
        """Say what could not be done, here and in napari's notifications."""
        self.say(str(error))
        self.desk.session.events.failed.emit(error)

    def _add_progress(self, layout: QBoxLayout) -> None:
        self.bar = QProgressBar()
        self.bar.setToolTip("How far it is.")
        self.bar.setAccessibleName(f"{self.title}: progress")
        self.bar.setTextVisible(False)
        self.left = QLabel()
        self.stop = button("Cancel", "Stop after the step that is under way.", self._cancel)
        self._moving = QWidget()
        self.stopping = line = QHBoxLayout(self._moving)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.bar, 1)
        line.addWidget(self.left)
        line.addWidget(self.stop)
        self._moving.hide()
        layout.addWidget(self._moving)
        self.outcome = Sentence()
        layout.addWidget(self.outcome)

    def _cancel(self) -> None:
        if self.activity:
            self.stop.setEnabled(False)
            self.say("Cancelling: the step that is under way comes to its end …")
            self.desk.jobs.cancel(self.activity)

    def _on_activity(self, activity: Activity) -> None:
        if activity.name == self.activity:
            moving = activity.state == "running"
            if moving and self._moving.isHidden():
                self.stop.setEnabled(True)
            self._moving.setVisible(moving)
            known = activity.fraction is not None
            self.bar.setRange(0, 1000 if known else 0)
            self.bar.setValue(round(1000 * (activity.fraction or 0)))
            self.left.setText(time_left(activity.seconds_left))
            if self.stop.isEnabled() or not moving:
                self.say(("Failed: " if activity.state == "failed" else "") + activity.sentence)
        self.update_state()


def time_left(seconds: float | None) -> str:
    """Say how long something will take.

    >>> time_left(None), time_left(3), time_left(80), time_left(7000)
    ('', '3 s left', '2 min left', '1.9 h left')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.0f} s left"
    if seconds < 3600:
        return f"{-(-seconds // 60):.0f} min left"
    return f"{seconds / 3600:.1f} h left"


def button(text: str, tip: str, slot: Callable[[], None]) -> QPushButton:
    """Make a push button."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setAccessibleName(text)
    made.clicked.connect(lambda _checked=False: slot())
    return made


def tick(text: str, tip: str) -> QCheckBox:
    """Make a box to tick."""
    made = QCheckBox(text)
    made.setToolTip(tip)
    return made


def combo(name: str, tip: str, entries: dict[str, object]) -> QComboBox:
    """Make a combo box of ``entries`` (text to value) that can get narrow."""
    made = QComboBox()
    made.setToolTip(tip)
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(6)
    for text, value in entries.items():
        made.addItem(text, value)
    return made


def place_row(label: str, edit: QLineEdit, browse: QPushButton) -> QHBoxLayout:
    """Lay a path to type and a narrow button to choose one side by side."""
    browse.setMaximumWidth(32)
    line = row(label, edit)
    line.addWidget(browse)
    return line


def row(*parts: QWidget | str) -> QHBoxLayout:
    """Lay controls side by side; a text becomes the label of what follows it."""
    line = QHBoxLayout()
    label: QLabel | None = None
    for part in parts:
        if isinstance(part, str):
            label = QLabel(part)
            line.addWidget(label)
            continue
        if label is not None:
            label.setBuddy(part)
            label.setToolTip(part.toolTip())
            part.setAccessibleName(part.accessibleName() or label.text())
            label = None
        line.addWidget(part, 1)
    return line
