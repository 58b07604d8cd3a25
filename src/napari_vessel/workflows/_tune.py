"""Tune the settings of a training: a study of trials, gone on with after any end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from napari_vessel.errors import CallerError, ComputeError
from napari_vessel.search import Study, StudySummary
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._tune_config import TuneRun
from napari_vessel.workflows._tune_folder import TuneFolder
from napari_vessel.workflows._tune_recipe import recipe_of, score_of
from napari_vessel.workflows._tune_request import (
    StudyOpened,
    StudyPictured,
    TrialEnded,
    Tune,
    Tuned,
)
from napari_vessel.workflows._tune_space import require_sound
from napari_vessel.workflows._tune_trial import TuneSite, trials_at_work
from napari_vessel.workflows._tune_watch import Watch

__all__ = ["tune"]

_PICTURES_S = 10.0  # between two drawings of the pictures
_HOPELESS = 5  # trials that fail before one gets anywhere: the configuration is wrong
_Reason = Literal["trials", "minutes"]


def tune(request: Tune) -> Iterator[Any]:
    """Do trials until there are as many as asked for, or the time is up.

    All that is known lies in ``out``: whoever stops asking, or is killed, can ask again, and
    several may ask at once. A trial that was interrupted is gone on with.

    Yields
    ------
    Progress, StudyOpened, TrialBegun, TrialEpoch, TrialEnded, StudyPictured, Tuned

    Raises
    ------
    CallerError
        A setting cannot be what the space says, or the data cannot be learned from.
    OutputExistsError
        ``out`` holds a study of another space, run or data.
    ComputeError
        Trials fail one after the other.
    """
    config, started = _settled(request), monotonic()
    if request.workers > 1 and request.scheduler:
        raise CallerError("Workers of this machine or a scheduler's, not both: leave one out.")
    require_sound(config.base, config.tuned)
    yield Progress(0, config.study.trials, "trials", "Opening the data")
    site = TuneSite(config, request.out, recipe_of(config), request.device)
    with site.study() as study:
        desk = _Desk(site, study, Watch(study), started)
        yield desk.opened()
        try:
            reason = yield from desk.followed(_at_work(request, site, study))
        finally:  # also where someone stopped asking
            desk.write()
        if desk.stale:
            yield desk.pictured()
        yield desk.tuned(reason)


def _settled(request: Tune) -> TuneRun:
    """Take the request's word over the configuration's."""
    given = {"trials": request.trials, "minutes": request.minutes}
    update = {name: value for name, value in given.items() if value is not None}
    return request.config.model_copy(
        update={"study": request.config.study.model_copy(update=update)}
    )


def _at_work(request: Tune, site: TuneSite, study: Study) -> Generator[float | None, None, None]:
    """Do trials here, in processes, or on a cluster."""
    if request.scheduler:
        from napari_vessel.workflows._tune_dask import cluster_at_work

        yield from cluster_at_work(site, study, request.scheduler)
    elif request.workers > 1:
        from napari_vessel.workflows._tune_crew import crew_at_work

        yield from crew_at_work(site, study, request.workers)
    else:
        yield from trials_at_work(site, study)


@dataclass
class _Desk:
    """Follows a study, and writes what a person reads of it."""

    site: TuneSite
    study: Study
    watch: Watch
    started: float
    drawn: float = -inf
    stale: bool = True  # what is written is of an earlier state of the study
    failed: list[str] = field(default_factory=list)  # before the first trial that got anywhere

    def opened(self) -> StudyOpened:
        """Tell what there is."""
        config = self.site.config
        settled = sum(one.settled for one in self.watch.trials)
        return StudyOpened(
            out=self.site.out,
            task=config.task,
            score=score_of(config),
            settings=tuple(config.tuned.settings),
            settled=settled,
            trials=config.study.trials,
            resumed=self.study.resumed,
        )

    def followed(self, work: Generator[float | None, None, None]) -> Generator[Any, None, _Reason]:
        """Relay what happens until there is nothing left to do, or no time."""
        minutes = self.site.config.study.minutes
        ends = inf if minutes is None else self.started + 60 * minutes
        with closing(work) as shares:
            for share in shares:
                yield from self._news()
                yield self.watch.progress(share)
                if monotonic() >= ends:
                    return "minutes"
        yield from self._news()
        return "trials"

    def write(self) -> Path | None:
        """Write the table and the best configuration; return that, if there is one."""
        summary = StudySummary(self.study.records())
        return TuneFolder(self.site.out).write(self.site.config, summary, self.site.device)

    def pictured(self) -> StudyPictured:
        """Write the table, the best configuration and the pictures."""
        folder, summary = TuneFolder(self.site.out), self.study.summary()
        best = self.write()
        space, score = self.site.config.tuned, score_of(self.site.config)
        figures = folder.pictures(summary, space, score)
        self.drawn, self.stale = monotonic(), False
        return StudyPictured(summary, figures, folder.table, best)

    def tuned(self, reason: _Reason) -> Tuned:
        """Tell how it ended."""
        folder, summary = TuneFolder(self.site.out), self.study.summary()
        best = summary.best
        names = ("running-best", "importance", "parallel")
        return Tuned(
            out=self.site.out,
            task=self.site.config.task,
            reason=reason,
            trials=summary.settled,
            complete=summary.count("complete"),
            pruned=summary.count("pruned"),
            failed=summary.count("failed"),
            best_value=best.value if best else None,
            best_trial=best.number if best else None,
            best=dict(best.values) if best else {},
            best_config=folder.best_config if best else None,
            checkpoint=folder.best_checkpoint(summary),
            importance=summary.importance,
            figures={name: self.site.out / f"{name}.png" for name in names},
            resumed=self.study.resumed,
            seconds=monotonic() - self.started,
        )

    def _news(self) -> Iterator[Any]:
        for event in self.watch.news():
            yield event
            if isinstance(event, TrialEnded):
                self.stale = True
                self._require_hope(event)
                if monotonic() - self.drawn >= _PICTURES_S:
                    yield self.pictured()

    def _require_hope(self, event: TrialEnded) -> None:
        """Give up where nothing works.

        Raises
        ------
        ComputeError
            With the reason of the last trial that failed.
        """
        if event.trial.state != "failed":
            self.failed.clear()
        elif not event.trial.retried and event.best is None:
            self.failed.append(event.trial.reason)
        if len(self.failed) >= _HOPELESS:
            raise ComputeError(
                f"The first {len(self.failed)} trials failed, the last because: {self.failed[-1]}"
            )
