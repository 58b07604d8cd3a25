"""What is new in a study's file, whoever wrote it: this process, its workers, or others."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from napari_vessel.search import Study, StudySummary, TrialRecord
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._tune_request import TrialBegun, TrialEnded, TrialEpoch

__all__ = ["Watch"]

_ENDED = ("complete", "pruned", "failed")


class Watch:
    """Tells of trials as the file grows; what stood there before is no news."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._known = {one.number: one for one in study.records()}
        self.trials: tuple[TrialRecord, ...] = tuple(self._known.values())

    def news(self) -> Iterator[TrialBegun | TrialEpoch | TrialEnded]:
        """Tell what happened since the last time."""
        self.trials = self._study.records()
        best = StudySummary(self.trials).best
        for one in self.trials:
            before = self._known.get(one.number)
            if one == before:
                continue
            self._known[one.number] = one
            yield from _changes(before, one, best)

    def progress(self, share: float | None = None) -> Progress:
        """Tell how far the study is; ``share`` of a trial of this process is done."""
        total = max(self._study.config.trials, 1)
        settled = [one for one in self.trials if one.settled]
        running = [one for one in self.trials if one.state == "running"]
        done = min(len(settled) + (share or 0.0), float(total))
        took = [one.seconds for one in settled if one.seconds is not None]
        at_once = max(len(running), 1)
        left = fmean(took) * (total - done) / at_once if took and running else None
        numbers = ", ".join(str(one.number) for one in running)
        what = f"Trial {numbers}" if running else "Tuning"
        return Progress(done, total, "trials", f"{what}: {len(settled)} of {total} are done", left)


def _changes(
    before: TrialRecord | None, now: TrialRecord, best: TrialRecord | None
) -> Iterator[TrialBegun | TrialEpoch | TrialEnded]:
    if now.state == "waiting":
        return
    if before is None or before.state == "waiting":
        yield TrialBegun(now)
    known = before.scores if before else {}
    for epoch, score in now.scores.items():
        if epoch not in known:
            yield TrialEpoch(now.number, epoch, score)
    if now.state in _ENDED and (before is None or before.state not in _ENDED):
        yield TrialEnded(now, best)
