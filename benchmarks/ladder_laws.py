"""What the issue wants the ladder to show, judged by a report's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from ladder_cells import ORACLES

if TYPE_CHECKING:
    from ladder_report import Report


@dataclass(frozen=True)
class Law:
    """One line of what the issue wants shown."""

    text: str
    passed: bool | None  # None: a cell is missing
    figures: str

    def line(self) -> str:
        """Return it as a line of Markdown."""
        said = {True: "PASS", False: "MISSED", None: "UNKNOWN"}[self.passed]
        return f"- {said}: {self.text} ({self.figures})"


def laws_of(report: Report) -> list[Law]:
    """Return what the issue wants shown, each with its figures."""
    kidney3 = [volume for volume in report.volumes if "kidney3" in volume.replace("_", "")]
    photon = report.unmarked("two-photon")
    return [
        _beats_oracles(report, kidney3, 0.0, "on the kidney_3 items zero-shot is above"),
        _beats_oracles(report, photon, -0.05, "on two-photon zero-shot is no 0.05 below"),
        _everywhere(report, "tuned-3", "forest-3", 0.0),
        _on_mean(report, "tuned-3", "scratch-3", 0.03),
        _everywhere(report, "tuned-3", "scratch-3", -0.01),
        _on_mean(report, "tuned-1", "scratch-3", 0.0),
        _fusion(report),
    ]


def _beats_oracles(report: Report, volumes: Sequence[str], margin: float, text: str) -> Law:
    text += " the best of threshold, Frangi and Sato with oracle settings, in mean Dice"
    best = [
        max(known)
        if (known := all_known([report.value((o, v), "dice") for o in ORACLES]))
        else None
        for v in volumes
    ]
    ours, theirs = report.mean("zero-shot", volumes, "dice"), all_known(best)
    if ours is None or not theirs:
        return Law(text, None, "cells are missing")
    passed = ours > fmean(theirs) if margin == 0 else ours >= fmean(theirs) + margin
    return Law(text, passed, f"{ours:.3f} against {fmean(theirs):.3f}")


def _on_mean(report: Report, ours: str, theirs: str, margin: float) -> Law:
    text = f"{ours} is at least {margin:g} above {theirs} on the mean of the volumes"
    one, other = (report.mean(m, report.unmarked(), "dice") for m in (ours, theirs))
    if one is None or other is None:
        return Law(text, None, "cells are missing")
    return Law(text, one >= other + margin, f"{one:.3f} against {other:.3f}")


def _everywhere(report: Report, ours: str, theirs: str, margin: float) -> Law:
    where = "above" if margin == 0 else f"no more than {-margin:g} below"
    text = f"{ours} is {where} {theirs} on every volume, marked ones too"
    volumes = [volume for volume in report.volumes if volume not in report.flat]
    one, other = (
        all_known([report.value((m, v), "dice") for v in volumes]) for m in (ours, theirs)
    )
    if not one or not other:
        return Law(text, None, "cells are missing")
    apart = {v: a - b for v, a, b in zip(volumes, one, other, strict=True)}
    worst = min(apart, key=lambda volume: apart[volume])
    passed = apart[worst] > 0 if margin == 0 else apart[worst] >= margin
    return Law(text, passed, f"least {apart[worst]:+.3f}, {report.name_of(worst)}")


def _fusion(report: Report) -> Law:
    text = "the chosen fusion is no more than 0.01 below the best single plane, everywhere"
    rows = report.plane_rows()
    if not rows:
        return Law(text, None, "cells are missing")
    worst = min(rows, key=lambda row: row["fused - best"])
    figures = f"least {worst['fused - best']:+.3f}, {worst['method']} on {worst['volume']}"
    return Law(text, worst["fused - best"] >= -0.01, figures)


def all_known(values: Sequence[float | None]) -> list[float]:
    """Return the values, or nothing where one is missing."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else []
