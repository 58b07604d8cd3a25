"""What a session says of tuning."""

from __future__ import annotations

from napari_vessel.search import Choice, Range, TrialRecord
from napari_vessel.workflows import TrialBegun, TrialEpoch, Tuned

__all__ = ["best_sentence", "ended_sentence", "epoch_sentence", "setting_text"]


def setting_text(setting: Range | Choice) -> str:
    """Say what a setting may be.

    >>> setting_text(Range(low=1e-4, high=1e-2, log=True)), setting_text(Choice(choices=[8, 16]))
    ('0.0001 … 0.01 (log)', '8, 16')
    """
    if isinstance(setting, Choice):
        return ", ".join(map(str, setting.by_label))
    return f"{setting.low:g} … {setting.high:g}" + (" (log)" if setting.log else "")


def epoch_sentence(event: TrialBegun | TrialEpoch, score: str) -> str:
    """Say what a trial does."""
    if isinstance(event, TrialEpoch):
        return f"Trial {event.number}, epoch {event.epoch}: {score} {event.score:.3f}."
    again = event.trial.retry_of
    what = "begins" if again is None else f"goes on with trial {again}"
    return f"Trial {event.trial.number} {what}."


def best_sentence(best: TrialRecord | None, score: str) -> str:
    """Say which trial is the best so far, and with what."""
    if best is None or best.value is None:
        return ""
    drawn = ", ".join(f"{name.replace('_', ' ')} {_short(v)}" for name, v in best.values.items())
    return f"Best so far: trial {best.number}, {score} {best.value:.3f}, with {drawn}."


def ended_sentence(event: Tuned) -> str:
    """Say what came of tuning."""
    counts = f"{event.trials} trials: {event.complete} complete, {event.pruned} given up early"
    failed = f", {event.failed} failed" if event.failed else ""
    late = " The time is up: Go on does more." if event.reason == "minutes" else ""
    return f"{counts}{failed}.{late}"


def _short(value: object) -> str:
    """Write a number with three digits, also one that was read from a table.

    >>> _short(0.00123456), _short("0.00123456"), _short("sgd"), _short(16)
    ('0.00123', '0.00123', 'sgd', '16')
    """
    if isinstance(value, str):
        try:
            return f"{float(value):.3g}"
        except ValueError:
            return value
    return f"{value:.3g}" if isinstance(value, float) else str(value)
