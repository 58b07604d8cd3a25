"""One open volume: its proposal in memory, its corrections, and the project they go to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.annotation import Corrections, EditableLabels
from napari_vessel.errors import CallerError, WriteError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import Project, log_to_folder
from napari_vessel.session._disagreement import DisagreementMap
from napari_vessel.session._made_project import made_project
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.session._values import Opened
from napari_vessel.workflows import Focus, write_focus

_log = logging.getLogger(__name__)


class Workspace:
    """What a hand can do to an open volume; none of it waits for the network.

    Parameters
    ----------
    opened
        What opening brought.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.project = opened.project
        self.view = ProposalView(opened.region, opened.probability, opened.threshold)
        self.disagreement = DisagreementMap(opened.region, opened.proposal)
        self.labels = EditableLabels(opened.corrections, opened.region, self.view.mask)
        self.in_stroke = False
        self.smallest_um3 = opened.smallest_um3
        self.cleaned = opened.cleaned
        self._chosen: dict[str, object] = {}
        self._making = Lock()
        self._log = ExitStack()
        if self.project:
            self._log.enter_context(log_to_folder(self.project.logs))
        # Settings go to the disk behind a slider's back, one after the other, the last one last.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="settings")

    @property
    def region(self) -> Box:
        """The box that is open at full resolution, in volume voxels."""
        return self.opened.region

    @property
    def corrections(self) -> Corrections:
        """What a person corrected."""
        return self.opened.corrections

    def made_project(self) -> Project:
        """Return the project, made now if this is the first thing to keep; from any thread."""
        with self._making:
            if self.project is None:
                opened = self.opened
                self.project = made_project(opened.place, opened.volume, opened.region)
                self._log.enter_context(log_to_folder(self.project.logs))
                self._keep_chosen(self.project)  # chosen before there was a project
            return self.project

    def begin_stroke(self, tool: str, plane: Plane | None) -> None:
        """Begin a stroke: all that is painted until it ends is one step to undo."""
        self.made_project()
        self.corrections.begin_stroke(tool, plane)
        self.in_stroke = True

    def paint(self, box: Box, mask: NDArray[np.bool_], value: int) -> None:
        """Paint what the brush covered: ``mask`` of ``box``, in region voxels.

        Raises
        ------
        CallerError
            No stroke was begun.
        """
        if not self.in_stroke:
            raise CallerError("Painting needs a stroke that was begun.")
        self.labels.paint(box, mask, value)

    def end_stroke(self) -> None:
        """End the stroke, if there is one."""
        if self.in_stroke:
            self.in_stroke = False
            self.corrections.end_stroke()

    def step(self, kind: str) -> Box | None:
        """Undo or redo; return the box (volume voxels) that changed, if anything did."""
        self.end_stroke()
        return self.corrections.undo() if kind == "undo" else self.corrections.redo()

    def accept_slice(self, plane: Plane, index: int) -> Box:
        """Mark slice ``index`` (volume voxels) of the region as reviewed, as it is shown.

        Raises
        ------
        CallerError
            Its proposal is still being made, so what is shown is not final.
        """
        box = self.region.slice_at(plane, index)
        if self.view.awaited_in(box):
            raise CallerError(
                f"Slice {plane.value.upper()} {index} is still being predicted: accept it when its "
                "proposal is there, or cancel the prediction."
            )
        self.made_project()
        self.corrections.accept(box, self.labels.read(box.relative_to(self.region)))
        return box

    def import_labels(self, labels: ArrayLike) -> Box:
        """Take ``labels`` (the region's shape; ≠ 0 is vessel) as one undoable correction."""
        self.made_project()
        self.corrections.import_labels(self.region, labels)
        return self.region

    def remember(self, **settings: object) -> None:
        """Keep settings that a person chose with the project, once there is one."""
        self._chosen |= settings
        if self.project:
            self._disk.submit(self._keep_chosen, self.project)

    def keep_setting(self, **changes: object) -> None:
        """Keep settings with the project; where it cannot be written they hold until it closes."""
        if self.project is None or self.corrections.read_only:
            return
        try:
            self.project.update(**changes)
        except WriteError as error:
            _log.warning("Not kept with the project: %s", error)

    def _keep_chosen(self, project: Project) -> None:
        config = project.config
        changed = {name: it for name, it in self._chosen.items() if getattr(config, name) != it}
        if changed:
            self.keep_setting(**changed)

    def look(self, watch: Path, focus: Focus) -> None:
        """Tell the prediction that reads ``watch`` where the person looks; behind their back."""
        self._disk.submit(write_focus, watch, focus)

    def later(self, work: Callable[[], object]) -> None:
        """Do something small on the disk, behind the person's back."""
        self._disk.submit(work)

    def settle(self) -> None:
        """Wait until what was to be done later is done; for a worker's thread."""
        self._disk.submit(lambda: None).result()

    def flush(self) -> None:
        """Wait until corrections and settings are on the disk; for a worker's thread."""
        self.settle()
        self.corrections.flush()

    def close(self) -> None:
        """End the stroke and save; never hangs."""
        self.end_stroke()
        self.corrections.close()
        self._disk.shutdown(wait=True)
        self._log.close()
