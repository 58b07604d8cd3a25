"""Settings of the quick tools: a field for each of the config, with its bounds and help."""

from __future__ import annotations

from functools import partial

from annotated_types import Ge, Le
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox

from napari_vessel.session import Session, ToolConfig
from napari_vessel.widgets._section import Collapsed, row

__all__ = ["ToolSettings"]

_NAMES = {
    "tolerance": "Tolerance",
    "brush_depth": "Brush depth",
    "reach": "Reach",
    "depth": "Box depth",
    "largest_hole": "Largest hole",
    "smoothness": "Smoothness",
    "longest_gap": "Longest gap",
}


class ToolSettings(Collapsed):
    """Sets the session's tool config; what is set counts from the next use of a tool on."""

    def __init__(self, session: Session) -> None:
        super().__init__("Tool settings", "Tolerance, reach, sizes: as the tools take them.")
        self._session = session
        self.fields: dict[str, QSpinBox | QDoubleSpinBox] = {}
        for name, text in _NAMES.items():
            self.fields[name] = field = _field(name, getattr(session.tool_config, name))
            field.valueChanged.connect(partial(self._set, name))
            self.inside.addLayout(row(text, field))

    def _set(self, name: str, value: float) -> None:
        settings = self._session.tool_config.model_dump() | {name: value}
        self._session.tool_config = ToolConfig.model_validate(settings)


def _field(name: str, value: float) -> QSpinBox | QDoubleSpinBox:
    info = ToolConfig.model_fields[name]
    low = next(m.ge for m in info.metadata if isinstance(m, Ge))
    high = next(m.le for m in info.metadata if isinstance(m, Le))
    made: QSpinBox | QDoubleSpinBox
    if info.annotation is float:
        made = QDoubleSpinBox()
        made.setSingleStep(0.05)
    else:
        made = QSpinBox()
    made.setRange(low, high)  # type: ignore[arg-type]  # numbers, by their fields
    made.setValue(value)  # type: ignore[arg-type]
    made.setToolTip(info.description or "")
    return made
