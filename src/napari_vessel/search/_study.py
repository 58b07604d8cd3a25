"""A study in a folder: shared by processes, gone on with after any kill."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.trial import FrozenTrial, TrialState

from napari_vessel.errors import ProjectError, VesselError, WriteError
from napari_vessel.search._alive import Presence, is_alive
from napari_vessel.search._config import StudyConfig
from napari_vessel.search._journal import JournalFile
from napari_vessel.search._recipe import keep_recipe
from napari_vessel.search._record import StudySummary, TrialRecord
from napari_vessel.search._sampling import draw, pruner_of, quiet, sampler_of
from napari_vessel.search._space import SearchSpace
from napari_vessel.search._summary import records_of, retried_among, summary_of
from napari_vessel.search._trial import Trial

__all__ = ["Study"]

_NAME = "napari-vessel"
_log = logging.getLogger(__name__)


class Study:
    """Trials of settings, the truth of which is ``study.journal`` in its folder.

    Any number of processes, on machines that share the folder, may open it at once. A trial
    whose process died is failed by whoever asks next, and tried again a bounded number of times.

    Parameters
    ----------
    folder
        Made if need be.
    space
        What is drawn.
    config
        How it goes about it; it may be another one each time.
    recipe
        What the study is of, in JSON's types: fixed settings and the fingerprint of the data.
        With these and the space it can be gone on with, and with no others.

    Raises
    ------
    OutputExistsError
        There is a study of something else.
    ProjectError
        Its files are damaged.
    WriteError
        The folder cannot be written.

    Examples
    --------
    ::

        study = Study(folder, SearchSpace({"lr": Range(low=1e-4, high=1e-1, log=True)}))
        while (trial := study.ask()) is not None:
            study.complete(trial, train(trial.values["lr"], seed=trial.seed))
        best = study.summary().best
    """

    def __init__(
        self,
        folder: Path,
        space: SearchSpace,
        config: StudyConfig | None = None,
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder, self.space, self.config = folder, space, config or StudyConfig()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / "study.lock", thread_local=False)
            with self._lock, quiet():
                of = {"space": space.model_dump(mode="json"), **(recipe or {})}
                self.resumed = keep_recipe(folder / "study.json", of)
                self._study = _opened(folder / "study.journal", self.config)
            self._presence = Presence(self._alive)
        except OSError as error:
            if isinstance(error, VesselError):  # explained already
                raise
            reason = error.strerror or error
            raise WriteError(f"{folder} cannot be written: {reason}.") from error

    # -- asking and telling ----------------------------------------------------

    def ask(self) -> Trial | None:
        """Begin the next trial; None where as many as asked for have ended or are under way.

        One that was given up by a killed process comes first, with the same values and seed.
        """
        with self._changing():
            self._bury()
            trials = self._trials()
            waiting = any(one.state == TrialState.WAITING for one in trials)
            going = len(trials) - len(retried_among(trials))  # whoever is tried again counts once
            if not waiting and going >= self.config.trials:
                return None
            return self._begun(len(trials))

    def complete(self, trial: Trial, value: float) -> None:
        """Tell what a trial reached; higher is better. What is no number is a failure."""
        if not isfinite(value):
            self.fail(trial, f"its score is {value}")
            return
        self._end(trial, lambda: self._study.tell(trial.number, value))

    def prune(self, trial: Trial) -> None:
        """Tell that a trial was given up, as :meth:`Trial.report` said."""
        self._end(trial, lambda: self._study.tell(trial.number, state=TrialState.PRUNED))

    def fail(self, trial: Trial, reason: str, *, again: bool = False) -> None:
        """Tell that a trial failed; ``again``: it was interrupted, and is to be tried again."""
        frozen = self._frozen(trial.number)
        self._end(trial, lambda: self._fail(frozen, reason, again=again, counts=not again))

    def summary(self) -> StudySummary:
        """Return all trials as they are now, and how much each setting mattered."""
        with quiet():
            return summary_of(self._study)

    def records(self) -> tuple[TrialRecord, ...]:
        """Return all trials as they are now, also those of other processes; quick."""
        with quiet():
            return records_of(self._study)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the other processes from changing the study meanwhile, and its best results."""
        with self._lock:
            yield

    def close(self) -> None:
        """Leave the study; trials of this process that did not end are taken for dead."""
        self._presence.close()

    def __enter__(self) -> Study:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- inside ----------------------------------------------------------------

    @property
    def _alive(self) -> Path:
        return self.folder / "alive"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock, quiet():
            yield

    def _end(self, trial: Trial, tell: Callable[[], object]) -> None:
        """Tell how a trial ended, unless another process took it for dead, and tries it again."""
        with self._changing():
            if self._frozen(trial.number).state.is_finished():
                _log.warning("Trial %d was taken for dead: what it brought is lost.", trial.number)
            else:
                tell()

    def _trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._trials()[number]

    def _begun(self, number: int) -> Trial:
        """Draw a trial and note whose it is."""
        self._study.sampler = sampler_of(self.config, number)
        asked = self._study.ask()
        own = self.config.seed + (0 if self.config.same_seed else asked.number)
        facts = {"seed": own, "origin": asked.number, **asked.user_attrs}
        for key, value in {**facts, "worker": self._presence.name}.items():
            asked.set_user_attr(key, value)
        told = self._told_before(asked, int(facts.get("retry_of", -1)))
        values = draw(asked, self.space)
        asked.set_user_attr("drawn", value=True)
        warmup = self.config.warmup
        return Trial(asked, asked.number, values, facts["seed"], facts["origin"], warmup, told)

    def _told_before(self, asked: optuna.Trial, retry_of: int) -> set[int]:
        """Carry over what was told by the trial that is tried again."""
        if retry_of < 0:
            return set()
        scores = self._frozen(retry_of).intermediate_values
        for epoch, score in scores.items():
            asked.report(score, epoch)
        return set(scores)

    def _bury(self) -> None:
        """Fail the trials whose process is no more."""
        for trial in self._trials():
            if trial.state != TrialState.RUNNING:
                continue
            worker = str(trial.user_attrs.get("worker", ""))
            if worker != self._presence.name and not is_alive(self._alive, worker):
                self._fail(trial, "its process was killed", again=True, counts=True)

    def _fail(self, trial: FrozenTrial, reason: str, *, again: bool, counts: bool) -> None:
        """Fail a trial; where it is tried again, that stands in the file before it failed."""
        attempt = int(trial.user_attrs.get("attempt", 0)) + counts
        storage = self._study._storage  # noqa: SLF001  a trial of another process has no handle
        storage.set_trial_user_attr(trial._trial_id, "reason", reason)  # noqa: SLF001
        retried = trial.number in retried_among(self._trials())
        if again and attempt <= self.config.retries and not retried:
            kept = ("seed", "origin")
            facts = {key: value for key, value in trial.user_attrs.items() if key in kept}
            facts = {"origin": trial.number, **facts, "retry_of": trial.number, "attempt": attempt}
            self._study.enqueue_trial(trial.params, user_attrs=facts)
        self._study.tell(trial.number, state=TrialState.FAIL)


def _opened(path: Path, config: StudyConfig) -> optuna.Study:
    """Open the file; a foreign or newer one is explained."""
    try:
        storage = optuna.storages.JournalStorage(JournalFile(path))
        return optuna.create_study(
            storage=storage,
            study_name=_NAME,
            direction="maximize",
            pruner=pruner_of(config),
            load_if_exists=True,
        )
    except (LookupError, TypeError, ValueError) as error:
        if isinstance(error, ProjectError):
            raise
        raise ProjectError(
            f"{path} is no study of this program ({error}): choose another folder."
        ) from error
