"""The progress as rows for a spreadsheet, and as values for JSON."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from napari_vessel.metrics import Interval
from napari_vessel.workflows._progress_events import AuditPoint, SlicePoint, Stock

_COLUMNS = (
    *("utc", "hours", "kind", "place", "seconds", "dice", "wrong_voxels"),
    *("dice_low", "dice_high", "cldice", "cldice_low", "cldice_high", "windows"),
    *("checkpoint", "proposal", "dice_compared"),
)


def as_csv(stock: Stock) -> str:
    """Return all points in the order of time, one a line, with a line of names first."""
    rows = [*map(_slice_row, stock.slices), *map(_audit_row, stock.audits)]
    rows.sort(key=lambda row: str(row["utc"]))
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_values(stock: Stock) -> dict[str, Any]:
    """Return what is known, as ``progress --json`` prints it."""
    last = stock.judged
    return {
        "hours": stock.hours,
        "slices": len(stock.slices),
        "seconds_per_slice": stock.seconds_per_slice,
        "audit_windows": len(stock.audit),
        "audit_filled": sum(place.reviewed == 1 for place in stock.audit),
        "audit_dice": _interval(last.dice) if last else None,
        "audit_cldice": _interval(last.cldice) if last else None,
        "target": stock.target,
        "hours_left": _interval(stock.hours_left) if stock.hours_left else None,
        "verdict": stock.verdict,
        "sentence": stock.sentence,
    }


def _slice_row(point: SlicePoint) -> dict[str, Any]:
    return {
        "utc": _utc(point.utc),
        "hours": round(point.hours, 5),
        "kind": "slice",
        "place": point.place.id,
        "seconds": round(point.seconds, 2),
        "dice": "" if point.dice is None else round(point.dice, 5),
        "wrong_voxels": "" if point.wrong is None else point.wrong,
    }


def _audit_row(point: AuditPoint) -> dict[str, Any]:
    return {
        "utc": _utc(point.utc),
        "hours": round(point.hours, 5),
        "kind": "audit",
        "dice": round(point.dice.value, 5),
        "dice_low": round(point.dice.low, 5),
        "dice_high": round(point.dice.high, 5),
        "cldice": round(point.cldice.value, 5),
        "cldice_low": round(point.cldice.low, 5),
        "cldice_high": round(point.cldice.high, 5),
        "windows": point.windows,
        "checkpoint": point.checkpoint,
        "proposal": point.proposal,
        "dice_compared": "" if point.compared is None else round(point.compared, 5),
    }


def _interval(found: Interval) -> dict[str, float | None]:
    values = {"value": found.value, "low": found.low, "high": found.high}
    return {name: value if isfinite(value) else None for name, value in values.items()}


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
