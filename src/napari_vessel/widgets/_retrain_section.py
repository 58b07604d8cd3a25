"""4 Retrain: learn from what was reviewed, seen while it happens."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QSpinBox

from napari_vessel.errors import Offer, VesselError
from napari_vessel.session import Activity, ActivityName, ComputeState
from napari_vessel.training import EpochEnd, StepEnd, TrainingConfig
from napari_vessel.widgets._continuous_row import ContinuousRow
from napari_vessel.widgets._curve import Curve
from napari_vessel.widgets._light_row import LightRow
from napari_vessel.widgets._offers import Offers
from napari_vessel.widgets._section import Section, Sentence, button, row
from napari_vessel.workflows import Retrained

__all__ = ["RetrainSection"]


class RetrainSection(Section):
    """Trains on the reviewed voxels; the network is taken only if it is better."""

    number = 4
    title = "Retrain"
    activity: ActivityName | None = "retrain"

    def build(self) -> None:
        """Add the buttons, the settings and the curves."""
        self.retrain = button("Retrain", "Learn from what you painted and accepted.", self.start)
        self.body.addWidget(self.retrain)
        self._build_settings()
        self.light = LightRow(self.desk)
        self.continuous = ContinuousRow(self.desk, self.settings)
        self.continuous.taken.connect(self.light.refresh)
        self.curve = Curve()
        self.curve.hide()
        self.hanging = Sentence()
        self.restart = button(
            "Start the compute process anew",
            "End it and begin with a new one: what it does now fails and can be asked for again.",
            self._restart,
        )
        self.offers = Offers("Train again")
        self.offers.chosen.connect(self._take_offer)
        self.back = button(
            "Go back one network", "Use the network that came before this one.", self._go_back
        )
        for part in (self.light, self.continuous, self.curve, self.hanging, self.restart):
            self.body.addWidget(part)
        self.body.addWidget(self.offers)
        self.body.addWidget(self.back)
        self._show_compute(ComputeState())
        self._follow()

    def _build_settings(self) -> None:
        fields = TrainingConfig.model_fields
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.1, 600)
        self.minutes.setValue(TrainingConfig().minutes or 3)
        self.minutes.setDecimals(1)
        self.minutes.setSuffix(" min")
        self.minutes.setToolTip(fields["minutes"].description or "")
        self.keep = QCheckBox("Keep the encoder")
        self.keep.setToolTip("Train the decoder only: faster, and forgets less.")
        self.last = QSpinBox()
        self.last.setRange(0, 6)
        self.last.setSpecialValueText("all of it")
        self.last.setSuffix(" last layers")
        self.last.setToolTip(fields["train_last"].description or "")
        self.last.valueChanged.connect(lambda count: self.keep.setEnabled(count == 0))
        self.body.addLayout(row("At most", self.minutes))
        self.body.addLayout(row("Train", self.last))
        self.body.addWidget(self.keep)

    def _follow(self) -> None:
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.curve, self._on_curve)
        follow(events.trained, self._on_trained)
        follow(events.compute, self._show_compute)
        follow(events.corrections, self.update_state)
        follow(events.checkpoint, lambda _: self.update_state())
        follow(events.activity, self._on_own_activity)

    def settings(self) -> TrainingConfig:
        """Return how to train: the project's settings, with what is chosen here."""
        session = self.desk.session
        base = session.project.config.training if session.project else TrainingConfig()
        last = self.last.value() or None
        changes = {
            "minutes": self.minutes.value(),
            "train_last": last,
            "keep_encoder": self.keep.isChecked() and last is None,
        }
        return TrainingConfig.model_validate({**base.model_dump(), **changes})

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        session = self.desk.session
        possible = session.opened is not None and session.reviewed > 0
        self.retrain.setEnabled(possible and not self.running)
        self.back.setVisible(session.checkpoint != "starter")
        self.back.setEnabled(not self.running and not self.desk.jobs.running("predict"))
        if session.opened is None:
            self.hint.say("Open a volume first.")
        elif not possible:
            self.hint.say("Paint or accept something first: only reviewed voxels are learned from.")
        else:
            self.hint.say(
                f"Learns from {session.reviewed:,} reviewed voxels; the new network takes the "
                f"place of checkpoint {session.checkpoint} only if it is better."
            )

    def start(self) -> None:
        """Ask for a training."""
        session = self.desk.session
        if session.opened is None or self.running:
            return
        config = self.settings()
        self.desk.jobs.start("retrain", lambda: session.retrain(config))

    # -- what happened ---------------------------------------------------------

    def _on_curve(self, event: StepEnd | EpochEnd | None) -> None:
        if event is None:
            if not self.continuous.rule.on:  # rounds go on from one another, and so does the curve
                self.curve.clear()
            self.curve.show()
        elif isinstance(event, EpochEnd):
            self.curve.add(event.loss, event.score)

    def _on_trained(self, result: Retrained) -> None:
        if result.adopted:
            self.curve.mark()

    def _on_own_activity(self, activity: Activity) -> None:
        if activity.name == self.activity:
            self.offers.show_for(activity.error)

    def _show_compute(self, state: ComputeState) -> None:
        self.hanging.say(state.sentence)
        self.restart.setVisible(state.hangs)

    # -- asking ----------------------------------------------------------------

    def _restart(self) -> None:
        self.desk.session.restart_compute()

    def _take_offer(self, offer: Offer) -> None:
        """Train with what needs less memory, now and from now on."""
        session = self.desk.session
        if session.project is None or self.running:
            return
        config = session.project.config
        if "device" in offer.options:
            inference = config.inference.model_copy(update={"device": offer.options["device"]})
            session.project.update(inference=inference)
        elif "patch" in offer.options:
            training = config.training.model_copy(update={"patch": offer.options["patch"]})
            session.project.update(training=training)
        self.start()

    def _go_back(self) -> None:
        try:
            parent = self.desk.session.go_back()
        except VesselError as error:
            self.complain(error)
            return
        self.say(f"Checkpoint {parent} is in use again." if parent else "There is none before it.")
