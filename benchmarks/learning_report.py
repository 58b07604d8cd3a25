"""Tables of the learning benchmark, and whether its targets are reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np

from _tables import table
from napari_vessel.metrics import dice_of, redrawn

_SCORES = ("dice", "surface_dice", "cldice", "audit")
_MINUTES = (1.0, 2.0, 4.0, 8.0)
_FEW, _MANY = 4, 10


class Report:
    """What the cells found so far come to.

    Volumes that the starter's card names are marked: a starter that knows their kidney cannot be
    compared with a network that does not, so means and targets are of the others first.
    """

    def __init__(self, cells: Sequence[dict[str, Any]]) -> None:
        fair = [cell for cell in cells if not cell["marked"]]
        self._parts = {"unmarked volumes": _Part(fair), "all volumes": _Part(cells)}

    def as_dict(self) -> dict[str, Any]:
        """Return tables and targets, for JSON."""
        return {name: part.as_dict() for name, part in self._parts.items()}

    def text(self) -> str:
        """Return tables and targets, for a person."""
        return "\n\n".join(
            f"## {name.capitalize()}\n\n{part.text()}" for name, part in self._parts.items()
        )


class _Part:
    """The same of some volumes."""

    def __init__(self, cells: Sequence[dict[str, Any]]) -> None:
        self._cells: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for cell in cells:
            self._cells[cell["method"]].append(cell)

    def as_dict(self) -> dict[str, Any]:
        """Return tables and targets, for JSON."""
        return {
            **{f"{score} by slices": self._by_slices(score) for score in _SCORES},
            "dice by minutes": self._by_minutes(),
            "volumes": self._volumes(),
            "targets": self._targets(),
        }

    def text(self) -> str:
        """Return tables and targets, for a person."""
        if not self._cells:
            return "Nothing is computed yet."
        parts = [
            f"{score}, after so many slices\n\n{table(self._by_slices(score))}" for score in _SCORES
        ]
        parts.append(f"dice, after so many simulated minutes\n\n{table(self._by_minutes())}")
        parts.append(f"dice of each volume after so many slices\n\n{table(self._volumes())}")
        parts += [f"- {sentence}" for sentence in self._targets().values()]
        return "\n\n".join(parts)

    def _by_slices(self, score: str) -> list[dict[str, Any]]:
        counts = sorted(
            {row["slices"] for cells in self._cells.values() for c in cells for row in c["rows"]}
        )
        return [
            {"method": method, "volumes": len(cells)}
            | {str(n): _mean([_at(cell, n, score) for cell in cells]) for n in counts}
            for method, cells in self._cells.items()
        ]

    def _by_minutes(self) -> list[dict[str, Any]]:
        return [
            {"method": method, "volumes": len(cells)}
            | {f"{m:g} min": _mean([_after(cell, m) for cell in cells]) for m in _MINUTES}
            | {"last at, min": _mean([cell["rows"][-1]["minutes"] for cell in cells])}
            for method, cells in self._cells.items()
        ]

    def _volumes(self) -> list[dict[str, Any]]:
        return [
            {"volume": cell["volume"], "seed": cell["seed"], "method": method}
            | {"dice": ", ".join(f"{r['slices']}: {r['dice']:.3f}" for r in cell["rows"])}
            | {"minutes": ", ".join(f"{r['minutes']:.1f}" for r in cell["rows"])}
            for method, cells in self._cells.items()
            for cell in cells
        ]

    def _targets(self) -> dict[str, str]:
        told = {}
        if pairs := self._pairs("ours", "rootpainter"):
            ours = fmean(_at(a, _FEW, "dice") for a, _ in pairs)
            theirs = fmean(_at(b, _MANY, "dice") for _, b in pairs)
            told["few slices"] = (
                f"Ours after at most {_FEW} slices {ours:.3f}, RootPainter's rules after {_MANY} "
                f"{theirs:.3f} (mean of {len(pairs)}): {_word(ours >= theirs)}."
            )
        if pairs := self._pairs("ours", "random"):
            both = [_equal_effort(a, b) for a, b in pairs]
            ours, theirs = fmean(a for a, _ in both), fmean(b for _, b in both)
            told["queue"] = (
                f"At equal effort the queue {ours:.3f}, random order {theirs:.3f} (mean of "
                f"{len(pairs)}): {_word(ours > theirs)}."
            )
        if cells := self._cells.get("ours"):
            falls = [_falls(cell) for cell in cells]
            told["falls"] = (
                f"Of {sum(n for _, n in falls)} adoptions {sum(f for f, _ in falls)} fell on the "
                f"audit set by more than the interval: {_word(not sum(f for f, _ in falls))}."
            )
        return told

    def _pairs(self, one: str, other: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        theirs = {(c["volume"], c["seed"]): c for c in self._cells.get(other, ())}
        return [
            (cell, theirs[at])
            for cell in self._cells.get(one, ())
            if (at := (cell["volume"], cell["seed"])) in theirs
        ]


def _at(cell: dict[str, Any], slices: int, score: str) -> float:
    """Return a score after so many slices: that of the last network before.

    ``audit`` is Dice on the audit set, which nobody learned from.
    """
    row = next(row for row in reversed(cell["rows"]) if row["slices"] <= slices)
    if score == "audit":
        return float(dice_of(np.array(row["audit"]).sum(axis=0)))
    return float(row[score])


def _after(cell: dict[str, Any], minutes: float) -> float:
    return float(next(r["dice"] for r in reversed(cell["rows"]) if r["minutes"] <= minutes))


def _equal_effort(one: dict[str, Any], other: dict[str, Any]) -> tuple[float, float]:
    """Return the mean Dice of both over the minutes that both worked, lines between rounds."""
    last = min(one["rows"][-1]["minutes"], other["rows"][-1]["minutes"])
    at = np.linspace(0, last, 50)
    ours, theirs = (float(np.interp(at, *_curve(cell)).mean()) for cell in (one, other))
    return ours, theirs


def _curve(cell: dict[str, Any]) -> tuple[list[float], list[float]]:
    rows = cell["rows"]
    return [row["minutes"] for row in rows], [row["dice"] for row in rows]


def _falls(cell: dict[str, Any]) -> tuple[int, int]:
    """Return how often an adopted network is surely worse on the audit set, of how many."""
    falls = adoptions = 0
    for before, after in zip(cell["rows"], cell["rows"][1:], strict=False):
        if not after["adopted"]:
            continue
        adoptions += 1
        old, new = (np.array(row["audit"]) for row in (before, after))
        draws = redrawn(len(old)).astype(float)
        gained = dice_of(draws @ new) - dice_of(draws @ old)
        falls += bool(np.quantile(gained, 0.95) < 0)
    return falls, adoptions


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else float("nan")


def _word(reached: bool) -> str:
    return "reached" if reached else "not reached"
