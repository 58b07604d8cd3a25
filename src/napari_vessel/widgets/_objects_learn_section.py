"""3 Learn: train a classifier on what persons labelled, seen while it happens."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QImageReader, QPixmap
from qtpy.QtWidgets import QCheckBox, QLabel

from napari_vessel.session import ActivityName, KeptClassifier, Taught, why_not
from napari_vessel.widgets._objects_curve import ClassCurves
from napari_vessel.widgets._objects_settings import LearnSettings
from napari_vessel.widgets._section import Collapsed, Section, button, combo, row
from napari_vessel.workflows import ClassEpoch

__all__ = ["ObjectsLearnSection"]

_AGAIN = 10  # labels after which it learns again by itself
_WIDEST = 2400  # pixels of a picture that is shown


class ObjectsLearnSection(Section):
    """Trains in the background; the new classifier is taken only if it is better."""

    number = 3
    title = "Learn"
    activity: ActivityName | None = "teach"

    def build(self) -> None:
        """Add the button, the settings, the curves and the pictures."""
        self.settings = LearnSettings()
        self.body.addWidget(self.settings)
        self.learn = button(
            "Learn",
            "Train a classifier on what was labelled. It is taken only if it is better than the "
            "one in use on objects that neither learned from.",
            self.start,
        )
        self.body.addWidget(self.learn)
        self.again = QCheckBox(f"Again after every {_AGAIN} labels")
        self.again.setToolTip("Learn in the background while you label.")
        self.body.addWidget(self.again)
        self.curves = ClassCurves()
        self.curves.hide()
        self.body.addWidget(self.curves)
        self.pictures = Collapsed(
            "Confusion matrix and curves", "Of the last training, on the objects set aside."
        )
        self.picture, self.drawn = QLabel(), QLabel()
        for label in (self.picture, self.drawn):
            self.pictures.inside.addWidget(label)
        self.pictures.hide()
        self.body.addWidget(self.pictures)
        self.used = combo("In use", "The classifier in use; an earlier one can be taken again.", {})
        self.used.activated.connect(lambda _at: self._use())
        self.body.addLayout(row("In use", self.used))
        self._labelled = 0
        follow, events = self.desk.follower.follow, self.desk.session.objects_events
        follow(events.opened, self._on_opened)
        follow(events.changed, lambda _deed: self._on_changed())
        follow(events.config, self._on_config)
        follow(events.teaching, self._on_teaching)
        follow(events.taught, self._on_taught)

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        objects = self.desk.session.objects
        self.learn.setEnabled(False)
        self.used.setEnabled(objects is not None and len(objects.config.classifiers) > 1)
        if objects is None:
            self.hint.say("Choose an image first.")
        elif reason := why_not(objects.snapshot()):
            self.hint.say(reason)
        else:
            self.learn.setEnabled(not self.running)
            self.hint.say(f"Learns from {sum(objects.book.counts().values()):,} labelled objects.")

    def start(self) -> None:
        """Ask for a training."""
        session = self.desk.session
        if session.objects is None or self.running:
            return
        snapshot = session.objects.snapshot()
        self._labelled = snapshot.labelled
        self.desk.jobs.start("teach", lambda: session.teach(snapshot))

    # -- what happened ---------------------------------------------------------

    def _on_opened(self) -> None:
        objects = self.desk.session.objects
        self.curves.clear()
        self.curves.hide()
        self.pictures.hide()
        self._labelled = sum(objects.book.counts().values()) if objects else 0
        self._on_config()

    def _on_changed(self) -> None:
        self.update_state()
        objects = self.desk.session.objects
        if objects is None or not self.again.isChecked() or not self.learn.isEnabled():
            return
        if sum(objects.book.counts().values()) - self._labelled >= _AGAIN:
            self.start()

    def _on_config(self) -> None:
        objects = self.desk.session.objects
        self.settings.show_settings(objects)
        self.used.clear()
        for kept in reversed(objects.config.classifiers) if objects else ():
            self.used.addItem(_said(kept), kept.id)
        if objects is not None and objects.config.in_use is not None:
            self.used.setCurrentIndex(self.used.findData(objects.config.in_use))
        self.update_state()

    def _on_teaching(self, epoch: ClassEpoch | None) -> None:
        if epoch is None:
            self.curves.clear()
            self.curves.show()
        else:
            self.curves.add(epoch)

    def _on_taught(self, taught: Taught) -> None:
        for label, path in ((self.picture, taught.confusion), (self.drawn, taught.curves)):
            _show_picture(label, path, self.width() - 40)
        self.pictures.setVisible(bool(taught.confusion or taught.curves))

    def _use(self) -> None:
        session, id_ = self.desk.session, self.used.currentData()
        if session.objects is not None and id_ and id_ != session.objects.config.in_use:
            session.use_classifier(id_)
            self.say("It is in use again: press Classify to see what it says.")


def _said(kept: KeptClassifier) -> str:
    score = "" if kept.score is None else f", {kept.score:.2f} on {kept.held_out}"
    return f"{kept.id[9:11]}:{kept.id[11:13]}, {kept.labelled} labels{score}"


def _show_picture(label: QLabel, path: str, width: int) -> None:
    """Show a picture that is small: read in a few milliseconds."""
    reader = QImageReader(path) if path else None
    size = reader.size() if reader is not None else None
    if reader is None or size is None or not size.isValid() or size.width() > _WIDEST:
        label.hide()
        return
    reader.setScaledSize(size.scaled(max(width, 160), 10_000, Qt.AspectRatioMode.KeepAspectRatio))
    label.setPixmap(QPixmap.fromImage(reader.read()))
    label.setToolTip(path)
    label.show()
