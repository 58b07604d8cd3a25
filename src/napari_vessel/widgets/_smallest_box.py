"""The smallest piece of a proposal that is shown, as a volume."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal  # type: ignore[attr-defined]  # qtpy renames Signal
from qtpy.QtGui import QKeyEvent, QWheelEvent
from qtpy.QtWidgets import QDoubleSpinBox, QWidget
from superqt.utils import signals_blocked

from napari_vessel.geometry import VoxelSize
from napari_vessel.morphology import least_voxels
from napari_vessel.volumes import Volume

__all__ = ["SmallestBox"]

_SETTLE_MS = 700  # a few clicks on an arrow are one wish
_FIRST = 8  # voxels, at the first step up from off
_MOST_VOXELS = 1e7
_TIP = (
    "Connected pieces of the proposal that are smaller are not shown, whatever the threshold; "
    "nothing is predicted again, and what you painted stays. Arrows double and halve it."
)


class SmallestBox(QDoubleSpinBox):
    """A volume in µm³, in voxels where their size is not known; 0 is off."""

    chosen = Signal(float)  # what a person settled on, in µm³

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._voxel, self._known = VoxelSize(1, 1, 1), False
        self.setAccessibleName("Smallest piece")
        self.setSpecialValueText("Off")
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(True)
        self.setMinimumWidth(90)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(lambda: self.chosen.emit(self.value()))
        self.valueChanged.connect(self._on_value)
        self._explain()

    def show_smallest(self, smallest_um3: float, volume: Volume) -> None:
        """Show a setting of ``volume``, unless the person is just changing it."""
        line = self.lineEdit()
        if self._settle.isActive() or (self.hasFocus() and line is not None and line.isModified()):
            return
        self._voxel, self._known = volume.voxel_size, volume.voxel_size_known
        voxel = self._voxel.volume_um3
        with signals_blocked(self):
            self.setDecimals(0 if voxel >= 1 else 3)
            self.setRange(0, max(_MOST_VOXELS * voxel, smallest_um3))
            self.setSuffix(" µm³" if self._known else " voxels")
            self.setValue(smallest_um3)
        self._explain()

    def stepBy(self, steps: int) -> None:  # noqa: N802  Qt's name
        """Double or halve; below the first step it is off."""
        first = _FIRST * self._voxel.volume_um3
        value = self.value() * 2.0**steps if self.value() else first * 2.0 ** (steps - 1)
        self.setValue(0 if value < first and steps < 0 else value)

    def stepEnabled(self) -> QDoubleSpinBox.StepEnabledFlag:  # noqa: N802  Qt's name
        """Step down to off, and up to the most."""
        flags = QDoubleSpinBox.StepEnabledFlag
        down = flags.StepDownEnabled if self.value() > 0 else flags.StepNone
        return down | (flags.StepUpEnabled if self.value() < self.maximum() else flags.StepNone)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802  Qt's name
        """Settle at once at Enter, on the same value too."""
        super().keyPressEvent(event)
        if event is not None and event.text() in ("\r", "\n"):
            self._settle.stop()
            self.chosen.emit(self.value())

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802  Qt's name
        """Leave the wheel to the dock, unless this box is being used."""
        if event is not None and not self.hasFocus():
            event.ignore()
            return
        super().wheelEvent(event)

    def _on_value(self, _value: float) -> None:
        self._explain()
        self._settle.start(_SETTLE_MS)

    def _explain(self) -> None:
        least = least_voxels(self.value(), self._voxel)
        if least <= 1:
            now = "Now: off."
        elif self._known:
            now = f"Now: {self.value():,.6g} µm³, which is {least:,} voxels of {self._voxel}."
        else:
            now = f"Now: {least:,} voxels; their size is not known, give it above for µm³."
        self.setToolTip(f"{_TIP} {now}")
