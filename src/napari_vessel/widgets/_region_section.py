"""Region: which part of a volume larger than memory is open at full resolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qtpy.QtWidgets import QCheckBox, QSpinBox

from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box
from napari_vessel.session import ActivityName
from napari_vessel.widgets._box_drawing import BoxDrawing, box_of_rectangle
from napari_vessel.widgets._looking import go_to
from napari_vessel.widgets._overview_layer import OverviewLayer
from napari_vessel.widgets._section import Section, Sentence, button, row

__all__ = ["RegionSection"]


class RegionSection(Section):
    """Moves the region, and shows the mask outside of it; only for volumes that have an outside."""

    title = "Region"
    activity: ActivityName | None = "region"

    def build(self) -> None:
        """Add the ways to move, the switch of the overview, and what is open."""
        desk = self.desk
        self.overview = OverviewLayer(desk.link, desk.session, desk.jobs, desk.follower)
        self.drawing = BoxDrawing(desk.link)
        self.drawing.drawn.connect(self._on_drawn)
        self.drawing.ended.connect(self.update_state)
        self.where = Sentence()
        self.body.addWidget(self.where)
        self.here = button(
            "Work here (Shift-W)",
            "Open what lies around the middle of the view at full resolution, instead of what is "
            "open now. What you painted is saved first.",
            self.work_here,
        )
        self.draw = button(
            "Draw a box",
            "Draw a rectangle on the image: it, with as many slices as said beside, is opened at "
            "full resolution. Click again to draw none.",
            self._draw,
        )
        self.draw.setCheckable(True)
        self.body.addLayout(row(self.here, self.draw))
        self.slices = QSpinBox()
        self.slices.setRange(0, 100_000)
        self.slices.setSpecialValueText("as many as its longer edge")
        self.slices.setToolTip("Slices of the drawn box, half of them before the one in view.")
        self.body.addLayout(row("Slices", self.slices))
        self.rest = QCheckBox("Show the mask elsewhere too")
        self.rest.setToolTip(
            "Show proposal and corrections outside of the region, paler and only for looking; "
            "from afar and in 3D it is coarse, and keeps the thinnest vessel."
        )
        self.rest.setChecked(True)
        self.rest.toggled.connect(self.overview.show)
        self.body.addWidget(self.rest)
        self.elsewhere = Sentence()
        self.body.addWidget(self.elsewhere)
        self.go = button("Go there", "Open the region around it.", self._go)
        self.body.addWidget(self.go)
        self._place: tuple[float, float, float] | None = None
        self._going: tuple[float, float, float] | None = None
        desk.follower.follow(desk.session.events.shown, self._on_shown)
        desk.follower.follow(desk.session.events.opened, self._on_opened)

    def update_state(self) -> None:
        """Show what is open, or nothing where all of the volume is."""
        opened = self.desk.session.opened
        self.setVisible(self.desk.session.is_partial)
        if opened is None:
            return
        share = opened.region.size / Box.of(opened.volume.shape).size
        size = " × ".join(f"{edge:,}" for edge in opened.region.shape)
        self.where.say(
            f"Open at full resolution: {size} voxels at {opened.region} ({100 * share:.2g} % of "
            "the volume). Elsewhere the mask is for looking only."
        )
        busy = self.running or self.desk.jobs.running("open")
        for control in (self.here, self.draw, self.go):
            control.setEnabled(not busy)
        self.draw.setChecked(self.drawing.layer is not None)
        self.go.setVisible(self._place is not None)

    # -- asking ----------------------------------------------------------------

    def work_here(self) -> None:
        """Move the region to where the person looks."""
        focus = self.desk.link.focus()
        if focus is not None and self.desk.session.is_partial:
            self.move_to(self.desk.session.region_around(focus.voxel))

    def open_around(self, point: tuple[float, float, float]) -> None:
        """Open the region around a point (volume voxels), and show it."""
        self._going = point
        self.move_to(self.desk.session.region_around(point))

    def move_to(self, box: Box) -> None:
        """Open ``box`` (volume voxels) at full resolution, on a worker's thread."""
        if self.running or self.desk.jobs.running("open"):
            return
        session = self.desk.session
        self.drawing.end()
        self.desk.jobs.start("region", lambda: session.move_region(box))
        self.desk.jobs.cancel("predict")

    def _draw(self) -> None:
        if self.drawing.layer is not None:
            self.drawing.end()
            return
        volume = self.desk.session.volume
        if volume is not None:
            self._try(lambda: self.drawing.begin(volume.shape))
        self.update_state()

    def _on_drawn(self, corners: np.ndarray, hidden: int) -> None:
        volume = self.desk.session.volume
        if volume is not None:
            slices, shape = self.slices.value(), volume.shape
            self._try(lambda: self.move_to(box_of_rectangle(corners, hidden, slices, shape)))

    def _go(self) -> None:
        if self._place is not None:
            self._going = self._place
            self.move_to(self.desk.session.region_around(self._place))

    # -- what changed ----------------------------------------------------------

    def _on_shown(self, box: Box | None) -> None:
        """Say it where something was changed that the region does not show, as by an undo."""
        session = self.desk.session
        if box is None or session.opened is None or session.region.contains(box):
            self._forget()
            return
        inside = session.region.intersection(box)
        z, y, x = (round(c) for c in box.centre)
        self._place = box.centre
        self.elsewhere.say(
            f"What was just changed lies {'partly ' if inside else ''}outside of the region, "
            f"around z {z:,}, y {y:,}, x {x:,}."
        )
        self.update_state()

    def _on_opened(self) -> None:
        going, self._going = self._going, None
        image, labels = self.desk.link.image, self.desk.link.labels
        if labels is not None:  # a frame says where the brush works
            frame = labels.bounding_box
            frame.points, frame.visible = False, self.desk.session.is_partial
        self._forget()
        if going is not None and image is not None and self.desk.session.region_holds(going):
            go_to(self.desk.link.viewer, image, np.asarray(going))

    def _forget(self) -> None:
        self._place = None
        self.elsewhere.say("")
        self.update_state()

    def _try(self, ask: Callable[[], None]) -> None:
        try:
            ask()
        except VesselError as error:
            self.complain(error)
