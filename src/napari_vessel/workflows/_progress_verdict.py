"""Whether to go on correcting: by the audit set, which alone knows."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from napari_vessel.metrics import Interval, LearningCurve, dice_of, fit_learning, redrawn
from napari_vessel.workflows._progress_compared import FEWEST_NETWORKS
from napari_vessel.workflows._progress_events import (
    FEWEST_WINDOWS,
    AuditPoint,
    SlicePoint,
    Verdict,
    judged,
)

_LEVEL_GAIN = 0.005  # of Dice in an hour: less is not worth it
_DRAWS = 200
_FOREVER_H = 1000.0
_CLEAN, _CLEAN_SLICES = 0.99, 5

Counts = NDArray[np.float64]


def forecast(
    points: Sequence[AuditPoint], counts: Counts, target: float, now_h: float
) -> Interval | None:
    """Return the hours that are left to the target: the median and nine of ten draws.

    Every draw takes other windows of the audit set for all networks alike; None with fewer
    than three networks compared, scored at different hours. Infinite where it never comes.
    ``counts`` are those of the points that are compared, as :func:`audit_points` returns them.
    """
    if _curve(points) is None:
        return None
    hours = np.array([point.hours for point in points if point.compared is not None])
    left = [
        _left(fit_learning(hours, dice_of(np.tensordot(draw, counts, (0, 1)))), target, now_h)
        for draw in redrawn(counts.shape[1], draws=_DRAWS).astype(float)
    ]
    low, middle, high = np.quantile(left, [0.05, 0.5, 0.95], method="nearest")
    return Interval(float(middle), float(low), float(high))


def verdict(
    slices: Sequence[SlicePoint],
    audits: Sequence[AuditPoint],
    left: Interval | None,
    target: float,
    now_h: float,
    filled: int = 0,
) -> tuple[Verdict, str]:
    """Say whether to stop, and why, in a sentence; ``filled`` windows of the audit set are."""
    last = judged(audits)
    if last is None:
        return "early", _without_audit(slices, filled)
    so_far = f"Audit Dice {last.dice.value:.3f} ({last.dice.low:.3f} to {last.dice.high:.3f})"
    if last.windows < FEWEST_WINDOWS:
        return "early", _too_few(so_far, last.windows, filled)
    if last.dice.low >= target:
        return "reached", f"Stop: {so_far} has reached {target:.2f}, with its interval."
    curve = _curve(audits)
    if curve is None or left is None:
        return "early", f"{so_far}. A forecast needs {_more(audits)}."
    gain = curve.score(now_h + 1) - curve.score(now_h)
    if gain < _LEVEL_GAIN:
        return "level", (
            f"Stop: {so_far}; another hour would bring about {gain:.3f}. Mend by hand what must "
            "be right, and export."
        )
    return "go on", f"Go on: {so_far}; to {target:.2f} it takes {_span(left)}."


def _curve(audits: Sequence[AuditPoint]) -> LearningCurve | None:
    """Fit the networks that were scored on the same windows; None with fewer than three."""
    compared = [point for point in audits if point.compared is not None]
    if len({point.checkpoint for point in compared}) < FEWEST_NETWORKS:
        return None
    hours = np.array([point.hours for point in compared])
    return fit_learning(hours, np.array([point.compared for point in compared], float))


def _more(audits: Sequence[AuditPoint]) -> str:
    known = len({point.checkpoint for point in audits if point.compared is not None})
    more = max(FEWEST_NETWORKS - known, 1)
    return f"{more} more retrained network{'s' if more > 1 else ''}"


def _too_few(so_far: str, windows: int, filled: int) -> str:
    said = f"{so_far} on {windows} window{'s' if windows > 1 else ''} of the audit set"
    if filled >= FEWEST_WINDOWS:
        return f"{said}: the others do not show its proposal. Predict the region to score it."
    return f"{said}: fill in at least {FEWEST_WINDOWS}."


def _without_audit(slices: Sequence[SlicePoint], filled: int) -> str:
    if filled:
        return (
            "No window of the audit set that is filled in shows what the network in use proposes: "
            "predict the region to score it."
        )
    recent = [point.dice for point in slices[-_CLEAN_SLICES:] if point.dice is not None]
    if len(recent) == _CLEAN_SLICES and min(recent) >= _CLEAN:
        return (
            f"The last {_CLEAN_SLICES} slices were right to {min(recent):.3f} Dice before you "
            "touched them. Fill in the audit set to know whether all of the volume is."
        )
    return "Fill in the audit set: without it nobody can say how good the mask is."


def _left(curve: LearningCurve | None, target: float, now_h: float) -> float:
    if curve is None:
        return inf
    left = max(curve.hours_to(target) - now_h, 0.0)
    return left if left < _FOREVER_H else inf


def _span(left: Interval) -> str:
    """Say how long, as exactly as it is known.

    >>> _span(Interval(2.0, 1.2, 3.4)), _span(Interval(inf, 5.0, inf))
    ('1.2 to 3.4 hours of work', 'more than 5 hours of work')
    >>> _span(Interval(4.01, 4.0, 4.02))
    'about 4 hours of work'
    """
    if not isfinite(left.low):
        return "longer than can be foreseen"
    if not isfinite(left.high):
        return f"more than {left.low:.2g} hours of work"
    low, high = f"{left.low:.2g}", f"{left.high:.2g}"
    return f"about {low} hours of work" if low == high else f"{low} to {high} hours of work"
