"""How much of remote volumes is kept on this computer: shown, bounded, cleared."""

from __future__ import annotations

from qtpy.QtWidgets import QDoubleSpinBox

from napari_vessel.volumes import CacheConfig, the_cache
from napari_vessel.widgets._section import Collapsed, Sentence, button, row

__all__ = ["CacheRow"]

_FIELD = CacheConfig.model_fields["limit_gb"]


class CacheRow(Collapsed):
    """Shows the cache of remote chunks when it is opened, and sets its limit."""

    def __init__(self) -> None:
        super().__init__("Kept of remote volumes", "Chunks of remote volumes on this computer.")
        self.told = Sentence()
        self.inside.addWidget(self.told)
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0.0, 10_000.0)
        self.limit.setSuffix(" GB")
        self.limit.setToolTip(_FIELD.description or "")
        self.clear = button("Clear", "Drop all that is kept; it is read again.", self._clear)
        self.inside.addLayout(row("At most", self.limit, self.clear))
        self.limit.editingFinished.connect(self._set)
        self.switch.toggled.connect(lambda opened: self.show_state() if opened else None)

    def show_state(self) -> None:
        """Look at what is kept now."""
        state = the_cache().state()
        self.limit.setValue(state.limit_bytes / 1e9)
        self.told.say(f"{state.nbytes / 1e9:.2f} GB in {state.chunks:,} chunks, in {state.folder}")

    def _set(self) -> None:
        the_cache().configure(CacheConfig(limit_gb=self.limit.value()))
        self.show_state()

    def _clear(self) -> None:
        the_cache().clear()
        self.show_state()
