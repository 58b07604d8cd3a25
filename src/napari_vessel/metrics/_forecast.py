"""How much longer: errors fall as a power of the work done, so a few scores tell the next."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, log

import numpy as np
from numpy.typing import NDArray

__all__ = ["LearningCurve", "fit_learning"]

_FEWEST = 3
_TINY = 1e-4  # an error of 0 has no logarithm
_TIMES_H = np.geomspace(0.02, 20, 25)  # hours after which learning slows


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The error after ``h`` hours of work: ``start · (1 + h / time_h) ** -power``.

    ``start`` is the error with no work at all; a ``power`` of 0 is a network that learns nothing.
    """

    start: float
    time_h: float
    power: float

    def score(self, hours: float) -> float:
        """Return the score expected after so many hours.

        >>> LearningCurve(0.4, 1.0, 1.0).score(1.0)
        0.8
        """
        return float(1 - self.start * (1 + max(hours, 0) / self.time_h) ** -self.power)

    def hours_to(self, target: float) -> float:
        """Return the hours until a score is reached; infinite where it never is.

        >>> round(LearningCurve(0.4, 1.0, 1.0).hours_to(0.9), 6)
        3.0
        """
        error = max(1 - target, _TINY)
        if error >= self.start:
            return 0.0
        if self.power <= 1e-6:
            return inf
        exponent = log(self.start / error) / self.power
        return self.time_h * (exp(exponent) - 1) if exponent < 500 else inf


def fit_learning(hours: NDArray[np.float64], scores: NDArray[np.float64]) -> LearningCurve | None:
    """Fit scores after hours of work; None with fewer than three at different times.

    Least squares on the logarithm of the error, so that the last tenth counts as the first.
    """
    if len(np.unique(hours)) < _FEWEST:
        return None
    errors = np.log(np.clip(1 - scores, _TINY, 1))
    best, found = inf, None
    for time_h in _TIMES_H.tolist():
        work = np.log1p(hours / time_h)
        spread = work - work.mean()
        slope = float(spread @ errors / max(spread @ spread, 1e-12))
        power = max(-slope, 0.0)
        start = float(errors.mean() + power * work.mean())
        misfit = float(((start - power * work - errors) ** 2).sum())
        if misfit < best - 1e-12:
            best, found = misfit, LearningCurve(min(exp(start), 1.0), time_h, power)
    return found if isfinite(best) else None
