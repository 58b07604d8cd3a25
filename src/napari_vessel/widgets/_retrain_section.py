"""4 Retrain: learn from what was reviewed, seen while it happens."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox

from napari_vessel.errors import VesselError
from napari_vessel.session import ActivityName
from napari_vessel.training import EpochEnd, StepEnd, TrainingConfig
from napari_vessel.widgets._curve import Curve
from napari_vessel.widgets._section import Section, button, row

__all__ = ["RetrainSection"]


class RetrainSection(Section):
    """Trains on the reviewed voxels; the network is taken only if it is better."""

    number = 4
    title = "Retrain"
    activity: ActivityName | None = "retrain"

    def build(self) -> None:
        """Add the button, its settings and the curves."""
        fields = TrainingConfig.model_fields
        self.retrain = button("Retrain", "Learn from what you painted and accepted.", self.start)
        self.body.addWidget(self.retrain)
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.1, 600)
        self.minutes.setValue(TrainingConfig().minutes or 3)
        self.minutes.setDecimals(1)
        self.minutes.setSuffix(" min")
        self.minutes.setToolTip(fields["minutes"].description or "")
        self.keep = QCheckBox("Keep the encoder")
        self.keep.setToolTip("Train the decoder only: faster, and forgets less.")
        self.body.addLayout(row("At most", self.minutes))
        self.body.addWidget(self.keep)
        self.curve = Curve()
        self.curve.hide()
        self.body.addWidget(self.curve)
        self.back = button(
            "Go back one network", "Use the network that came before this one.", self._go_back
        )
        self.body.addWidget(self.back)
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.curve, self._on_curve)
        follow(events.corrections, self.update_state)
        follow(events.checkpoint, lambda _: self.update_state())

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
        base = session.project.config.training if session.project else TrainingConfig()
        changes = {"minutes": self.minutes.value(), "keep_encoder": self.keep.isChecked()}
        config = TrainingConfig.model_validate({**base.model_dump(), **changes})
        self.desk.jobs.start("retrain", lambda: session.retrain(config))

    def _on_curve(self, event: StepEnd | EpochEnd | None) -> None:
        if event is None:
            self.curve.clear()
            self.curve.show()
        elif isinstance(event, EpochEnd):
            self.curve.add(event.loss, event.score)

    def _go_back(self) -> None:
        try:
            parent = self.desk.session.go_back()
        except VesselError as error:
            self.complain(error)
            return
        self.say(f"Checkpoint {parent} is in use again." if parent else "There is none before it.")
