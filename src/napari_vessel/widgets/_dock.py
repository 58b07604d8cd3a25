"""The dock "Vessels": its sections one below the other, from a volume to masks."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QWidget

from napari_vessel.session import Session
from napari_vessel.widgets._atlas_section import AtlasSection
from napari_vessel.widgets._convert_section import ConvertSection
from napari_vessel.widgets._correct_section import CorrectSection
from napari_vessel.widgets._docked import Docked
from napari_vessel.widgets._explain_section import ExplainSection
from napari_vessel.widgets._export_section import ExportSection
from napari_vessel.widgets._history_section import HistorySection
from napari_vessel.widgets._jobs_section import JobsSection
from napari_vessel.widgets._measure_section import MeasureSection
from napari_vessel.widgets._networks_section import NetworksSection
from napari_vessel.widgets._orthogonal_section import OrthogonalSection
from napari_vessel.widgets._predict_section import PredictSection
from napari_vessel.widgets._progress_section import ProgressSection
from napari_vessel.widgets._queue_section import QueueSection
from napari_vessel.widgets._region_section import RegionSection
from napari_vessel.widgets._retrain_section import RetrainSection
from napari_vessel.widgets._section import Sentence, button
from napari_vessel.widgets._triage_section import TriageSection
from napari_vessel.widgets._tune_section import TuneSection
from napari_vessel.widgets._volume_section import VolumeSection

__all__ = ["VesselsDock"]


class VesselsDock(Docked):
    """Leads from a volume to an exported mask.

    Closing it, or the viewer, saves what is painted and ends the compute process. Jobs for the
    whole volume go on, where that was asked.

    Parameters
    ----------
    napari_viewer
        The viewer to work in.
    session
        Made with a compute process of its own where none is given.
    """

    def __init__(self, napari_viewer: Any, session: Session | None = None) -> None:  # noqa: ANN401
        super().__init__(napari_viewer, session)
        self._build()
        self._shown: QWidget = self.volume
        self._revealing = QTimer(self)
        self._revealing.setSingleShot(True)
        self._revealing.timeout.connect(self._scroll)
        self._bind_keys()
        self.desk.jobs.changed.connect(self._reveal)

    def _build(self) -> None:
        self.volume = VolumeSection(self.desk)
        self.convert = ConvertSection(self.desk)
        self.atlas = AtlasSection(self.desk)
        self.region = RegionSection(self.desk)
        self.predict = PredictSection(self.desk)
        self.correct = CorrectSection(self.desk)
        self.queue = QueueSection(self.desk)
        self.queue.far.connect(self.region.open_around)
        self.progress = ProgressSection(self.desk)
        self.progress.go.connect(self.queue.go_to_place)
        self.history = HistorySection(self.desk)
        self.planes = OrthogonalSection(self.desk)
        self.retrain = RetrainSection(self.desk)
        self.networks = NetworksSection(self.desk)
        self.networks.far.connect(self.region.open_around)
        self.tune = TuneSection(self.desk)
        self.export = ExportSection(self.desk)
        self.measure = MeasureSection(self.desk)
        self.explain = ExplainSection(self.desk)
        self.triage = TriageSection(self.desk)
        self.whole = JobsSection(self.desk, self.predict.settings)
        self.sections = (
            *(self.volume, self.convert, self.atlas),
            *(self.region, self.predict, self.correct, self.queue, self.history),
            *(self.planes, self.retrain, self.networks, self.tune, self.progress),
            *(self.export, self.measure, self.explain, self.triage, self.whole),
        )
        self.copied = Sentence()
        report = button(
            "Copy diagnostic report",
            "Copy versions, devices, settings and last errors, to paste into an issue.",
            self._copy_report,
        )
        self.stack(*self.sections, report, self.copied)

    def _bind_keys(self) -> None:
        link = self.desk.link
        link.bind("Shift-P", self.predict.start)
        link.bind("Shift-A", self.correct.accept_slice)
        link.bind("Shift-N", self.queue.go_next)
        link.bind("Shift-W", self.region.work_here)
        link.bind("Shift-Y", lambda: self.explain.ask_at_cursor("here"))
        link.bind("Shift-X", lambda: self.explain.ask_at_cursor("not_here"))
        link.bind("Q", link.toggle_mask)

    def _reveal(self, name: str) -> None:
        """Bring the section whose work has begun into view, with its progress below it."""
        for section in self.sections:
            if section.activity == name and section.running:
                self._shown = section
                self._revealing.start(100)  # once its progress has found room

    def _scroll(self) -> None:
        self.area.ensureWidgetVisible(self._shown, 0, 0)

    def _copy_report(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.session.report())
        self.copied.say("Copied: paste it into an issue.")

    # -- the end ---------------------------------------------------------------

    def end(self) -> None:
        """Save what is painted, stop all work and end the compute process."""
        self.desk.link.close()
        self.desk.follower.close()
        self.whole.watch.close()
        # The runner goes first: a job that waits for it then ends by itself.
        self.session.close()
        self.desk.jobs.close()
