"""The dock "Objects": from marks in an image to classes, learned while they are labelled."""

from __future__ import annotations

from typing import Any

from napari_vessel.session import Session
from napari_vessel.widgets._docked import Docked, notify
from napari_vessel.widgets._objects_classify_section import ObjectsClassifySection
from napari_vessel.widgets._objects_export_section import ObjectsExportSection
from napari_vessel.widgets._objects_image_section import ObjectsImageSection
from napari_vessel.widgets._objects_layer import ObjectsLayer
from napari_vessel.widgets._objects_learn_section import ObjectsLearnSection
from napari_vessel.widgets._objects_mark_section import ObjectsMarkSection
from napari_vessel.widgets._objects_why_section import ObjectsWhySection

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
        super().__init__(napari_viewer, session)
        self.layer = ObjectsLayer(self.desk.link, self.session, self.desk.follower)
        self._build()
        self.image.shown.connect(self.layer.show)
        self.desk.follower.follow(self.session.objects_events.failed, notify)

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
        self.stack(*self.sections)

    def end(self) -> None:
        """Save what was done, stop all work and let go of the compute process."""
        self.desk.link.close()  # a drag that is under way is noted
        self.desk.follower.close()
        self.session.close()
        self.desk.jobs.close()
