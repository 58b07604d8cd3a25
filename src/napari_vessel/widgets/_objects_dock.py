"""The dock "Objects": from marks in an image to classes, learned while they are labelled."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from napari_vessel.errors import VesselError
from napari_vessel.session import Session
from napari_vessel.widgets._docked import Docked, notify
from napari_vessel.widgets._follower import Follower
from napari_vessel.widgets._jobs import Jobs
from napari_vessel.widgets._objects_classify_section import ObjectsClassifySection
from napari_vessel.widgets._objects_export_section import ObjectsExportSection
from napari_vessel.widgets._objects_image_section import ObjectsImageSection
from napari_vessel.widgets._objects_layer import ObjectsLayer
from napari_vessel.widgets._objects_learn_section import ObjectsLearnSection
from napari_vessel.widgets._objects_mark_section import ObjectsMarkSection
from napari_vessel.widgets._objects_why_section import ObjectsWhySection
from napari_vessel.widgets._section import Desk
from napari_vessel.widgets._shared_runner import shared_runner
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["ObjectsDock"]


class ObjectsDock(Docked):
    """Marks, labels and classifies objects, as glomeruli, in an image.

    Closing it, or the viewer, saves what was done. The compute process is that of the viewer's
    other docks.

    Parameters
    ----------
    napari_viewer
        The viewer to work in.
    session
        Made with the viewer's compute process where none is given.
    """

    def __init__(self, napari_viewer: Any, session: Session | None = None) -> None:  # noqa: ANN401
        super().__init__()
        self.session = session or Session(shared_runner(napari_viewer))
        follower = Follower(self)
        jobs = Jobs(self.session, self)
        link = ViewerLink(napari_viewer, self.session, follower, self)
        self.desk = Desk(self.session, jobs, link, follower)
        self.layer = ObjectsLayer(link, self.session, follower)
        self._build()
        self.image.shown.connect(self.layer.show)
        follower.follow(self.session.events.failed, notify)
        follower.follow(self.session.objects_events.failed, notify)
        QTimer.singleShot(0, self._start)

    def _build(self) -> None:
        self.image = ObjectsImageSection(self.desk)
        self.mark = ObjectsMarkSection(self.desk, self.layer)
        self.learn = ObjectsLearnSection(self.desk)
        self.classify = ObjectsClassifySection(self.desk)
        self.why = ObjectsWhySection(self.desk, self.layer)
        self.export = ObjectsExportSection(self.desk)
        self.sections = (
            *(self.image, self.mark, self.learn),
            *(self.classify, self.why, self.export),
        )
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(2, 2, 2, 2)
        for section in self.sections:
            inside.addWidget(section)
        inside.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)

    def _start(self) -> None:
        """Warm the compute process, so that a click finds it ready."""
        if self._closed:
            return
        self.watch_window()
        try:
            self.session.runner.start()
        except VesselError as error:
            notify(error)

    def end(self) -> None:
        """Save what was done, stop all work and let go of the compute process."""
        self.desk.link.close()  # a drag that is under way is noted
        self.desk.follower.close()
        self.session.close()
        self.desk.jobs.close()
