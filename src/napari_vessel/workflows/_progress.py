"""How far a project is: seconds a slice, how right the proposals were, and when to stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from napari_vessel.annotation import Overlay, Timeline
from napari_vessel.errors import CallerError
from napari_vessel.project import Project, Proposal, ReviewRecords
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._progress_audit import audit_record, audited, with_earlier
from napari_vessel.workflows._progress_events import Stock, TakeStock
from napari_vessel.workflows._progress_points import audit_points, slice_points
from napari_vessel.workflows._progress_verdict import forecast, verdict

_TOLD = ("checkpoint", "threshold", "credited", "windows")  # of a record; else it is the same


def take_stock(request: TakeStock) -> Iterator[Progress | Stock]:
    """Tell how far a project is, reading its journals.

    The network in use is scored on the audit set where that was not done before.
    """
    project = Project.open(request.project)
    yield Progress(0, 1, "steps", "Reading the journals")
    with closing(project.open_corrections(read_only=True)) as corrections:
        timeline, overlay = corrections.strokes.timeline(), corrections.overlay
    score_audit(project, overlay, project.open_proposal())
    yield stock_of(project, overlay, timeline, request.target)


def score_audit(project: Project, overlay: Overlay, proposal: Proposal | None) -> bool:
    """Note how the network in use did on the audit set, once per what is seen there.

    A window is scored where all of it shows what that network proposed. Elsewhere an older one
    shows still, as where only the next places were predicted anew: nothing is noted for it.

    Returns
    -------
    bool
        Whether something was noted.
    """
    records = ReviewRecords(project.path)
    audit = records.audit()
    if audit is None or proposal is None or project.view_only:
        return False
    # In this order: of a network that is adopted in between the next record is right again.
    threshold, checkpoint = project.threshold, project.config.checkpoint
    found = audit_record(audit, overlay, proposal, checkpoint, threshold)
    if found is None:
        return False
    noted = [record for record in records.progress.read() if record.get("kind") == "audit"]
    found = with_earlier(found, noted, audited(audit, overlay))
    if noted and all(noted[-1].get(key) == found[key] for key in _TOLD):
        return False
    records.progress.add(found)
    return True


def stock_of(project: Project, overlay: Overlay, timeline: Timeline, target: float) -> Stock:
    """Put together what journals and records tell.

    Raises
    ------
    CallerError
        The target is no Dice below 1.
    """
    if not 0 < target < 1:
        raise CallerError(f"A target of {target:g}: expected a Dice between 0 and 1, as 0.9.")
    records = ReviewRecords(project.path)
    noted, audit = records.progress.read(), records.audit()
    windows = {window.place.id for window in audit.windows} if audit else set()
    slices = tuple(s for s in slice_points(timeline, noted) if s.place.id not in windows)
    audits, counts = audit_points(timeline, noted, audit)
    places = audited(audit, overlay)
    filled = sum(place.reviewed == 1 for place in places)
    hours = timeline.worked_s / 3600
    left = forecast(audits, counts, target, hours)
    said, sentence = verdict(slices, audits, left, target, hours, filled)
    return Stock(hours, slices, audits, places, target, said, sentence, left)
