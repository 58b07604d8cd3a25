"""How an explanation is found: the method, and what that one follows."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from napari_vessel.attribution import METHODS, AttributionConfig
from napari_vessel.widgets._section import Collapsed, combo, row
from napari_vessel.workflows import METHOD_NAMES

__all__ = ["ExplainSettings"]

_HINTS = {
    "integrated_gradients": "adds up to what the network says",
    "occlusion": "covers places in turn; slower",
    "smoothgrad": "the gradient, freed from noise",
    "gradient": "what a brighter voxel would change",
    "saliency": "how strongly, whichever way",
    "grad_cam": "coarse; where such features are",
    "hires_cam": "coarse; where they count here",
}
_BASELINES: dict[str, object] = {
    "the grey of most of it": "median",
    "itself, blurred": "blur",
    "nothing (0)": "zero",
}
_NUMBERS = {
    "steps": ("Steps", "Images between the image and what it is compared with."),
    "samples": ("Samples", "Noisy images that are averaged."),
    "patch": ("Covered", "Edge of what is covered at a time, in the network's pixels."),
    "stride": ("Every", "Pixels between two places that are covered."),
}
_MOST = 1024


class ExplainSettings(QWidget):
    """Chooses a method; what it does not follow is hidden."""

    def __init__(self) -> None:
        super().__init__()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        entries: dict[str, object] = {
            f"{METHOD_NAMES[method]}: {_HINTS[method]}": method for method in METHODS
        }
        self.method = combo("Method", "How what the network says is shared out.", entries)
        outer.addLayout(row("Method", self.method))
        self.more = Collapsed("Settings", "What the method follows.")
        self.baseline = combo(
            "Compared with",
            "An image without what is there: the difference is shared out.",
            _BASELINES,
        )
        self._rows = {"baseline": _held(row("Compared with", self.baseline))}
        self.numbers = {name: self._number(name) for name in _NUMBERS}
        stride, patch = self.numbers["stride"], self.numbers["patch"]
        stride.setMaximum(patch.value())
        patch.valueChanged.connect(stride.setMaximum)  # else pixels would be left between
        for name, box in self.numbers.items():
            self._rows[name] = _held(row(_NUMBERS[name][0], box))
        for held in self._rows.values():
            self.more.inside.addWidget(held)
        outer.addWidget(self.more)
        self.method.currentIndexChanged.connect(lambda _: self._show_followed())
        self._show_followed()

    def config(self) -> AttributionConfig:
        """Return what is chosen."""
        chosen = self._chosen()
        values = {name: value for name, value in self._values().items() if name in chosen}
        return AttributionConfig.model_validate({"method": self.method.currentData(), **values})

    def _values(self) -> dict[str, object]:
        numbers = {name: box.value() for name, box in self.numbers.items()}
        return {"baseline": self.baseline.currentData(), **numbers}

    def _chosen(self) -> frozenset[str]:
        return AttributionConfig.followed_by(self.method.currentData())

    def _show_followed(self) -> None:
        chosen = self._chosen()
        for name, held in self._rows.items():
            held.setVisible(name in chosen)
        self.more.setVisible(any(name in chosen for name in self._rows))

    @staticmethod
    def _number(name: str) -> QSpinBox:
        made = QSpinBox()
        made.setRange(2 if name == "steps" else 1, _MOST)
        made.setValue(int(AttributionConfig.model_fields[name].default))
        made.setToolTip(_NUMBERS[name][1])
        return made


def _held(line: QHBoxLayout) -> QWidget:
    """Return a row as a widget, which can be hidden."""
    held = QWidget()
    line.setContentsMargins(0, 0, 0, 0)
    held.setLayout(line)
    return held
