"""How a proposal is made: what is seldom changed, folded away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]  # qtpy renames Signal
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QWidget
from superqt.utils import signals_blocked

from napari_vessel.errors import Offer
from napari_vessel.geometry import Plane
from napari_vessel.inference import InferenceConfig, with_changes
from napari_vessel.tiling import TileConfig
from napari_vessel.widgets._section import Collapsed, combo, row

__all__ = ["PredictOptions"]

_PLANES: dict[str, object] = {
    "Chosen by voxel size": "auto",
    "XY, XZ and YZ": tuple(Plane),
    "XY only": (Plane.XY,),
    "XZ only": (Plane.XZ,),
    "YZ only": (Plane.YZ,),
    "XY and XZ": (Plane.XY, Plane.XZ),
    "XY and YZ": (Plane.XY, Plane.YZ),
    "XZ and YZ": (Plane.XZ, Plane.YZ),
}
_VIEWS: dict[str, object] = {
    "4 flips": "flips",
    "None (4 × faster)": "none",
    "8 flips and turns": "dihedral",
}
_ZOOMS: dict[str, object] = {
    "Fits what the network knows": "auto",
    "As they are": 1.0,
    "1.5 × finer (2 × slower)": 1.5,
    "2 × finer (4 × slower)": 2.0,
    "Half (4 × faster)": 0.5,
}
_FUSE: dict[str, object] = {"Mean": "mean", "Any plane": "max", "Two planes agree": "vote"}
_LARGEST = int(TileConfig.model_fields["tile"].default)
_TILES: dict[str, object] = {str(n): n for n in (_LARGEST, 1024, 768, 512, 384, 256, 128)}
_DEVICES: dict[str, object] = {"The fastest there is": "auto", "CPU": "cpu", "GPU (CUDA)": "cuda"}
_KEPT_TIP = " Where only this changed, a click on Predict takes seconds and predicts nothing again."
_TILE_TIP = "Tile edge, in voxels: smaller takes less memory, and is another recipe."
_DEVICE_TIP = "Where the network runs. The CPU has more memory than a GPU, and is slower."
_ZOOM_TIP = (
    "How many pixels the network sees for each voxel. Finer brings out vessels of two or three "
    "voxels and can lose wide ones: compare both on a part of your volume. Retraining learns at "
    "the size that is chosen here."
)
_WEIGHT_TIP = "How much this plane counts in the mean." + _KEPT_TIP
_SKIP_TIP = (
    "A quick look at some slices of each block decides which part of it is predicted in full; "
    "what seems empty holds no vessel then. Untick to predict everything."
)


class PredictOptions(Collapsed):
    """Planes, views, fusing, tile and device, as changes to the project's settings."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__("Options", "How a proposal is made; the defaults are good.")
        fields = InferenceConfig.model_fields
        self.planes = self._add("Planes", (fields["planes"].description or "") + _KEPT_TIP, _PLANES)
        self.weights = _Weights()
        self.inside.addWidget(self.weights)
        self.views = self._add("Views", fields["views"].description or "", _VIEWS)
        self.zoom = self._add("Voxels shown", _ZOOM_TIP, _ZOOMS)
        self.fuse = self._add("Fuse", (fields["fuse"].description or "") + _KEPT_TIP, _FUSE)
        self.tile = self._add("Tile", _TILE_TIP, _TILES)
        self.device = self._add("Device", _DEVICE_TIP, _DEVICES)
        self.skip_empty = QCheckBox("Skip what seems empty")
        self.skip_empty.setChecked(True)
        self.skip_empty.setToolTip(_SKIP_TIP)
        self.inside.addWidget(self.skip_empty)
        self.skip_empty.toggled.connect(lambda _: self.changed.emit())
        self.weights.changed.connect(self.changed)
        self._on_changed()

    def settings(self, project: InferenceConfig) -> InferenceConfig:
        """Return a project's settings with what is chosen here: its own where nothing is.

        What that leaves without meaning goes: :meth:`dropped` tells it.

        Raises
        ------
        ValueError
            What is chosen does not fit together.
        """
        return with_changes(project, self._changes(project))[0]

    def dropped(self, project: InferenceConfig) -> tuple[str, ...]:
        """Tell, in sentences, what of a project's settings goes by what is chosen here."""
        try:
            return with_changes(project, self._changes(project))[1]
        except ValueError:  # a click says so
            return ()

    def _changes(self, project: InferenceConfig) -> dict[str, object]:
        tile = self.tile.currentData()
        tiles = project.tiles if project.tiles.tile == tile else TileConfig.of(tile)
        changes: dict[str, object] = {
            "planes": self.planes.currentData(),
            "views": self.views.currentData(),
            "zoom": self.zoom.currentData(),
            "fuse": self.fuse.currentData(),
            "tiles": tiles.model_dump(),
            "device": self.device.currentData(),
        }
        if self.skip_empty.isChecked() != (project.empty_below != 0):
            changes["empty_below"] = "auto" if self.skip_empty.isChecked() else 0.0
        if self._weighted and (self.weights.touched or not self.weights.are_of(_weighed(project))):
            changes["weights"] = self.weights.chosen()
        return changes

    def show_settings(self, project: InferenceConfig) -> None:
        """Show what a project works with; what has no entry here stays as it is."""
        shown = {
            self.views: project.views,
            self.zoom: project.zoom,
            self.fuse: project.fuse,
            self.tile: project.tiles.tile,
            self.device: project.device,
            self.planes: project.planes,
        }
        for control, value in shown.items():
            with signals_blocked(control):
                control.setCurrentIndex(_index_of(control, value))
        self.skip_empty.setChecked(project.empty_below != 0)
        self.weights.show_weights(dict(zip(_weighed(project), project.weights, strict=True)))
        self._on_changed()

    def take(self, offer: Offer) -> None:
        """Choose what needs less memory."""
        controls = {"tile": self.tile, "device": self.device}
        for name, value in offer.options.items():
            if name in controls:
                controls[name].setCurrentIndex(_index_of(controls[name], value))

    @property
    def _weighted(self) -> bool:
        planes = self.planes.currentData()
        return planes != "auto" and len(planes) > 1 and self.fuse.currentData() == "mean"

    def _add(self, name: str, tip: str, entries: dict[str, object]) -> QComboBox:
        control = combo(name, tip, entries)
        control.currentIndexChanged.connect(lambda _: self._on_changed())
        self.inside.addLayout(row(name, control))
        return control

    def _on_changed(self) -> None:
        if hasattr(self, "skip_empty"):  # all is built
            planes = self.planes.currentData()
            self.weights.offer(planes if self._weighted else ())
            self.changed.emit()


class _WeightBox(QDoubleSpinBox):
    """The weight of one plane; three stand side by side in a narrow dock."""

    def __init__(self, plane: Plane) -> None:
        super().__init__()
        name = plane.value.upper()
        self.setRange(0.01, 100)
        self.setSingleStep(0.5)
        self.setDecimals(2)
        self.setValue(1)
        self.setPrefix(f"{name} ")
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Weight of {name}")
        self.setToolTip(_WEIGHT_TIP)
        self.setMinimumWidth(40)

    def textFromValue(self, value: float) -> str:  # noqa: N802  Qt's name
        """Show no more digits than there are: the dock is narrow."""
        return f"{value:g}"

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802  Qt's name
        """Leave the wheel to the dock, unless this box is being used."""
        if event is not None and not self.hasFocus():
            event.ignore()
            return
        super().wheelEvent(event)


class _Weights(QWidget):
    """One weight for each plane that is fused."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(QLabel("Weights"))
        self.boxes: dict[Plane, _WeightBox] = {}
        self.touched = False  # by a hand, since weights were shown
        self._exact: dict[Plane, float] = {}  # what a box shows rounded, until it is touched
        for plane in Plane:
            box = self.boxes[plane] = _WeightBox(plane)
            box.valueChanged.connect(lambda _, plane=plane: self._on_touched(plane))
            line.addWidget(box, 1)

    def offer(self, planes: tuple[Plane, ...]) -> None:
        """Show the boxes of ``planes``; none: nothing."""
        self.setVisible(bool(planes))
        for plane, box in self.boxes.items():
            box.setVisible(plane in planes)
        self._offered = planes

    def chosen(self) -> tuple[float, ...]:
        """Return the weights of the planes offered; empty where they are all alike."""
        values = tuple(self._exact.get(plane, self.boxes[plane].value()) for plane in self._offered)
        return values if len(set(values)) > 1 else ()

    def are_of(self, planes: Iterable[Plane]) -> bool:
        """Tell whether every plane that is offered is one of ``planes``."""
        return set(self._offered) <= set(planes)

    def show_weights(self, weights: Mapping[Plane, float]) -> None:
        """Show the weights of some planes, and 1 for the others."""
        self.touched, self._exact = False, dict(weights)
        for plane, box in self.boxes.items():
            with signals_blocked(box):
                box.setValue(weights.get(plane, 1))

    def _on_touched(self, plane: Plane) -> None:
        self.touched = True
        self._exact.pop(plane, None)
        self.changed.emit()


def _weighed(project: InferenceConfig) -> tuple[Plane, ...]:
    """Return the planes that have weights."""
    return project.planes if project.weights and project.planes != "auto" else ()


def _index_of(control: QComboBox, value: object) -> int:
    """Find an entry by its value (Qt compares no tuples); one that is missing is added."""
    for index in range(control.count()):
        if control.itemData(index) == value:
            return index
    control.addItem(str(value), value)
    return control.count() - 1
