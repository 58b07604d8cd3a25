"""2 Predict: propose a mask, the slice in view first; the threshold acts at once."""

from __future__ import annotations

from time import monotonic

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QBoxLayout, QCheckBox

from napari_vessel.errors import CallerError, Offer
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.session import Activity, ActivityName
from napari_vessel.tiling import BlockGrid
from napari_vessel.widgets._cost import cost_sentence, duration
from napari_vessel.widgets._disagreement_layer import DisagreementLayer
from napari_vessel.widgets._offers import Offers
from napari_vessel.widgets._predict_options import PredictOptions
from napari_vessel.widgets._section import Section, Sentence, button, combo, row
from napari_vessel.widgets._smallest_box import SmallestBox
from napari_vessel.widgets._threshold_row import ThresholdRow
from napari_vessel.workflows import ScaleUsed

__all__ = ["PredictSection"]

_TIP = "Propose a mask, where you look first."
_STILL_SHOWN = (
    " Pieces below the smallest are shown still: press Enter in Smallest piece, and where a "
    "prediction did not come to its end, predict again."
)
_PAUSE_TIP = (
    "Stop after the tiles that are under way and leave the processor to other work. What is done "
    "is kept; Resume goes on there, also after napari was closed."
)
_RESUME_TIP = "Go on with the prediction that is paused, with the settings it was begun with."
_UNFINISHED = (
    "The proposal in view was not predicted to its end: Predict goes on with it, where settings "
    "and checkpoint are the same."
)
_BLOCK = InferenceConfig().block
_FORECAST_MS = 600  # a few clicks in the options are one question
_DISAGREEMENT_TIP = (
    "Show where the planes disagree, as a layer: bright where one plane sees a vessel that "
    "another does not. Look there first."
)


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
        self.resume = button("Resume", _RESUME_TIP, self._resume)
        self.resume.setAccessibleName("Resume the prediction")
        self.body.addWidget(self.resume)
        self.cost = Sentence()
        self.body.addWidget(self.cost)
        self.offers = Offers()
        self.offers.chosen.connect(self._take)
        self.body.addWidget(self.offers)
        self.where = combo(
            "Where", "Which part to predict.", {"Everything": "all", "What is visible": "visible"}
        )
        self.where.currentIndexChanged.connect(lambda _: self._on_changed())
        self.body.addLayout(row("Where", self.where))
        self.threshold = ThresholdRow(self.desk.session)
        self.body.addWidget(self.threshold)
        self.smallest = SmallestBox()
        self.smallest.chosen.connect(self._clean)
        self.body.addLayout(row("Smallest piece", self.smallest))
        self._add_disagreement()
        self._add_options()
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.threshold, self.threshold.show_threshold)
        follow(events.smallest, lambda _: self.update_state())
        follow(events.checkpoint, self._on_checkpoint)
        follow(events.opened, self._on_opened)
        follow(events.foreseen, lambda _: self._show_cost())
        self._in_use, self._again = self.desk.session.checkpoint, False
        self._began: float | None = None

    def _add_options(self) -> None:
        self.options = PredictOptions()
        self._own = InferenceConfig()  # the project's as last known: its file is not read to show
        self.planes, self.views, self.fuse = (
            self.options.planes,
            self.options.views,
            self.options.fuse,
        )
        self.skip_empty = self.options.skip_empty
        self.body.addWidget(self.options)
        self._ask_cost = QTimer(self)
        self._ask_cost.setSingleShot(True)
        self._ask_cost.timeout.connect(self._forecast)
        self.desk.link.closing.append(self._ask_cost.stop)
        self.options.changed.connect(self._on_changed)

    def _add_disagreement(self) -> None:
        desk = self.desk
        self.layer = DisagreementLayer(desk.link, desk.session, desk.follower, self)
        self.disagreement = QCheckBox("Disagreement of the planes")
        self.disagreement.setToolTip(_DISAGREEMENT_TIP)
        self.disagreement.toggled.connect(self.layer.show)
        self.layer.changed.connect(self.disagreement.setChecked)
        self.body.addWidget(self.disagreement)

    def _add_progress(self, layout: QBoxLayout) -> None:
        super()._add_progress(layout)
        self.pause = button("Pause", _PAUSE_TIP, self._pause)
        self.pause.setAccessibleName("Pause the prediction")
        self.stopping.addWidget(self.pause)

    # -- what is possible ------------------------------------------------------

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        opened = self.desk.session.opened
        if self._again and not self.running:
            self._again = False
            self.start()
        self.predict.setEnabled(opened is not None and not self.running)
        self.pause.setVisible(self.desk.session.predicting)
        self.resume.setVisible(self.desk.session.paused_at is not None and not self.running)
        self.threshold.setEnabled(opened is not None)
        self.smallest.setEnabled(opened is not None and not self.running)
        self.disagreement.setEnabled(opened is not None)
        self._offer_less()
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
        count = len(BlockGrid(Box.of(box.shape), _BLOCK))
        self.hint.say(
            f"Proposes vessels in {shape} voxels ({count} block{'s' * (count > 1)}) with "
            f"checkpoint {session.checkpoint}, the slice in view first."
            + (_STILL_SHOWN if session.small_pieces_shown and not self.running else "")
            + "".join(f" {told}" for told in self.options.dropped(self._own))
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
        return self.options.settings(settings)

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
        self._own = config  # from now on
        self.desk.jobs.cancel("forecast")
        self.desk.jobs.start("predict", lambda: session.predict(focus, box, settings=config))

    def _pause(self) -> None:
        """Stop for now; what is done is kept."""
        self.pause.setEnabled(False)
        self.stop.setEnabled(False)
        self.say("Pausing: the tiles that are under way come to their end …")
        self.desk.jobs.pause("predict")

    def _resume(self) -> None:
        session, focus = self.desk.session, self.desk.link.focus()
        if session.paused_at is not None and not self.running:
            self.desk.jobs.start("predict", lambda: session.resume_prediction(focus))

    def _on_changed(self) -> None:
        """Say anew what a click will do, and what it will take."""
        if self.desk.session.opened is not None:
            self._ask_cost.start(_FORECAST_MS)
        self.update_state()

    def _forecast(self) -> None:
        """Ask what a click would take; where that cannot be told, a click says why."""
        session, jobs = self.desk.session, self.desk.jobs
        if session.opened is None or self.running or jobs.running("open"):
            return
        if jobs.running("forecast"):
            self._ask_cost.start(_FORECAST_MS)
            return
        try:
            config, box = self.settings(), self._box()
        except ValueError:
            self.cost.say("")
            return
        jobs.start("forecast", lambda: session.forecast(config, box))

    def _show_cost(self) -> None:
        foreseen = self.desk.session.foreseen
        self.cost.say(cost_sentence(foreseen) if foreseen else "")

    def _on_activity(self, activity: Activity) -> None:
        if activity.name == "forecast" and activity.state == "failed":
            self.cost.say(f"What it takes cannot be told: {activity.sentence}")
        if activity.name == "predict":
            self._correct_cost(activity)
            self.pause.setEnabled(self.pause.isEnabled() or activity.state != "running")
        super()._on_activity(activity)

    def _correct_cost(self, activity: Activity) -> None:
        """Say while it runs how long it takes by what is done, and before how long it may."""
        if activity.state != "running":
            self._began = None
            self._ask_cost.start(_FORECAST_MS)
            return
        self._began = self._began or monotonic()
        if activity.seconds_left is None:
            return
        whole = duration(monotonic() - self._began + activity.seconds_left)
        foreseen = self.desk.session.foreseen
        before = foreseen.seconds if foreseen else None
        told = f" (forecast: {duration(before)})" if before is not None else ""
        self.cost.say(f"Takes about {whole} in all by now{told}.")

    # -- where memory ran out --------------------------------------------------

    def _offer_less(self) -> None:
        """Offer what needs less after a prediction that found no room, until the next."""
        error = self.desk.session.activities["predict"].error
        self.offers.show_for(None if self.running else error)

    def _take(self, offer: Offer) -> None:
        self.options.take(offer)
        self.start()

    def _clean(self, smallest_um3: float) -> None:
        """Ask for the proposal in view without pieces that are smaller."""
        session = self.desk.session
        if smallest_um3 != session.smallest_um3 or session.small_pieces_shown:
            self.desk.jobs.start("predict", lambda: session.clean(smallest_um3))

    def _on_opened(self) -> None:
        opened = self.desk.session.opened
        self._in_use = opened.checkpoint if opened else self._in_use
        self._own = InferenceConfig()
        if opened is not None and opened.project is not None:
            self._own = opened.project.config.inference
            self.options.show_settings(self._own)
        self.cost.say("")
        unfinished = opened is not None and opened.proposal and not opened.proposal.complete
        self.say(_UNFINISHED if unfinished else "")
        self._ask_cost.start(_FORECAST_MS)

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
