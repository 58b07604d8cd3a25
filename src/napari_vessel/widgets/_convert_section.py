"""Convert a volume that is slow to look at from the side; shown only where one is."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QLineEdit

from napari_vessel.session import (
    ActivityName,
    Opened,
    convert_volume_of,
    converted_place,
    slow_planes_of,
)
from napari_vessel.widgets._section import Section, button, row

__all__ = ["ConvertSection"]


class ConvertSection(Section):
    """Says why XZ and YZ are slow, writes a pyramid, and opens it."""

    title = "Convert"
    activity: ActivityName | None = "convert"

    def build(self) -> None:
        """Add the place and the buttons."""
        self._seen: Opened | None = None
        self._why: str | None = None
        self._begun: Path | None = None
        self.path = QLineEdit()
        self.path.setToolTip("The OME-Zarr to make. Its corrections are a project of its own.")
        self.browse = button("…", "Choose a place.", self._browse)
        self.browse.setMaximumWidth(32)
        line = row("To", self.path)
        line.addWidget(self.browse)
        self.body.addLayout(line)
        self.convert = button(
            "Convert to OME-Zarr",
            "Write a pyramid that reads as fast in every plane. It goes on where it broke off.",
            self.start,
        )
        self.open = button("Open it", "Open the OME-Zarr that was written.", self._open)
        self.body.addLayout(row(self.convert, self.open))
        self.path.textChanged.connect(lambda _: self.update_state())

    def update_state(self) -> None:
        """Show this where the open volume is slow, and while it is converted."""
        opened = self.desk.session.opened
        if opened is not self._seen:
            self._seen = opened
            self._why = slow_planes_of(opened.volume) if opened else None
            if opened and self._why:
                self.path.setText(str(converted_place(opened.volume)))
        self.setVisible(bool(self._why) or self.running)
        self.hint.say(self._why or "")
        written = self._begun is not None and not self.running and (self._begun).is_dir()
        self.open.setVisible(written)
        self.convert.setEnabled(bool(self.path.text().strip()) and not self.running)

    def start(self) -> None:
        """Ask for a conversion of the open volume."""
        opened, text = self.desk.session.opened, self.path.text().strip()
        if opened is None or not text or self.running:
            return
        out = Path(text).absolute()
        self._begun = out
        self.desk.jobs.start("convert", lambda: convert_volume_of(opened.volume, out))

    def _open(self) -> None:
        if self._begun is not None:
            where, session = str(self._begun), self.desk.session
            self.desk.jobs.start("open", lambda: session.open(where))

    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Write the OME-Zarr to", self.path.text())
        if path:
            self.path.setText(path)
