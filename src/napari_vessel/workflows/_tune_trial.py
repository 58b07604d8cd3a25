"""One trial: the training that anybody could ask for, watched epoch by epoch."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_vessel.errors import OutputExistsError, ProjectError, VesselError
from napari_vessel.search import Study, Trial
from napari_vessel.training import EpochEnd
from napari_vessel.workflows._classify_config import ClassifyRun
from napari_vessel.workflows._classify_events import ClassEpoch, ClassifyTrained
from napari_vessel.workflows._events import Progress, Trained
from napari_vessel.workflows._run_write import write_run
from napari_vessel.workflows._tune_config import TuneRun
from napari_vessel.workflows._tune_folder import TuneFolder, run_of, training_of
from napari_vessel.workflows._tune_space import Run

__all__ = ["TuneSite", "trials_at_work"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TuneSite:
    """All that a process needs to do trials of a study; picklable."""

    config: TuneRun
    out: Path
    recipe: dict[str, Any]
    device: str

    def study(self) -> Study:
        """Open the study."""
        return Study(self.out, self.config.tuned, self.config.study, self.recipe)


def trials_at_work(
    site: TuneSite, study: Study, *, most: int | None = None
) -> Generator[float, None, None]:
    """Do trials until the study needs no more, or ``most``; yield how far each is, 0 to 1.

    Whoever stops asking leaves a trial that is gone on with from where it was.

    Raises
    ------
    Exception
        A trial failed on what nobody foresaw; it is noted in the study.
    """
    done = 0
    while (most is None or done < most) and (trial := study.ask()) is not None:
        yield from _done(site, study, trial)
        TuneFolder(site.out).tidy(study)
        done += 1


def _done(site: TuneSite, study: Study, trial: Trial) -> Generator[float, None, None]:
    """Do a trial and tell the study how it ended, however it ended."""
    try:
        run = run_of(site.config, trial.values, trial.seed)
        value = yield from _value(site, trial, run)
    except VesselError as error:
        _log.warning("Trial %d failed: %s", trial.number, error)
        study.fail(trial, str(error))
    except (GeneratorExit, KeyboardInterrupt):
        study.fail(trial, "it was interrupted", again=True)
        raise
    except BaseException as error:
        study.fail(trial, f"{type(error).__name__}: {error}")
        raise
    else:
        if value is None:
            study.prune(trial)
        else:
            study.complete(trial, value)


def _value(site: TuneSite, trial: Trial, run: Run) -> Generator[float, None, float | None]:
    """Train, from where an earlier attempt was if it can be; None: the trial is given up."""
    try:
        return (yield from _trained(site, trial, run, resume=True))
    except (OutputExistsError, ProjectError) as error:
        _log.info("Trial %d begins anew: %s", trial.number, error)
        return (yield from _trained(site, trial, run, resume=False))


def _trained(
    site: TuneSite, trial: Trial, run: Run, *, resume: bool
) -> Generator[float, None, float | None]:
    folder = TuneFolder(site.out)
    out = folder.made_by(trial.origin)
    if isinstance(run, ClassifyRun):
        run = run.model_copy(update={"draws": 0})  # intervals of the part that no trial looks at
    request = training_of(run, out, site.device, resume=resume, overwrite=True)
    write_run(folder.trial(trial.origin) / "run.json", request)
    with closing(_events(request)) as events:
        for event in events:
            if isinstance(event, EpochEnd | ClassEpoch) and trial.report(event.epoch, event.score):
                return None
            if isinstance(event, Trained):
                return event.dice
            if isinstance(event, ClassifyTrained):
                return event.score
            if isinstance(event, Progress):
                yield event.fraction if event.unit == "epochs" else 0.0
    raise TypeError("a training ended without a result")


def _events(request: Any) -> Generator[Any, None, None]:  # noqa: ANN401  one of two requests
    """Run the workflow that a person would ask for; torch is imported here at the earliest."""
    from napari_vessel.workflows._registry import WORKFLOWS

    name = "train" if type(request).__name__ == "Train" else "classify"
    yield from WORKFLOWS[name](request)
