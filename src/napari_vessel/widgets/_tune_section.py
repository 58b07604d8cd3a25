"""Tune: try settings of a training, and take the best."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QDoubleSpinBox, QFileDialog, QLineEdit, QSpinBox, QVBoxLayout

from napari_vessel.search import StudyConfig
from napari_vessel.session import ActivityName, Tuning, TuningWish, best_sentence
from napari_vessel.widgets._section import Collapsed, Section, Sentence, button, place_row, row
from napari_vessel.widgets._tune_picture import TunePicture
from napari_vessel.widgets._tune_settings import TuneSettings

__all__ = ["TuneSection"]

_FILES = "Configurations (*.toml *.json)"


class TuneSection(Section):
    """Shows what a configuration tunes, does trials in the background, and shows the best."""

    title = "Tune"
    activity: ActivityName | None = "tune"

    def build(self) -> None:
        """Add the configuration, what is tuned, how many trials, and what is known."""
        self._seen: object = None
        self._add_places()
        self.settings = TuneSettings()
        self.settings.changed.connect(self.update_state)
        self.body.addWidget(self.settings)
        self._add_amounts()
        self.start_button = button("Start", "Do trials in the background.", self.start)
        self.body.addWidget(self.start_button)
        self.now, self.best = Sentence(), Sentence()
        self.picture = TunePicture()
        for part in (self.now, self.best, self.picture):
            self.body.addWidget(part)
        self.more = Collapsed("Use the best, or write …", "What becomes of the study.")
        self._add_uses(self.more.inside)
        self.body.addWidget(self.more)
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.tuning, self._show)

    def _add_places(self) -> None:
        self.file, self.out = QLineEdit(), QLineEdit()
        self.file.setToolTip(
            "What is tuned: a .toml or .json of tune, or of any training, as train, classify and "
            "the dock Objects write it."
        )
        self.file.setAccessibleName("Configuration")
        self.out.setToolTip("Folder of the study. One that stands there is gone on with.")
        self.out.setAccessibleName("Folder of the study")
        browse = button("…", "Choose a configuration.", self._browse_file)
        self.body.addLayout(place_row("Configuration", self.file, browse))
        self.volume = button(
            "Tune on the open volume …",
            "Choose labels of the open volume, and write a configuration that tunes a training of "
            "the network in use on them.",
            self._choose_labels,
        )
        self.body.addWidget(self.volume)
        place = button("…", "Choose a folder.", self._browse_out)
        self.body.addLayout(place_row("Study", self.out, place))
        self.file.editingFinished.connect(self._file_edited)
        self.out.editingFinished.connect(self._out_edited)

    def _add_amounts(self) -> None:
        fields = StudyConfig.model_fields
        self.trials, self.workers, self.minutes = QSpinBox(), QSpinBox(), QDoubleSpinBox()
        self.trials.setRange(1, 100_000)
        self.trials.setValue(StudyConfig().trials)
        self.trials.setToolTip(fields["trials"].description or "")
        self.workers.setRange(1, 64)
        self.workers.setToolTip(
            "Trials at a time, each in a process of its own: for several GPUs, or many cores and "
            "much memory."
        )
        self.minutes.setRange(0, 100_000)
        self.minutes.setDecimals(0)
        self.minutes.setSuffix(" min")
        self.minutes.setSpecialValueText("no limit")
        self.minutes.setToolTip(fields["minutes"].description or "")
        self.trials.valueChanged.connect(lambda _count: self.update_state())
        self.body.addLayout(row("Trials in all", self.trials))
        self.body.addLayout(row("At a time", self.workers))
        self.body.addLayout(row("At most", self.minutes))

    def _add_uses(self, inside: QVBoxLayout) -> None:
        session = self.desk.session
        self.use = button(
            "Use the best network",
            "Predict and retrain with the best trial's network from now on; nothing is lost.",
            lambda: self._start_as("networks", session.use_best),
        )
        self.write_best = button(
            "Write the best configuration …",
            "A file that trains with the best settings: napari-vessel run FILE.",
            lambda: self._write("best.toml", session.write_best),
        )
        self.write_run = button(
            "Write this as a file …",
            "A file that does the same without a window: napari-vessel run FILE.",
            self._write_wish,
        )
        for one in (self.use, self.write_best, self.write_run):
            inside.addWidget(one)

    # -- what is shown ---------------------------------------------------------

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        session, tuning, busy = self.desk.session, self.desk.session.tuning, self.running
        known = tuning.config is not None
        ready = known and bool(self.settings.ticked()) and not busy
        enough = tuning.settled >= self.trials.value()
        self.start_button.setEnabled(ready and not enough)
        goes_on = tuning.begun and tuning.settled
        self.start_button.setText(f"Go on after {tuning.settled} trials" if goes_on else "Start")
        self.volume.setVisible(session.opened is not None)
        self.volume.setEnabled(not busy)
        for part in (self.file, self.out, self.settings, self.trials, self.workers, self.minutes):
            part.setEnabled(not busy)
        segments = known and tuning.config is not None and tuning.config.task == "train"
        self.use.setEnabled(
            tuning.checkpoint is not None and segments and session.opened is not None and not busy
        )
        self.write_best.setEnabled(tuning.best_config is not None and not busy)
        self.write_run.setEnabled(ready)
        self.more.setVisible(known)
        if not known:
            self.hint.say(
                "Choose what to tune: the configuration of a training, of vessels or of a "
                "classifier. Many trainings are tried, and the best one is kept."
            )
        elif not self.settings.ticked():
            self.hint.say("Tick at least one setting.")
        elif enough:
            self.hint.say("As many trials as asked for are done: ask for more to go on.")
        else:
            self.hint.say(f"Looks for the highest {tuning.score} on what is never learned from.")

    def _show(self, tuning: Tuning) -> None:
        if tuning.config is not self._seen:
            self._seen = tuning.config
            self.settings.show_settings(tuning.settings)
            if tuning.config is not None:
                self.trials.setValue(tuning.config.study.trials)
                self.minutes.setValue(tuning.config.study.minutes or 0)
        if tuning.out is not None:
            self.out.setText(str(tuning.out))
        self.now.say(tuning.now if self.running else "")
        self.best.say(best_sentence(tuning.best, tuning.score))
        self.picture.show_pictures(tuning.figures)
        self.update_state()

    # -- asking ----------------------------------------------------------------

    def start(self) -> None:
        """Begin, or go on, with what is ticked."""
        wish, session = self.wish(), self.desk.session
        if session.tuning.config is not None and self.settings.ticked():
            self._start_as("tune", lambda: session.tune(wish))

    def wish(self) -> TuningWish:
        """Return what the person wants."""
        return TuningWish(
            out=Path(self.out.text().strip()).expanduser().absolute(),
            tuned=self.settings.ticked(),
            trials=self.trials.value(),
            minutes=self.minutes.value() or None,
            workers=self.workers.value(),
        )

    def open_file(self, file: Path, out: Path | None = None) -> None:
        """Read what a configuration tunes."""
        self.file.setText(str(file))
        session = self.desk.session
        self._start_as("tune", lambda: session.look_at_tuning(file, out))

    def open_labels(self, labels: Path) -> None:
        """Write what tunes a training on the open volume with these labels, and read it."""
        session = self.desk.session
        self._start_as("tune", lambda: session.tuning_of_volume(labels))

    def _start_as(self, name: ActivityName, make: Callable[[], Generator[Any, None, None]]) -> None:
        if not self.desk.jobs.running(name):
            self.desk.jobs.start(name, make)

    def _file_edited(self) -> None:
        text = self.file.text().strip()
        if text and not self.running:
            self.open_file(Path(text).expanduser().absolute())

    def _out_edited(self) -> None:
        """Look at the study that the person names now."""
        file, tuning = self.file.text().strip(), self.desk.session.tuning
        out = self.wish().out
        if file and not self.running and out != tuning.out:
            self.open_file(Path(file).expanduser().absolute(), out)

    def _browse_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "What to tune", self.file.text(), _FILES)
        if path:
            self.open_file(Path(path).absolute())

    def _browse_out(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of the study", self.out.text())
        if path:
            self.out.setText(path)
            self._out_edited()

    def _choose_labels(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Labels of the open volume", "")
        if path:
            self.open_labels(Path(path).absolute())

    def _write_wish(self) -> None:
        session, wish = self.desk.session, self.wish()
        self._write("tune.json", lambda path: session.write_tune_run(path, wish))

    def _write(self, name: str, make: Callable[[Path], Generator[Any, None, None]]) -> None:
        suggested = str(self.wish().out.parent / name)
        path, _ = QFileDialog.getSaveFileName(self, "Write to", suggested, _FILES)
        if path:
            self._start_as("tune", lambda: make(Path(path).absolute()))
