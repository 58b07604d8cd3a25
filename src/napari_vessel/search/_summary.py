"""From optuna's trials to plain records."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from napari_vessel.search._record import StudySummary, TrialRecord
from napari_vessel.search._record import TrialState as State

__all__ = ["records_of", "retried_among", "summary_of"]

_STATES: dict[TrialState, State] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_FEWEST = 4  # complete trials, under which importance is chance


def summary_of(study: optuna.Study) -> StudySummary:
    """Return the trials of a study, and how much each setting mattered."""
    records = records_of(study)
    return StudySummary(records, _importance(study, records))


def records_of(study: optuna.Study) -> tuple[TrialRecord, ...]:
    """Return the trials of a study."""
    trials = study.get_trials(deepcopy=False)
    retried = retried_among(trials)
    return tuple(_record(trial, again=trial.number in retried) for trial in trials)


def retried_among(trials: Sequence[FrozenTrial]) -> set[int]:
    """Return the numbers of the trials that a later one tries again."""
    found = (trial.user_attrs.get("retry_of") for trial in trials)
    return {number for number in found if number is not None}


def _record(trial: FrozenTrial, *, again: bool) -> TrialRecord:
    took, facts = trial.duration, trial.user_attrs
    being_drawn = trial.state == TrialState.RUNNING and not facts.get("drawn")
    state: State = "waiting" if being_drawn else _STATES[trial.state]
    return TrialRecord(
        number=trial.number,
        state=state,
        value=trial.value if trial.state == TrialState.COMPLETE else None,
        values=dict(trial.params),
        seed=int(facts.get("seed", 0)),
        scores=dict(sorted(trial.intermediate_values.items())),
        seconds=took.total_seconds() if took else None,
        origin=int(facts.get("origin", trial.number)),
        retry_of=facts.get("retry_of"),
        reason=str(facts.get("reason", "")),
        retried=trial.state == TrialState.FAIL and again,
    )


def _importance(study: optuna.Study, records: Sequence[TrialRecord]) -> dict[str, float]:
    """Return how much of the difference between good and other trials each setting tells.

    By PED-ANOVA (Watanabe et al. 2023), which knows settings that not every trial has.
    """
    values = {one.value for one in records if one.state == "complete"}
    complete = sum(one.state == "complete" for one in records)
    if complete < _FEWEST or len(values) < 2:
        return {}
    found = optuna.importance.get_param_importances(study)
    return {name: float(share) for name, share in found.items()}
