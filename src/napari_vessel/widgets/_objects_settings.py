"""What is cut out around an object, and what learns from it: the settings of the Objects dock."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QVBoxLayout, QWidget

from napari_vessel.errors import CallerError
from napari_vessel.session import Objects
from napari_vessel.widgets._section import Collapsed, combo, row

__all__ = ["LearnSettings"]

_PLANES: dict[str, object] = {"XY": "xy", "XZ": "xz", "YZ": "yz"}
_NETWORKS: dict[str, object] = {
    "small, of our own": "lenet",
    "ResNet18": "resnet18",
    "ResNet50": "resnet50",
    "ConvNeXt tiny": "convnext_tiny",
}
_TRAINED: dict[str, object] = {
    "all of it": "all",
    "the last 30 layers": "last",
    "the head alone": "head",
}
_VARIED: dict[str, object] = {
    "turned, mirrored, varied": "full",
    "turned and mirrored": "flips",
    "small turns, varied": "upright",
    "as they are": "none",
}


class LearnSettings(QWidget):
    """Shows and sets how the objects that are open are cut out and learned from."""

    def __init__(self) -> None:
        super().__init__()
        self._objects: Objects | None = None
        self._showing = False
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.edge = QDoubleSpinBox()
        self.edge.setRange(2, 100_000)
        self.edge.setDecimals(1)
        self.edge.setToolTip("Edge of the square around an object that the classifier sees.")
        self.edge.setAccessibleName("Edge of the square")
        self.unit = combo("Unit", "Unit of the square's edge.", {"voxels": "voxel", "µm": "um"})
        self.unit.setFixedWidth(84)
        line = row("Square", self.edge)
        line.addWidget(self.unit)
        outer.addLayout(line)
        self.more = Collapsed("Settings", "What the classifier sees, and how it learns.")
        self._build(self.more.inside)
        outer.addWidget(self.more)
        self._connect()

    def _build(self, inside: QVBoxLayout) -> None:
        self.plane = combo("Plane", "Plane of the square.", _PLANES)
        self.slices = _number(1, 64, "Slices of the square, around the object: its channels.")
        self.network = combo("Network", "What is trained; the large ones need a GPU.", _NETWORKS)
        self.network.setEditable(True)
        self.network.setToolTip(
            "What is trained; the large ones need a GPU. Any name that timm knows can be typed."
        )
        self.pixels = _number(8, 1024, "Edge of the image that the network takes, in pixels.")
        self.pretrained = QCheckBox("Begin with downloaded weights")
        self.pretrained.setToolTip("Weights learned from photographs; fetched once.")
        self.train = combo("Train", "Which part of the network learns.", _TRAINED)
        self.epochs = _number(1, 10_000, "The most epochs; it ends earlier when nothing improves.")
        self.varied = combo("Shown", "How objects are varied while learning.", _VARIED)
        self.go_on = QCheckBox("Go on from the classifier in use")
        self.go_on.setToolTip("Instead of a new network.")
        inside.addLayout(row("Plane", self.plane))
        inside.addLayout(row("Slices", self.slices))
        inside.addLayout(row("Network", self.network))
        inside.addLayout(row("Train", self.train))
        inside.addLayout(row("Pixels", self.pixels))
        inside.addLayout(row("Epochs", self.epochs))
        inside.addLayout(row("Shown", self.varied))
        inside.addWidget(self.pretrained)
        inside.addWidget(self.go_on)

    def _connect(self) -> None:
        for spin in (self.edge, self.slices, self.pixels, self.epochs):
            spin.editingFinished.connect(self._apply)
        for box in (self.plane, self.train, self.varied, self.unit):
            box.currentIndexChanged.connect(lambda _at: self._apply())
        for check in (self.pretrained, self.go_on):
            check.toggled.connect(lambda _on: self._apply())
        line = self.network.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._apply)
        self.network.activated.connect(lambda _at: self._apply())

    def show_settings(self, objects: Objects | None) -> None:
        """Show the settings of ``objects``."""
        self._objects, self._showing = objects, True
        self.setEnabled(objects is not None)
        if objects is not None:
            crop, net, training = (
                objects.config.crop,
                objects.config.network,
                objects.config.training,
            )
            self.edge.setValue(crop.edge_um or crop.edge)
            _choose(self.unit, "um" if crop.edge_um else "voxel")
            _choose(self.plane, crop.plane)
            self.slices.setValue(crop.slices)
            at = self.network.findData(net.backbone)
            self.network.setCurrentIndex(at)
            if at < 0:
                self.network.setEditText(net.backbone)
            self.pixels.setValue(net.size)
            self.pretrained.setChecked(net.pretrained)
            _choose(self.train, net.train)
            self.epochs.setValue(training.epochs)
            _choose(self.varied, training.augmentation)
            self.go_on.setChecked(objects.config.go_on)
        self._showing = False

    def wished(self) -> dict[str, Any]:
        """Return what is chosen, as changes of ``ObjectsConfig``."""
        if self._objects is None:
            return {}
        config, in_um = self._objects.config, self.unit.currentData() == "um"
        at = self.network.findText(self.network.currentText())
        backbone = self.network.itemData(at) if at >= 0 else self.network.currentText().strip()
        return {
            "crop": {
                "edge": config.crop.edge if in_um else round(self.edge.value()),
                "edge_um": self.edge.value() if in_um else None,
                "plane": self.plane.currentData(),
                "slices": self.slices.value(),
            },
            "network": config.network.model_dump()
            | {
                "backbone": backbone,
                "size": self.pixels.value(),
                "pretrained": self.pretrained.isChecked() and backbone != "lenet",
                "train": self.train.currentData(),
            },
            "training": config.training.model_dump()
            | {"epochs": self.epochs.value(), "augmentation": self.varied.currentData()},
            "go_on": self.go_on.isChecked(),
        }

    def _apply(self) -> None:
        objects = self._objects
        if self._showing or objects is None:
            return
        try:
            objects.configure(**self.wished())
        except CallerError as error:
            objects.events.failed.emit(error)
            self.show_settings(objects)


def _number(low: int, high: int, tip: str) -> QSpinBox:
    made = QSpinBox()
    made.setRange(low, high)
    made.setToolTip(tip)
    return made


def _choose(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(max(box.findData(value), 0))
