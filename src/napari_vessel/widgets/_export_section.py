"""5 Export: write the mask with its recipe."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_dir
from qtpy.QtWidgets import QCheckBox, QFileDialog, QLineEdit

from napari_vessel.session import ActivityName
from napari_vessel.widgets._section import Section, button, combo, place_row, row

__all__ = ["ExportSection"]

_FORMATS: dict[str, object] = {
    "OME-Zarr 0.5 labels": "ome-zarr",
    "OME-Zarr 0.4 labels": "ome-zarr-0.4",
    "Labels inside the OME-Zarr volume": "inside",
    "TIFF slices (folder)": "tiff",
    "TIFF stack": "tiff-stack",
    "NIfTI, packed": "nifti",
    "NRRD (3D Slicer)": "nrrd",
    "Run lengths (Kaggle)": "rle",
}
_SUFFIX = {
    "ome-zarr": ".ome.zarr", "ome-zarr-0.4": ".ome.zarr", "tiff": "", "tiff-stack": ".tif",
    "nifti": ".nii.gz", "nrrd": ".nrrd", "rle": ".csv",
}  # fmt: skip


class ExportSection(Section):
    """Writes corrections over proposal in a format others read."""

    number = 5
    title = "Export"
    activity: ActivityName | None = "export"

    def build(self) -> None:
        """Add format, place and button."""
        self.format = combo("Format", "What others read.", _FORMATS)
        self.format.currentIndexChanged.connect(lambda _: self._suggest())
        self.body.addLayout(row("Format", self.format))
        self.path = QLineEdit()
        self.path.setPlaceholderText("where to write")
        self.path.setToolTip("The file or folder to make.")
        self.browse = button("…", "Choose a place.", self._browse)
        self.browse.setAccessibleName("Choose a place")
        self.body.addLayout(place_row("To", self.path, self.browse))
        self.overwrite = QCheckBox("Replace an earlier export")
        self.overwrite.setToolTip("Only once the new one is whole.")
        self.body.addWidget(self.overwrite)
        self.export = button("Export", "Write the mask that is shown.", self.start)
        self.body.addWidget(self.export)
        self.path.textChanged.connect(lambda _: self.update_state())
        self.overwrite.toggled.connect(lambda _: self.update_state())
        self.desk.follower.follow(self.desk.session.events.opened, self._suggest)
        self._suggested = ""

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        opened = self.desk.session.opened is not None
        named = bool(self.path.text().strip())
        self.export.setEnabled(opened and named and not self.running)
        if not opened:
            self.hint.say("Open a volume first.")
        elif not named:
            self.hint.say("Say where to write the mask.")
        elif self.format.currentData() == "inside" and "://" in self.path.text():
            self.hint.say("Labels can be written only into an OME-Zarr on this computer.")
        elif self._taken() and not self.overwrite.isChecked():
            self.hint.say(
                "Something is there already: name another place, or tick “Replace an earlier "
                "export”."
            )
        else:
            self.hint.say(
                "Writes the mask that is shown, with voxel size and recipe. `napari-vessel verify` "
                "checks it."
            )

    def start(self) -> None:
        """Ask for an export."""
        out, session = self._out(), self.desk.session
        form, overwrite = self.format.currentData(), self.overwrite.isChecked()
        if session.opened is None or self.running:
            return
        self.desk.jobs.start("export", lambda: session.export(out, form, overwrite=overwrite))

    def _out(self) -> Path:
        """Return the place, absolute: the compute process has a working folder of its own."""
        text = self.path.text().strip()
        try:
            return Path(text).expanduser().absolute()
        except RuntimeError:  # a home of nobody, as in ~nobody/mask
            return Path(text).absolute()

    def _taken(self) -> bool:
        if self.format.currentData() == "inside":
            return os.path.exists(self._out() / "labels" / "vessels")  # noqa: PTH110
        return os.path.exists(self._out())  # noqa: PTH110  Path's raises where a name is too long

    def _suggest(self) -> None:
        """Name a place beside the volume, or at home, unless the person named one."""
        opened = self.desk.session.opened
        if opened is None or self.path.text() not in ("", self._suggested):
            return
        if self.format.currentData() == "inside":
            self._suggested = opened.volume.uri
            self.path.setText(self._suggested)
            return
        name = opened.place.name.removesuffix(".vessel").removesuffix(".ome") + "-vessels"
        kept = Path(user_data_dir("napari-vessel"))  # where nobody would look for an export
        folder = Path.home() if kept in opened.place.parents else opened.place.parent
        self._suggested = str(folder / (name + _SUFFIX[self.format.currentData()]))
        self.path.setText(self._suggested)

    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export the mask to", self.path.text())
        if path:
            self.path.setText(path)
