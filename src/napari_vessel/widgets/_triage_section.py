"""Triage: where are vessels at all? Asked before a whole volume is predicted."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFileDialog, QLabel, QLineEdit, QSlider

from napari_vessel.session import ActivityName
from napari_vessel.widgets._section import Section, Sentence, button, place_row, row
from napari_vessel.widgets._triage_layer import TriageLayer

__all__ = ["TriageSection"]

_STEPS = 100


class TriageSection(Section):
    """Looks through the volume with a chunk classifier, and lets jobs skip what it finds empty."""

    title = "Triage"
    activity: ActivityName | None = "triage"

    def build(self) -> None:
        """Add the classifier, the button and the slider."""
        self.classifier = QLineEdit()
        self.classifier.setPlaceholderText("folder of a chunk classifier")
        self.classifier.setToolTip(
            "A classifier of chunks, trained with napari-vessel classify train: is there a vessel "
            "in this piece?"
        )
        self.classifier.textChanged.connect(lambda _: self.update_state())
        self.browse = button("…", "Choose the classifier's folder.", self._browse)
        self.browse.setAccessibleName("Choose the classifier's folder")
        self.body.addLayout(place_row("Classifier", self.classifier, self.browse))
        self.look = button(
            "Look through the volume",
            "Ask the classifier for a vessel in every chunk of the whole volume. Stopped, it goes "
            "on there the next time.",
            self.start,
        )
        self.body.addWidget(self.look)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setAccessibleName("Skip blocks below")
        self.slider.setToolTip(
            "A whole-volume prediction skips blocks in which no chunk reaches this probability of "
            "a vessel."
        )
        self.slider.valueChanged.connect(lambda _: self._on_slide())
        self.value = QLabel("0.00")
        line = row("Skip blocks below", self.slider)
        line.addWidget(self.value)
        self.body.addLayout(line)
        self.costs = Sentence()
        self.body.addWidget(self.costs)
        self.used = QCheckBox("Use it for whole-volume predictions")
        self.used.setToolTip("Blocks with the highest probability are predicted first.")
        self.used.setChecked(True)
        self.used.toggled.connect(lambda _: self._on_slide())
        self.shown = QCheckBox("Show it on the image")
        self.shown.setToolTip("Bright: a vessel is likely. Dark: it is skipped.")
        self.shown.setChecked(True)
        self.layer = TriageLayer(self.desk.link, self.desk.session, self.desk.follower)
        self.shown.toggled.connect(self.layer.show)
        self.body.addWidget(self.used)
        self.body.addWidget(self.shown)
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.triage, lambda _view: self._on_triage())
        follow(events.opened, self._on_opened)
        self._on_triage()

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        opened, named = self.desk.session.opened, bool(self.classifier.text().strip())
        self.look.setEnabled(opened is not None and named and not self.running)
        if opened is None:
            self.hint.say("Open a volume first.")
        elif not named and self.desk.session.triage is None:
            self.hint.say("Name a classifier of chunks: it finds where vessels may be.")
        else:
            self.hint.say("")

    def start(self) -> None:
        """Look through the volume."""
        where, session = self.classifier.text().strip(), self.desk.session
        if where and session.opened is not None and not self.running:
            self.desk.jobs.start("triage", lambda: session.look_through(where))

    def _browse(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a classifier")
        if path:
            self.classifier.setText(path)

    def _on_opened(self) -> None:
        session = self.desk.session
        if session.project is not None and session.triage is None and not self.running:
            self.desk.jobs.start("triage", session.find_triage)

    def _on_slide(self) -> None:
        below = self.slider.value() / _STEPS
        self.desk.session.skip(below, used=self.used.isChecked())

    def _on_triage(self) -> None:
        session = self.desk.session
        there = session.triage is not None
        for control in (self.slider, self.used, self.shown):
            control.setEnabled(there)
        self.slider.blockSignals(True)
        self.slider.setValue(round(session.skip_below * _STEPS))
        self.slider.blockSignals(False)
        self.value.setText(f"{session.skip_below:.2f}")
        view = session.triage
        self.costs.say(_said(view.skipped(session.skip_below), view.block) if view else "")
        self.update_state()


def _said(skipped: tuple[int, int, float], block: tuple[int, int, int]) -> str:
    """Say what skipping means.

    >>> _said((0, 120, 0.0), (64, 128, 128))
    'Skips none of 120 blocks of 64 × 128 × 128 voxels; the likely ones come first.'
    """
    count, total, lost = skipped
    edges = " × ".join(map(str, block))
    if not count:
        return f"Skips none of {total:,} blocks of {edges} voxels; the likely ones come first."
    return (
        f"Skips {count:,} of {total:,} blocks of {edges} voxels ({100 * count / total:.0f} %); "
        f"about {100 * lost:.1f} % of the vessels expected lie there (an estimate). A job that "
        "chooses larger blocks skips less."
    )
