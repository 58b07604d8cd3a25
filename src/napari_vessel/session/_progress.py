"""How far a project is; what was proposed is noted where a slice is marked as reviewed."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from time import time
from typing import Any

import numpy as np

from napari_vessel.annotation import ACCEPTED, UNTOUCHED, Place
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import AuditConfig, Project, ReviewRecords
from napari_vessel.runner import Runner
from napari_vessel.session._tool_places import slice_of
from napari_vessel.session._tools import SessionTools, Working
from napari_vessel.session._values import Activity, ActivityName, Answer, Asked, Opened
from napari_vessel.session._workspace import Workspace
from napari_vessel.workflows import (
    DrawAudit,
    Progress,
    Stock,
    draw_audit_set,
    score_audit,
    stock_of,
)

__all__ = ["SessionProgress"]

Telling = Generator[Asked | Answer, None, None]


class SessionProgress(SessionTools):
    """Takes stock: seconds a slice, how right proposals were, how far it is to the target."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.stock: Stock | None = None

    # -- long: generators for a worker's thread --------------------------------

    def take_stock(self, target: float = 0.9) -> Telling:
        """Tell how far the project is; score the proposal on the audit set if it was not yet."""
        work, question = self._open_now(), object()
        yield Asked("progress", question, "Taking stock …")
        project = work.project
        if project is None:
            yield Answer("progress", question, None)
            return
        work.flush()
        score_audit(project, work.corrections.overlay, project.open_proposal())
        timeline = work.corrections.strokes.timeline()
        stock = stock_of(project, work.corrections.overlay, timeline, target)
        yield Answer("progress", question, stock)

    def draw_audit(self, config: AuditConfig | None = None, target: float = 0.9) -> Telling:
        """Draw the audit set, once and for all; then take stock."""
        project, question = self._open_now().made_project(), object()
        yield Asked("progress", question, "Drawing the audit set …")
        self._open_now().flush()
        request = DrawAudit(project.path, config or AuditConfig())
        for event in draw_audit_set(request):
            if isinstance(event, Progress):
                yield Answer("progress", question, event)
        yield from self.take_stock(target)

    def accept_box(self, box: Box, what: str, *, learned: bool = True) -> Working:
        """Mark ``box`` (region voxels) as reviewed; see :meth:`SessionTools.accept_box`."""
        work = self._open_now()
        volume_box = box.shifted(work.region.start)
        record = _record(work, volume_box)
        yield from super().accept_box(box, what, learned=learned)
        self._keep(work, record)

    # -- at once ---------------------------------------------------------------

    def ended_by(self, opened: Opened) -> tuple[ActivityName, ...]:
        """Return the activities that make no sense any more once ``opened`` is shown."""
        return (*super().ended_by(opened), "progress")

    def accept_slice(self, plane: Plane, index: int) -> Box:
        """Mark a slice as reviewed; see :meth:`SessionHand.accept_slice`."""
        work = self._editable()
        record = _record(work, work.region.slice_at(plane, index))
        box = super().accept_slice(plane, index)
        self._keep(work, record)
        return box

    # -- inside ----------------------------------------------------------------

    def _keep(self, work: Workspace, record: dict[str, Any] | None) -> None:
        if record is not None and work.project is not None:
            work.later(partial(self._keep_record, work.project, record))

    def _keep_record(self, project: Project, record: dict[str, Any]) -> None:
        """Note on the disk what was proposed; a failure is told, and costs one point of a curve."""
        try:
            config = project.config
            more = {"proposal": config.proposal, "checkpoint": config.checkpoint}
            ReviewRecords(project.path).progress.add(record | more)
        except VesselError as error:
            self.events.failed.emit(error)

    def _install(self, opened: Opened) -> None:
        self.stock = None
        super()._install(opened)

    def _show_answer(self, answer: Answer) -> None:
        if answer.name != "progress" or isinstance(answer.event, Progress):
            super()._show_answer(answer)
        elif isinstance(answer.event, Stock):
            self.stock = answer.event
            self.events.stock.emit(self.stock)
            self._show(Activity("progress", "done", self.stock.sentence, 1.0))
        elif answer.event is None:
            self._show(Activity("progress", "done"))


def _record(work: Workspace, box: Box) -> dict[str, Any] | None:
    """Compare what was proposed in a slice (volume voxels) with what a person made of it."""
    seen = slice_of(box)
    if seen is None:
        return None
    proposed = work.view.mask_without_local(box) != 0
    codes = work.corrections.overlay.read(box)
    truth = work.labels.read(box.relative_to(work.region)) != 0
    return {
        "kind": "slice",
        "at": round(time(), 3),
        "place": Place(seen[0], box).id,
        "threshold": work.view.threshold,
        "painted": int(np.count_nonzero((codes != UNTOUCHED) & ((codes & ACCEPTED) == 0))),
        "tp": int(np.count_nonzero(proposed & truth)),
        "fp": int(np.count_nonzero(proposed & ~truth)),
        "fn": int(np.count_nonzero(truth & ~proposed)),
    }
