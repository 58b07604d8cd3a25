"""Turn the journals' times and the records into points of curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import Place, Timeline
from napari_vessel.metrics import COUNTS, cldice_of, counts_interval, dice_of
from napari_vessel.project import AuditSet
from napari_vessel.workflows._progress_audit import CREDITED
from napari_vessel.workflows._progress_compared import comparable
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
) -> tuple[tuple[AuditPoint, ...], Counts]:
    """Return how each network did, by its last record, and the counts by which they compare.

    The counts are weighted, (networks, windows, 7): of those points that have ``compared``, on
    the windows that all of these were scored on. A record of before windows were credited one by
    one may tell of another network than it says, so that it is shown and not compared.
    """
    weights = {window.place.id: window.weight for window in audit.windows} if audit else {}
    weight = np.array(list(weights.values()), float)
    scored = _last_of_each(records, list(weights))
    points = [_point(each, timeline, weight) for each in scored]
    tables = np.stack([each.table for each in scored]) if scored else np.zeros((0, 0, COUNTS))
    known = np.array([each.record.get("credited") == CREDITED for each in scored], np.bool_)
    networks, windows = comparable(~np.isnan(tables).any(axis=2) & known[:, None])
    counts = (tables * weight[:, None])[networks][:, windows] if scored else tables
    values = iter(dice_of(counts.sum(axis=1)).tolist())
    marked = zip(points, networks, strict=True)
    return tuple(replace(p, compared=next(values)) if n else p for p, n in marked), counts


@dataclass(slots=True)
class _Scored:
    """The last record of a network, its counts in the order of the windows, NaN where none."""

    first: float
    record: dict[str, Any]
    table: Counts


def _last_of_each(records: Iterable[dict[str, Any]], names: Sequence[str]) -> list[_Scored]:
    """Keep the last record of each network, the one that was scored last at the end."""
    found: dict[str, _Scored] = {}
    for record in records:
        if record.get("kind") != "audit" or not isinstance(record.get("windows"), dict):
            continue
        table = _table(record["windows"], names)
        if np.isnan(table).any(axis=1).all():
            continue
        name, at = str(record.get("checkpoint")), float(record.get("at", 0))
        before = found.pop(name, None)
        found[name] = _Scored(before.first if before else at, record, table)
    return list(found.values())


def _point(scored: _Scored, timeline: Timeline, weight: Counts) -> AuditPoint:
    filled, record = ~np.isnan(scored.table).any(axis=1), scored.record
    dice, cldice = (
        counts_interval(scored.table[filled], weight[filled], score)
        for score in (dice_of, cldice_of)
    )
    return AuditPoint(
        utc=float(record.get("at", 0)),
        hours=timeline.worked_until(scored.first) / 3600,
        checkpoint=str(record.get("checkpoint")),
        proposal=str(record.get("proposal")),
        dice=dice,
        cldice=cldice,
        windows=int(filled.sum()),
    )


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
