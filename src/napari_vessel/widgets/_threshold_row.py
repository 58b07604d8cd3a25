"""The threshold: a slider that acts while it is dragged, its value, and the way back."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget
from superqt.utils import signals_blocked

from napari_vessel.session import Session
from napari_vessel.widgets._section import row

__all__ = ["ThresholdRow"]

_STEPS = 100  # to a probability of 1
_EVERY_MS = 30  # between two steps shown, while the slider moves
_TIP = (
    "Probability from which a voxel is vessel: lower finds more. It acts at once on the whole "
    "proposal, and predicts nothing again; what you painted stays. "
    "Double-click: the checkpoint's own."
)


class ThresholdRow(QWidget):
    """Follows and sets the session's threshold, from 0 to 1 in steps of 0.01."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(5)
        self.slider.setToolTip(_TIP)
        self.value = QLabel()
        self.value.setToolTip(_TIP)
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("0.00"))
        self.reset = QToolButton()
        self.reset.setText("↺")
        self.reset.setAutoRaise(True)
        self.reset.setAccessibleName("Threshold: the checkpoint's own")
        self.reset.setToolTip("Back to the checkpoint's own threshold.")
        line: QHBoxLayout = row("Threshold", self.slider)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.value)
        line.addWidget(self.reset)
        self.setLayout(line)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._ask)
        self.slider.valueChanged.connect(self._on_slider)
        self.slider.installEventFilter(self)
        self.reset.clicked.connect(self._reset)
        self.show_threshold(session.threshold)

    def show_threshold(self, threshold: float) -> None:
        """Show what the session has, unless the person is just moving the slider."""
        if self._settle.isActive():
            return
        with signals_blocked(self.slider):
            self.slider.setValue(round(threshold * _STEPS))
        self.value.setText(f"{threshold:.2f}")

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  Qt's name
        """Go back to the checkpoint's own threshold at a double click on the slider."""
        if event is not None and event.type() == QEvent.Type.MouseButtonDblClick:
            self._reset()
            return True
        if event is not None and event.type() == QEvent.Type.Wheel and not self.slider.hasFocus():
            event.ignore()  # the wheel scrolls the dock, unless the slider is being used
            return True
        return bool(super().eventFilter(watched, event))

    def _on_slider(self, percent: int) -> None:
        self.value.setText(f"{percent / _STEPS:.2f}")
        if not self._settle.isActive():  # not begun anew: a hand that never rests sees it move
            self._settle.start(_EVERY_MS)

    def _ask(self) -> None:
        self._session.set_threshold(self.slider.value() / _STEPS)

    def _reset(self) -> None:
        self._settle.stop()
        self._session.reset_threshold()
