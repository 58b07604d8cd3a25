"""Draw the audit set, and score a proposal on it: counts that later intervals are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

CREDITED = "windows"
"""How a record was made: window by window. One without the word took the uppermost layer's
network for that of all windows."""

_SAME = ("checkpoint", "threshold", "credited")


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
    audit: AuditSet, overlay: Overlay, proposal: Proposal, checkpoint: str, threshold: float
) -> dict[str, Any] | None:
    """Return what is noted of a network: the counts of each filled window that is its own.

    That is one all of which shows what this network, and no other, proposed. None where no
    filled window is.
    """
    windows = {
        window.place.id: _counts(overlay, proposal, window.place.box, threshold)
        for window in audit.windows
        if _reviewed(overlay, window.place) == 1
        and network_behind(proposal, window.place.box) == checkpoint
    }
    if not windows:
        return None
    return {
        "kind": "audit",
        "at": round(time(), 3),
        "checkpoint": checkpoint,
        "proposal": proposal.id,
        "threshold": threshold,
        "credited": CREDITED,
        "windows": windows,
    }


def with_earlier(
    record: dict[str, Any], earlier: Sequence[dict[str, Any]], places: Sequence[AuditPlace]
) -> dict[str, Any]:
    """Add the filled windows of this network that something else covers by now.

    Only what was counted at the same threshold, and known to be of this network.
    """
    same = [old["windows"] for old in earlier if all(old.get(k) == record[k] for k in _SAME)]
    known: dict[str, Any] = same[-1] if same else {}
    filled = [each.place.id for each in places if each.reviewed == 1]
    both = known | record["windows"]
    return record | {"windows": {place: both[place] for place in filled if place in both}}


def network_behind(proposal: Proposal, box: Box) -> str | None:
    """Name the checkpoint that all of a box shows the proposal of.

    None where it is of several proposals, of one that is not complete, or of none.
    """
    for layer in proposal.layers:
        blocks = [layer.region] if layer.complete else layer.ledger.done
        if any(block.intersection(box) for block in blocks):
            whole = layer.complete and layer.region.contains(box)
            return str(layer.recipe.get("checkpoint")) if whole else None
    return None


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
