"""Explain: why the network says vessel at a voxel, or why it does not."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QCheckBox, QFileDialog

from napari_vessel.attribution import Question
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Zyx
from napari_vessel.session import ActivityName
from napari_vessel.widgets._explain_layer import ExplainLayer
from napari_vessel.widgets._explain_settings import ExplainSettings
from napari_vessel.widgets._section import Collapsed, Section, Sentence, button, combo, row
from napari_vessel.widgets._voxel_pick import VoxelPick
from napari_vessel.workflows import Explained

__all__ = ["ExplainSection"]

_TARGETS: dict[str, object] = {"The vessel there": "vessel", "This voxel alone": "voxel"}
_FILTERS = "OME-Zarr (*.ome.zarr);;Picture (*.png);;TIFF (*.tif);;NumPy (*.npy)"


class ExplainSection(Section):
    """Picks a voxel, asks why, shows the answer as a layer and writes it."""

    title = "Explain"
    activity: ActivityName | None = "explain"

    def build(self) -> None:
        """Add the voxel, what is asked of it, how, and where to write."""
        self.voxel: Zyx | None = None
        self.pick = VoxelPick(self.desk.link, self)
        self.layer = ExplainLayer(self.desk.link, self.desk.session, self)
        self.picking = button(
            "Pick a voxel",
            "Then click the image: dragging still moves it. Click again to end.",
            self._turn_picking,
        )
        self.picking.setCheckable(True)
        self.where = Sentence()
        self.body.addLayout(row(self.picking))
        self.body.addWidget(self.where)
        self.target = combo(
            "Explain",
            "The piece of the proposal that holds the voxel, connected in the slice; or the voxel "
            "alone.",
            _TARGETS,
        )
        self.body.addLayout(row("Explain", self.target))
        self.settings = ExplainSettings()
        self.body.addWidget(self.settings)
        self.why = button(
            "Why here? (Shift-Y)",
            "What speaks for vessel there, in red; against it, in blue. With the key: at the "
            "cursor.",
            lambda: self.ask("here"),
        )
        self.why_not = button(
            "Why not? (Shift-X)",
            "What speaks against vessel there, in red; for it, in blue. With the key: at the "
            "cursor.",
            lambda: self.ask("not_here"),
        )
        self.body.addLayout(row(self.why, self.why_not))
        self._add_writing()
        self.pick.picked.connect(self._on_picked)
        self.pick.armed_changed.connect(self.picking.setChecked)
        follow = self.desk.follower.follow
        follow(self.desk.session.events.explained, self._show)
        follow(self.desk.session.events.opened, self._on_opened)

    def _add_writing(self) -> None:
        self.writing = Collapsed("Write …", "Write the explanation, a picture of it, or both.")
        self.overwrite = QCheckBox("Replace an earlier one")
        self.overwrite.setToolTip("Only once the new one is whole.")
        self.write = button(
            "Write to …",
            "Voxels with their place and provenance, and a picture with colour bar and scale.",
            self._choose_place,
        )
        self.write_run = button(
            "Save as a file to run …",
            "The file that asks the same again: napari-vessel run FILE.",
            self._choose_run,
        )
        self.writing.inside.addWidget(self.overwrite)
        self.writing.inside.addLayout(row(self.write, self.write_run))
        self.body.addWidget(self.writing)

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        opened, busy = self.desk.session.opened is not None, self.running
        explained = self.desk.session.explained is not None
        for control in (self.picking, self.target, self.settings):
            control.setEnabled(opened)
        for control in (self.why, self.why_not):
            control.setEnabled(opened and not busy)
        self.writing.setVisible(explained)
        for control in (self.write, self.write_run):
            control.setEnabled(explained and not busy)
        if not opened:
            self.hint.say("Open a volume first.")
        elif explained:
            self.hint.say("Red speaks for what was asked, blue against it.")
        else:
            self.hint.say("Asks the network what in the image it went by.")
        self.where.say(self._place() if opened else "")

    def _place(self) -> str:
        if self.voxel is None:
            return "No voxel is picked: it is asked about the middle of the view."
        z, y, x = self.voxel
        return f"Voxel z {z:,}, y {y:,}, x {x:,}."

    def _show(self, found: Explained | None) -> None:
        self.layer.show(found)
        self.update_state()

    def _on_opened(self) -> None:
        self.voxel = None
        self.pick.disarm()
        self.update_state()

    # -- asking ----------------------------------------------------------------

    def ask(self, question: Question) -> None:
        """Ask about the voxel that was picked, or the middle of the view."""
        focus = self.desk.link.focus()
        if focus is not None:
            self._ask_at(self.voxel or focus.voxel, question)

    def ask_at_cursor(self, question: Question) -> None:
        """Ask about the voxel under the mouse, which is picked with it."""
        voxel = self.pick.under_cursor()
        if voxel is None:
            self.say("The mouse is not over a slice of the volume: move it there.")
            return
        self._on_picked(voxel)
        self._ask_at(voxel, question)

    def _ask_at(self, voxel: Zyx, question: Question) -> None:
        focus, session = self.desk.link.focus(), self.desk.session
        if focus is None:
            return
        plane, target = focus.plane, self.target.currentData()
        config = self.settings.config()
        self._start(lambda: session.explain(voxel, plane, question, config=config, target=target))

    def _start(self, make: Callable[[], Generator[Any, None, None]]) -> None:
        if not self.running:
            self.desk.jobs.start("explain", make)

    def _turn_picking(self) -> None:
        if self.pick.armed:
            self.pick.disarm()
            return
        try:
            self.pick.arm()
        except VesselError as error:
            self.picking.setChecked(False)
            self.complain(error)

    def _on_picked(self, voxel: Zyx) -> None:
        self.voxel = voxel
        self.update_state()

    # -- writing ---------------------------------------------------------------

    def write_to(self, out: Path) -> None:
        """Write the explanation at ``out``, as its name says."""
        session, overwrite = self.desk.session, self.overwrite.isChecked()
        self._start(lambda: session.write_explained(out, overwrite=overwrite))

    def _choose_place(self) -> None:
        # Qt asks about replacing; ours says so itself, and replaces nothing but earlier results.
        option = QFileDialog.Option.DontConfirmOverwrite
        suggested = str(self._beside("-why.ome.zarr"))
        path, _ = QFileDialog.getSaveFileName(self, "Write to", suggested, _FILTERS, options=option)
        if path:
            self.write_to(Path(path).absolute())

    def _choose_run(self) -> None:
        suggested = str(self._beside("-why.json"))
        path, _ = QFileDialog.getSaveFileName(self, "Save as", suggested, "To run (*.json)")
        if path:
            session, out = self.desk.session, Path(path).absolute()
            self._start(lambda: session.write_explain_run(out))

    def _beside(self, ending: str) -> Path:
        opened = self.desk.session.opened
        place = Path("explanation") if opened is None else opened.place
        return place.with_name(place.name.removesuffix(".vessel").removesuffix(".ome") + ending)
