"""2 Predict: propose a mask, the slice in view first; the threshold acts at once."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.session import ActivityName
from napari_vessel.tiling import BlockGrid
from napari_vessel.widgets._section import Collapsed, Section, Sentence, button, combo, row
from napari_vessel.widgets._smallest_box import SmallestBox
from napari_vessel.widgets._threshold_row import ThresholdRow
from napari_vessel.workflows import ScaleUsed

__all__ = ["PredictSection"]

_TIP = "Propose a mask, where you look first."
_STILL_SHOWN = (
    " Pieces below the smallest are shown still: press Enter in Smallest piece, and where a "
    "prediction did not come to its end, predict again."
)
_PLANES: dict[str, object] = {
    "Chosen by voxel size": "auto",
    "XY, XZ and YZ": tuple(Plane),
    "XY only": (Plane.XY,),
    "XZ only": (Plane.XZ,),
    "YZ only": (Plane.YZ,),
}
_VIEWS: dict[str, object] = {
    "4 flips": "flips",
    "None (4 × faster)": "none",
    "8 flips and turns": "dihedral",
}
_SKIP_TIP = (
    "A quick look at some slices of each block decides which part of it is predicted in full; "
    "what seems empty holds no vessel then. Untick to predict everything."
)
_FUSE: dict[str, object] = {"Mean": "mean", "Any plane": "max", "Two planes agree": "vote"}


class PredictSection(Section):
    """Asks for a proposal of the region or of what is visible."""

    number = 2
    title = "Predict"
    activity: ActivityName | None = "predict"

    def build(self) -> None:
        """Add the button, the options and the threshold."""
        self.scale = Sentence()
        self.body.addWidget(self.scale)
        self.predict = button("Predict vessels (Shift-P)", _TIP, self.start)
        self.predict.setMinimumHeight(36)
        self.predict.setStyleSheet("font-weight: bold")
        self.body.addWidget(self.predict)
        self.where = combo(
            "Where", "Which part to predict.", {"Everything": "all", "What is visible": "visible"}
        )
        self.where.currentIndexChanged.connect(lambda _: self.update_state())
        self.body.addLayout(row("Where", self.where))
        self.threshold = ThresholdRow(self.desk.session)
        self.body.addWidget(self.threshold)
        self.smallest = SmallestBox()
        self.smallest.chosen.connect(self._clean)
        self.body.addLayout(row("Smallest piece", self.smallest))
        self._add_options()
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.threshold, self.threshold.show_threshold)
        follow(events.smallest, lambda _: self.update_state())
        follow(events.checkpoint, self._on_checkpoint)
        follow(events.opened, self._on_opened)
        self._in_use, self._again = self.desk.session.checkpoint, False

    def _add_options(self) -> None:
        fields = InferenceConfig.model_fields
        options = Collapsed("Options", "How a proposal is made; the defaults are good.")
        self.planes = combo("Planes", fields["planes"].description or "", _PLANES)
        self.views = combo("Views", fields["views"].description or "", _VIEWS)
        self.fuse = combo("Fuse", fields["fuse"].description or "", _FUSE)
        self.planes.currentIndexChanged.connect(lambda _: self.update_state())
        for text, control in (("Planes", self.planes), ("Views", self.views), ("Fuse", self.fuse)):
            options.inside.addLayout(row(text, control))
        self.skip_empty = QCheckBox("Skip what seems empty")
        self.skip_empty.setChecked(True)
        self.skip_empty.setToolTip(_SKIP_TIP)
        options.inside.addWidget(self.skip_empty)
        self.options = options
        self.body.addWidget(options)

    # -- what is possible ------------------------------------------------------

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        opened = self.desk.session.opened
        if self._again and not self.running:
            self._again = False
            self.start()
        self.predict.setEnabled(opened is not None and not self.running)
        self.threshold.setEnabled(opened is not None)
        self.smallest.setEnabled(opened is not None and not self.running)
        if opened is None:
            self.hint.say("Open a volume first.")
            self.scale.say("")
            return
        session = self.desk.session
        self.threshold.show_threshold(session.threshold)
        self.smallest.show_smallest(session.smallest_um3, opened.volume)
        self._show_scale(opened.scale)
        box = self._box() or opened.region
        shape = " × ".join(f"{n:,}" for n in box.shape)
        count = len(BlockGrid(Box.of(box.shape), InferenceConfig().block).blocks)
        self.hint.say(
            f"Proposes vessels in {shape} voxels ({count} block{'s' * (count > 1)}) with "
            f"checkpoint {session.checkpoint}, the slice in view first."
            + (_STILL_SHOWN if session.small_pieces_shown and not self.running else "")
        )

    def _show_scale(self, scale: ScaleUsed) -> None:
        """Say at which size the network sees the volume, where that is not plain."""
        self.scale.say("" if scale.as_learned else scale.reason)
        self.predict.setToolTip(f"{_TIP} {scale.reason}")

    def _box(self) -> Box | None:
        visible = self.where.currentData() == "visible"
        return self.desk.link.visible_box() if visible else None

    def settings(self) -> InferenceConfig:
        """Return the project's settings with what is chosen here.

        Raises
        ------
        ValueError
            What is chosen does not fit together.
        """
        project = self.desk.session.project
        settings = project.config.inference if project else InferenceConfig()
        planes, fuse = self.planes.currentData(), self.fuse.currentData()
        changes = {"planes": planes, "views": self.views.currentData(), "fuse": fuse}
        changes["empty_below"] = "auto" if self.skip_empty.isChecked() else 0.0
        return InferenceConfig.model_validate({**settings.model_dump(), "weights": (), **changes})

    # -- asking ----------------------------------------------------------------

    def start(self) -> None:
        """Ask for a proposal."""
        session = self.desk.session
        if session.opened is None or self.running:
            return
        focus, box = self.desk.link.focus(), self._box()
        try:
            config = self.settings()
        except ValueError as error:
            self.complain(CallerError(_first_line(error)))
            return
        self.desk.jobs.start("predict", lambda: session.predict(focus, box, settings=config))

    def _clean(self, smallest_um3: float) -> None:
        """Ask for the proposal in view without pieces that are smaller."""
        session = self.desk.session
        if smallest_um3 != session.smallest_um3 or session.small_pieces_shown:
            self.desk.jobs.start("predict", lambda: session.clean(smallest_um3))

    def _on_opened(self) -> None:
        opened = self.desk.session.opened
        self._in_use = opened.checkpoint if opened else self._in_use

    def _on_checkpoint(self, name: str) -> None:
        """Refresh the proposal in view, where there is one, with the network now in use."""
        changed, self._in_use = name != self._in_use, name
        project = self.desk.session.project
        if changed and project is not None and project.config.proposal:
            self._again = True
            self.desk.jobs.cancel("predict")
        self.update_state()


def _first_line(error: ValueError) -> str:
    """Return what a validator found, without pydantic's frame around it."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line.startswith("Value error, ")]
    return (told[0].removeprefix("Value error, ") if told else lines[0]).split(" [type=")[0]
