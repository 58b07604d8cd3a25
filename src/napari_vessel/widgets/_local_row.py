"""The slider of a local threshold: seen while it moves, kept or dropped by a click."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QLabel, QSlider, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_vessel.session import LocalThreshold, Session
from napari_vessel.widgets._section import Sentence, button, row

__all__ = ["LocalRow"]

_STEPS = 100
_EVERY_MS = 30
_TIP = "Probability from which a voxel is vessel, here alone. It is seen at once."
_WALL_TIP = "How like its lumen a voxel must be: to the right the wall moves in, seen at once."


class LocalRow(QWidget):
    """Follows and sets the session's local threshold; hidden while there is none."""

    def __init__(self, session: Session, keep: Callable[[], None]) -> None:
        super().__init__()
        self._session = session
        self.what = Sentence()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, _STEPS)
        self.slider.setToolTip(_TIP)
        self.slider.setAccessibleName("Threshold here")
        self.value = QLabel()
        self.value.setToolTip(_TIP)
        self.keep = button("Keep (Y)", "Make corrections of what is shown here, as one step.", keep)
        self.drop = button(
            "Drop", "Show everything at the one threshold again.", session.drop_local
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.what)
        self.label = QLabel("Threshold here")
        self.label.setBuddy(self.slider)
        line = row(self.label, self.slider)
        line.addWidget(self.value)
        layout.addLayout(line)
        layout.addLayout(row(self.keep, self.drop))
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._ask)
        self.slider.valueChanged.connect(self._on_slider)
        self.show_local(session.local_threshold)

    def show_local(self, local: LocalThreshold | None) -> None:
        """Show what the session has, unless the person is just moving the slider."""
        self.setVisible(local is not None)
        if local is not None and not self._settle.isActive():
            self.what.say(f"For {local.piece}")
            self._name(wall=local.likelihood is not None)
            with signals_blocked(self.slider):
                self.slider.setValue(round(local.threshold * _STEPS))
            self.value.setText(f"{local.threshold:.2f}")

    def _name(self, *, wall: bool) -> None:
        self.label.setText("Wall in" if wall else "Threshold here")
        self.slider.setAccessibleName(self.label.text())
        for each in (self.label, self.slider, self.value):
            each.setToolTip(_WALL_TIP if wall else _TIP)

    def _on_slider(self, percent: int) -> None:
        self.value.setText(f"{percent / _STEPS:.2f}")
        if not self._settle.isActive():
            self._settle.start(_EVERY_MS)

    def _ask(self) -> None:
        self._session.set_local(self.slider.value() / _STEPS)
