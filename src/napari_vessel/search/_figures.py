"""Pictures of a study: running best, importance, parallel coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_vessel.search._record import StudySummary, TrialRecord
from napari_vessel.search._space import Choice, SearchSpace
from napari_vessel.volumes import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["write_figures"]

_BLUE, _ORANGE, _GREY = "#2f6f9f", "#d9722b", "#9a9a9a"


def write_figures(
    summary: StudySummary, space: SearchSpace, folder: Path, *, score: str = "score"
) -> dict[str, Path]:
    """Write ``running-best.png``, ``importance.png`` and ``parallel.png``; return their places.

    A picture that nothing is known for yet says so.

    Raises
    ------
    WriteError
        The folder cannot be written.
    """
    drawn: Mapping[str, Callable[[Axes], None]] = {
        "running-best": lambda axes: _running_best(axes, summary, score),
        "importance": lambda axes: _importance(axes, summary),
        "parallel": lambda axes: _parallel(axes, summary, space, score),
    }
    places = {}
    for name, draw in drawn.items():
        places[name] = folder / f"{name}.png"
        write_atomically(places[name], _picture(draw))
    return places


def _picture(draw: Callable[[Axes], None]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Figure = Figure(figsize=(5.6, 3.36), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    out = BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _running_best(axes: Axes, summary: StudySummary, score: str) -> None:
    """Draw every trial's value over its number, and the best so far."""
    complete = [one for one in summary.trials if one.value is not None]
    if not complete:
        _nothing(axes, "No trial is complete yet.")
        return
    numbers = [one.number for one in complete]
    values = [one.value or 0.0 for one in complete]
    pruned = [one for one in summary.trials if one.state == "pruned" and one.scores]
    if pruned:
        reached = [max(one.scores.values()) for one in pruned]
        numbers_of = [one.number for one in pruned]
        axes.scatter(numbers_of, reached, marker="x", color=_GREY, label="given up")
    axes.scatter(numbers, values, color=_BLUE, label="complete")
    last = max(one.number for one in summary.trials)
    best = list(np.maximum.accumulate(values))
    axes.step([*numbers, last], [*best, best[-1]], where="post", color=_ORANGE, label="best so far")
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trial")
    axes.set_ylabel(score)
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)


def _importance(axes: Axes, summary: StudySummary) -> None:
    """Draw how much each setting told good trials from the others."""
    shares = sorted(summary.importance.items(), key=lambda item: item[1])
    if not shares:
        _nothing(axes, "Too few complete trials to tell what mattered.")
        return
    names = [name for name, _ in shares]
    bars = axes.barh(names, [share for _, share in shares], color=_BLUE)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_xlim(0, 1.1 * max(share for _, share in shares) or 1)
    axes.set_xlabel("importance (share)")


def _parallel(axes: Axes, summary: StudySummary, space: SearchSpace, score: str) -> None:
    """Draw a line for every complete trial through all settings to its score."""
    complete = [one for one in summary.trials if one.value is not None]
    if not complete:
        _nothing(axes, "No trial is complete yet.")
        return
    names = [name for name in space.settings if any(name in one.values for one in complete)]
    scales = [_Scale(name, space) for name in names]
    values = np.array([one.value for one in complete], float)
    low, high = float(values.min()), float(values.max())
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colours = ScalarMappable(
        Normalize(low, high if high > low else low + 1e-9), colormaps["viridis"]
    )
    for one in sorted(complete, key=lambda each: each.value or 0.0):
        heights, value = [scale.height(one) for scale in scales], one.value or 0.0
        share = (value - low) / (high - low) if high > low else 0.5
        best = one is summary.best
        known = [(at, h) for at, h in enumerate([*heights, share]) if h == h]  # noqa: PLR0124  NaN
        axes.plot(*zip(*known, strict=True), color=_GREY, linewidth=0.8, linestyle=":", zorder=1)
        axes.plot(
            range(len(names) + 1),
            [*heights, share],
            color=_ORANGE if best else colours.to_rgba(np.array(value)),
            linewidth=2.5 if best else 1.2,
            zorder=3 if best else 2,
        )
    _upright(axes, scales, (f"{low:.3f}", f"{high:.3f}"), score)


class _Scale:
    """One upright line of the parallel picture: a setting, from 0 to 1."""

    def __init__(self, name: str, space: SearchSpace) -> None:
        self.name, setting = name, space.settings[name]
        self._log = False
        self._places: dict[object, float] = {}
        if isinstance(setting, Choice):
            labels = list(setting.by_label)
            last = max(len(labels) - 1, 1)
            self._places = {label: i / last for i, label in enumerate(labels)}
            self.ticks = [(place, str(label)) for label, place in self._places.items()]
            return
        self._log = setting.log
        self._low, self._high = self._scaled(setting.low), self._scaled(setting.high)
        self.ticks = [(0.0, f"{setting.low:g}"), (1.0, f"{setting.high:g}")]

    def height(self, trial: TrialRecord) -> float:
        """Place a trial; one that has no such setting has no point there."""
        value: Any = trial.values.get(self.name)
        if value is None:
            return float("nan")
        if self._places:
            return self._places[value]
        return (self._scaled(value) - self._low) / (self._high - self._low)

    def _scaled(self, value: float) -> float:
        return log10(value) if self._log else float(value)


def _upright(axes: Axes, scales: list[_Scale], ends: tuple[str, str], score: str) -> None:
    """Draw the upright lines, their ticks and their names."""
    columns = [*(scale.ticks for scale in scales), [(0.0, ends[0]), (1.0, ends[1])]]
    for at, ticks in enumerate(columns):
        axes.axvline(at, color=_GREY, linewidth=0.8, zorder=1)
        for place, text in ticks:
            axes.annotate(text, (at, place), (3, 2), textcoords="offset points", fontsize=7)
    names = [*(scale.name.replace("_", " ") for scale in scales), score]
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right", fontsize=8)
    axes.set_yticks([])
    axes.set_ylim(-0.05, 1.08)
    axes.set_xlim(-0.1, len(names) - 0.55)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _nothing(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center")
