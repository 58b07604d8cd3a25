"""How a file is read: level, channel, polarity, and where to predict at all."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QSpinBox

from napari_vessel.volumes import VolumeOptions
from napari_vessel.widgets._section import Collapsed, combo, row

__all__ = ["ReadingOptions"]

_FIELDS = VolumeOptions.model_fields
_POLARITY: dict[str, object] = {
    "As found in the volume": "auto",
    "Dark vessels": "dark",
    "Bright vessels": "bright",
}


class ReadingOptions(Collapsed):
    """Shows how the open volume is read, and holds what a person wishes instead.

    What was found or chosen for one volume is no wish for the next: only what a
    hand changed since counts there. Level and channel count as they stand.
    """

    title = "How it is read"

    def __init__(self) -> None:
        super().__init__(self.title, "Level, channel, polarity, and where to predict.")
        self.level = QSpinBox()
        self.level.setRange(0, 64)
        self.level.setToolTip(_FIELDS["level"].description or "")
        self.channel = QSpinBox()
        self.channel.setRange(-1, 1000)
        self.channel.setValue(-1)
        self.channel.setSpecialValueText("none")
        self.channel.setToolTip("The channel to use, where the file has several.")
        self.polarity = combo(
            "Polarity", "Are vessels darker or brighter than what surrounds them?", _POLARITY
        )
        self.organ = QCheckBox("Organ only")
        self.organ.setToolTip(_FIELDS["organ_only"].description or "")
        self.organ.setChecked(True)
        self._wished: set[str] = set()
        self.polarity.activated.connect(lambda _: self._wished.add("polarity"))
        self.organ.clicked.connect(lambda _: self._wished.add("organ_only"))
        for name, control in (("Level", self.level), ("Channel", self.channel)):
            self.inside.addLayout(row(name, control))
        self.inside.addLayout(row("Polarity", self.polarity))
        self.inside.addWidget(self.organ)

    def show_used(self, used: VolumeOptions) -> None:
        """Show how the volume that was just opened is read."""
        self.level.setValue(used.level)
        self.channel.setValue(-1 if used.channel is None else used.channel)
        self.polarity.setCurrentIndex(self.polarity.findData(used.polarity))
        self.organ.setChecked(used.organ_only)
        self._wished.clear()

    def shown(self) -> VolumeOptions:
        """Return all as it stands, for the volume that is open."""
        channel = self.channel.value()
        return VolumeOptions(
            level=self.level.value(),
            channel=None if channel < 0 else channel,
            polarity=self.polarity.currentData(),
            organ_only=self.organ.isChecked(),
        )

    def wished(self) -> VolumeOptions:
        """Return what a person wishes for a volume that is to be opened."""
        shown = self.shown().model_dump(include={"level", "channel"} | self._wished)
        return VolumeOptions.model_validate(shown)
