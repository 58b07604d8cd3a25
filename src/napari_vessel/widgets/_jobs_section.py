"""6 Whole volume: predict all of it in a process of its own, and look after such jobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir
from qtpy.QtWidgets import QFileDialog, QLabel, QLineEdit, QMessageBox, QVBoxLayout

from napari_vessel.errors import CallerError
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import AT_WORK
from napari_vessel.session import Job, JobWish
from napari_vessel.widgets._cost import cost_sentence
from napari_vessel.widgets._job_card import JobCard
from napari_vessel.widgets._jobs_watch import JobsWatch
from napari_vessel.widgets._result_layer import opened_mask, show_mask
from napari_vessel.widgets._run_file_button import run_file_button
from napari_vessel.widgets._section import (
    Collapsed,
    Desk,
    Section,
    Sentence,
    button,
    place_row,
    row,
    tick,
)
from napari_vessel.workflows import Foreseen

__all__ = ["JobsSection"]

_GO_ON = (
    "The job goes on when napari is closed, and a new napari finds it. Otherwise it stops with "
    "this dock, and can be resumed."
)
_CLUSTER = (
    "Empty: this computer alone. local or local:N: N workers on this computer. Or the address of "
    "a dask scheduler, as tls://HOST:8786; without TLS on this computer alone, as 127.0.0.1:8786. "
    "Volume, project and mask must lie where every worker sees them at the same path."
)


class JobsSection(Section):
    """Starts jobs, and lists those of the project with what can be asked of each.

    Parameters
    ----------
    settings
        Returns what is chosen in Predict; ValueError where that does not fit together.
    """

    number = 6
    title = "Whole volume"

    def __init__(self, desk: Desk, settings: Callable[[], InferenceConfig]) -> None:
        self._settings = settings
        self._suggested = ""
        self._forecasting = False
        self.cards: dict[str, JobCard] = {}
        super().__init__(desk)
        self.watch = JobsWatch(desk.session, self)
        self.watch.listed.connect(self._show_jobs)
        self.watch.done.connect(self._done)
        self.watch.failed.connect(self._failed)

    def build(self) -> None:
        """Add place, choices, buttons and the list."""
        self._add_place()
        self.goes_on = tick("Go on after napari is closed", _GO_ON)
        self.goes_on.setChecked(True)
        self.probability = tick(
            "Keep the probability", "Also write the probability, as NAME.probability.ome.zarr."
        )
        self.overwrite = tick("Replace what is there", "Only once the new mask is whole.")
        for box in (self.goes_on, self.probability, self.overwrite):
            self.body.addWidget(box)
        self._add_cluster()
        self.forecast = button(
            "Forecast", "Time, memory and disk it would take, by trying a second.", self._forecast
        )
        self.begin = button(
            "Predict whole volume", "Start a job for all of the open volume.", self.start
        )
        self.body.addLayout(row(self.forecast, self.begin))
        self.costs = Sentence()
        self.body.addWidget(self.costs)
        self.run_file = run_file_button("predicts the same", "predict.json", self._save_run)
        self.body.addWidget(self.run_file)
        self.heading = QLabel("Jobs of this project")
        self.heading.hide()
        self.body.addWidget(self.heading)
        self.list = QVBoxLayout()
        self.body.addLayout(self.list)
        self.path.textChanged.connect(lambda _: self.update_state())
        self.overwrite.toggled.connect(lambda _: self.update_state())
        follow, events = self.desk.follower.follow, self.desk.session.events
        follow(events.opened, self._on_opened)
        follow(events.checkpoint, lambda _name: self.update_state())

    def _add_place(self) -> None:
        self.path = QLineEdit()
        self.path.setPlaceholderText("where the mask goes")
        self.path.setToolTip("The folder NAME.ome.zarr to make.")
        self.browse = button("…", "Choose a place for the mask.", self._browse)
        self.browse.setAccessibleName("Choose a place for the mask")
        self.body.addLayout(place_row("Mask", self.path, self.browse))

    def _add_cluster(self) -> None:
        self.cluster = QLineEdit()
        self.cluster.setPlaceholderText("this computer")
        self.cluster.setToolTip(_CLUSTER)
        more = Collapsed("More computers", "Spread the job over a dask cluster.")
        more.inside.addLayout(row("Scheduler", self.cluster))
        self.body.addWidget(more)

    # -- what is possible ------------------------------------------------------

    def update_state(self) -> None:
        """Say what a click will do, or why it cannot."""
        session = self.desk.session
        opened, named = session.opened, bool(self.path.text().strip())
        self.begin.setEnabled(opened is not None and named)
        self.run_file.setEnabled(opened is not None and named)
        self.forecast.setEnabled(opened is not None and named and not self._forecasting)
        if opened is None:
            self.hint.say("Open a volume first.")
        elif not named:
            self.hint.say("Say where to write the mask.")
        elif self._taken() and not self.overwrite.isChecked():
            self.hint.say(
                "Something is there already: name another place, or tick “Replace what is there”."
            )
        else:
            shape = " × ".join(f"{n:,}" for n in opened.volume.shape)
            self.hint.say(
                f"Predicts all {shape} voxels with checkpoint {session.checkpoint} and the "
                "settings of Predict, in a process of its own: you can go on beside it."
            )

    def _on_opened(self) -> None:
        self.costs.say("")
        self._suggest()
        self.update_state()

    def _suggest(self) -> None:
        """Name a free place beside the volume, or at home, unless the person named one."""
        opened = self.desk.session.opened
        if opened is None or self.path.text() not in ("", self._suggested):
            return
        stem = opened.place.name.removesuffix(".vessel").removesuffix(".ome") + "-whole"
        kept = Path(user_data_dir("napari-vessel"))  # where nobody would look for a mask
        folder = Path.home() if kept in opened.place.parents else opened.place.parent
        used = {card.job.out for card in self.cards.values()}
        names = (folder / f"{stem}{n}.ome.zarr" for n in ("", *(f"-{i}" for i in range(2, 999))))
        free = (path for path in names if path not in used and not _exists(path))
        self._suggested = str(next(free, folder / f"{stem}.ome.zarr"))
        self.path.setText(self._suggested)

    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Write the mask to", self.path.text())
        if path:
            self.path.setText(path)

    def _out(self) -> Path:
        """Return the place, absolute: the job's process has a working folder of its own."""
        text = self.path.text().strip()
        try:
            return Path(text).expanduser().absolute()
        except RuntimeError:  # a home of nobody, as in ~nobody/mask
            return Path(text).absolute()

    def _taken(self) -> bool:
        return _exists(self._out())

    # -- asking ----------------------------------------------------------------

    def start(self) -> None:
        """Start a job for all of the open volume."""
        wish = self._wish()
        if wish is not None:
            start = partial(self.desk.session.start_job, wish)
            self.watch.ask(start, "Started: it goes on in a process of its own.")
            self.say("Starting …")

    def _save_run(self, path: Path) -> None:
        wish = self._wish()
        if wish is not None:
            write = partial(self.desk.session.write_job_run, wish, path)
            self.watch.ask(write, f"Wrote {path}: napari-vessel run {path.name} predicts the same.")

    def _forecast(self) -> None:
        wish = self._wish()
        if wish is not None:
            self._forecasting = True
            self.costs.say("Forecasting: reading the organ, and trying the network for a second …")
            self.update_state()
            self.watch.aside(
                lambda: self._forecasts(self.desk.session.forecast_job(wish)), self._show_costs
            )

    @staticmethod
    def _forecasts(events: Any) -> Generator[Any, None, None]:  # noqa: ANN401
        yield from events

    def _wish(self) -> JobWish | None:
        if self.desk.session.opened is None or not self.path.text().strip():
            return None
        try:
            settings = self._settings()
        except ValueError as error:
            self.complain(CallerError(f"The settings of Predict do not fit together: {error}"))
            return None
        return JobWish(
            self._out(),
            settings,
            probability=self.probability.isChecked(),
            overwrite=self.overwrite.isChecked(),
            goes_on=self.goes_on.isChecked(),
            scheduler=self.cluster.text().strip() or None,
        )

    def _show_costs(self, costs: Foreseen | None) -> None:
        if costs is not None:
            self._forecasting = False
            self.costs.say(cost_sentence(costs))
            self.update_state()

    def _asked(self, name: str, job: Job) -> None:
        """Do what a button of a job's card says."""
        session, watch = self.desk.session, self.watch
        if name == "show":
            watch.aside(lambda: opened_mask(job.out), self._show_mask)
        elif name == "pause":
            watch.ask(partial(session.pause_job, job.id), f"{job.out.name}: pausing …")
        elif name == "resume":
            goes_on = self.goes_on.isChecked()
            resume = partial(session.resume_job, job.id, goes_on=goes_on)
            watch.ask(resume, f"{job.out.name}: goes on.")
        elif name == "remove":
            watch.ask(partial(session.remove_job, job.id), f"{job.out.name}: off the list.")
        elif name == "cancel" and self.sure(job):
            watch.ask(partial(session.cancel_job, job.id), f"{job.out.name}: cancelling …")

    def sure(self, job: Job) -> bool:
        """Ask whether what is done of a job is to be deleted, where there is something."""
        if not job.status.done:
            return True
        text = (
            f"Cancel {job.out.name}? The {int(job.status.done):,} blocks that are done are "
            "deleted. To go on later, pause it instead."
        )
        yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
        return bool(QMessageBox.question(self, "Cancel the job?", text, yes | no, no) == yes)

    def _show_mask(self, opened: Any) -> None:  # noqa: ANN401  a volume and its levels
        show_mask(self.desk.link.viewer, self.desk.link.image, opened)

    # -- shown -----------------------------------------------------------------

    def _show_jobs(self, jobs: tuple[Job, ...]) -> None:
        shown = {job.id for job in jobs}
        for id_ in [id_ for id_ in self.cards if id_ not in shown]:
            card = self.cards.pop(id_)
            self.list.removeWidget(card)
            card.hide()
            card.deleteLater()
        for place, job in enumerate(jobs):
            if job.id in self.cards:
                self.cards[job.id].show_job(job)
            else:
                self.cards[job.id] = JobCard(job, self._asked)
                self.list.insertWidget(place, self.cards[job.id])
        self.heading.setVisible(bool(self.cards))
        self._suggest()
        self.update_state()

    def _done(self, told: str) -> None:
        self.say(told)

    def _failed(self, error: Exception) -> None:
        self._forecasting = False
        if self.costs.said.startswith("Forecasting"):
            self.costs.say("")
        self.complain(error)
        self.update_state()

    @property
    def at_work(self) -> bool:
        """Whether a job of the list is at work."""
        return any(card.job.status.state in AT_WORK for card in self.cards.values())


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  Path's raises where a name is too long
