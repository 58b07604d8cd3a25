"""Tables that every benchmark prints, and ``--json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay rows of equal keys out as a Markdown table; floats with three digits."""
    keys = list(rows[0])
    lines = [keys, ["---"] * len(keys), *([_cell(row[key]) for key in keys] for row in rows)]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as one JSON object."""
    print(json.dumps({"rows": rows}) if as_json else table(rows))


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
