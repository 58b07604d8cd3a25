"""Draw the audit set, and score a proposal on it: counts that later intervals are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from time import time
from typing import Any

import numpy as np

from napari_vessel.annotation import UNTOUCHED, VESSEL, Overlay, Place, label_state
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.metrics import centreline_counts
from napari_vessel.project import AuditSet, Project, Proposal, ReviewRecords, draw_audit
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._progress_events import AuditPlace, DrawAudit
from napari_vessel.workflows._queue import planes_of


def draw_audit_set(request: DrawAudit) -> Iterator[Progress | AuditSet]:
    """Draw the audit set of a project where none was, and keep it.

    Raises
    ------
    CallerError
        Nothing is predicted yet, or there is no room for a window that nobody corrected.
    """
    project = Project.open(request.project)
    records = ReviewRecords(project.path)
    yield Progress(0, 1, "windows", "Drawing the audit set")
    drawn = records.audit()
    if drawn is None:
        drawn = _drawn(project, request)
        drawn.keep(records.audit_path)
    yield drawn


def _drawn(project: Project, request: DrawAudit) -> AuditSet:
    proposal = project.open_proposal()
    if proposal is None:
        raise CallerError("Predict first: the audit set is drawn where something is proposed.")
    threshold = project.threshold
    with closing(project.open_corrections(read_only=True)) as corrections:
        taken = corrections.overlay.boxes()
    region = project.config.region.intersection(proposal.region) or proposal.region

    def held(box: Box) -> int:
        return int(np.count_nonzero(proposal.mask(box, threshold)))

    found = draw_audit(region, planes_of(proposal), held, request.config, taken)
    if not found.windows:
        raise CallerError(
            "No window is left that nobody corrected: draw the audit set at the beginning, or "
            "take smaller windows."
        )
    return found


def audited(audit: AuditSet | None, overlay: Overlay) -> tuple[AuditPlace, ...]:
    """Tell how much of each window a person reviewed."""
    return tuple(
        AuditPlace(window.place, _reviewed(overlay, window.place))
        for window in (audit.windows if audit else ())
    )


def audit_record(
    audit: AuditSet, overlay: Overlay, proposal: Proposal, threshold: float
) -> dict[str, Any] | None:
    """Return what is noted of a proposal: the counts of every window that is filled.

    None where no window is.
    """
    windows = {
        window.place.id: _counts(overlay, proposal, window.place.box, threshold)
        for window in audit.windows
        if _reviewed(overlay, window.place) == 1
    }
    if not windows:
        return None
    return {
        "kind": "audit",
        "at": round(time(), 3),
        "checkpoint": str(proposal.recipe.get("checkpoint", "")),
        "proposal": proposal.id,
        "threshold": threshold,
        "windows": windows,
    }


def _reviewed(overlay: Overlay, place: Place) -> float:
    return float(np.mean(overlay.read(place.box) != UNTOUCHED))


def _counts(overlay: Overlay, proposal: Proposal, box: Box, threshold: float) -> list[int]:
    """Count voxels and skeleton voxels of a window: what was proposed against what is there."""
    proposed = proposal.mask(box, threshold) != 0
    truth = label_state(overlay.read(box)) == VESSEL
    skeleton = centreline_counts(proposed, truth)
    return [
        int(np.count_nonzero(proposed & truth)),
        int(np.count_nonzero(proposed & ~truth)),
        int(np.count_nonzero(truth & ~proposed)),
        skeleton.predicted,
        skeleton.predicted_inside,
        skeleton.true,
        skeleton.true_inside,
    ]
