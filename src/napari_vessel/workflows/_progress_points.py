"""Turn the journals' times and the records into points of curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import Place, Timeline
from napari_vessel.metrics import COUNTS, cldice_of, counts_interval, dice_of
from napari_vessel.project import AuditSet
from napari_vessel.workflows._progress_events import AuditPoint, SlicePoint

_NEAR_S = 5.0  # a record is written right after its slice

Counts = NDArray[np.float64]


def slice_points(timeline: Timeline, records: Iterable[dict[str, Any]]) -> tuple[SlicePoint, ...]:
    """Join the slices of the journals with what was noted to be proposed there."""
    noted: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record.get("kind") == "slice":
            noted.setdefault(str(record.get("place")), []).append(record)
    found = []
    for review in timeline.reviews:
        place = Place(review.plane, review.box)
        record = _nearest(noted.get(place.id, ()), review.at)
        right, invented, missed = (int(record.get(k, 0)) for k in ("tp", "fp", "fn"))
        dice = None if not record else float(dice_of(_padded([right, invented, missed])))
        wrong = None if not record else invented + missed
        hours = review.worked_s / 3600
        found.append(SlicePoint(review.at, place, review.seconds, hours, dice, wrong))
    return tuple(found)


def audit_points(
    timeline: Timeline, records: Iterable[dict[str, Any]], audit: AuditSet | None
) -> tuple[tuple[AuditPoint, ...], tuple[Counts, ...]]:
    """Return how each proposal did, and the weighted counts of its windows, (windows, 7).

    The windows come in the order of ``audit``; one that was filled later has NaN.
    """
    points, counts = [], []
    weights = {window.place.id: window.weight for window in audit.windows} if audit else {}
    for record in records:
        if record.get("kind") != "audit" or not isinstance(record.get("windows"), dict):
            continue
        table = _table(record["windows"], list(weights))
        filled = ~np.isnan(table).any(axis=1)
        if not filled.any():
            continue
        weight = np.array(list(weights.values()))[filled]
        dice, cldice = (counts_interval(table[filled], weight, s) for s in (dice_of, cldice_of))
        at = float(record.get("at", 0))
        checkpoint, proposal = str(record.get("checkpoint")), str(record.get("proposal"))
        hours, count = timeline.worked_until(at) / 3600, int(filled.sum())
        points.append(AuditPoint(at, hours, checkpoint, proposal, dice, cldice, count))
        counts.append(table * np.array(list(weights.values()))[:, None])
    return tuple(points), tuple(counts)


def _nearest(records: Sequence[dict[str, Any]], at: float) -> dict[str, Any]:
    """Return the record of a slice that was written when it was reviewed; empty: none was."""
    near = [r for r in records if abs(float(r.get("at", 0)) - at) <= _NEAR_S]
    return min(near, key=lambda r: abs(float(r.get("at", 0)) - at), default={})


def _table(windows: dict[str, Any], names: Sequence[str]) -> Counts:
    table = np.full((len(names), COUNTS), np.nan)
    for row, name in enumerate(names):
        counts = windows.get(name)
        if isinstance(counts, list) and len(counts) == COUNTS:
            table[row] = counts
    return table


def _padded(counts: Sequence[float]) -> Counts:
    return np.array([*counts, *[0] * (COUNTS - len(counts))], float)
