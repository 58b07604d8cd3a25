"""From optuna's trials to plain records."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from napari_vessel.search._record import StudySummary, TrialRecord
from napari_vessel.search._record import TrialState as State

__all__ = ["is_retried", "summary_of"]

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
    trials = study.get_trials(deepcopy=False)
    records = tuple(_record(trial, trials) for trial in trials)
    return StudySummary(records, _importance(study, records))


def is_retried(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> bool:
    """Tell whether a later trial tries this one again."""
    later = trials[trial.number + 1 :]
    return any(one.user_attrs.get("retry_of") == trial.number for one in later)


def _record(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> TrialRecord:
    took = trial.duration
    facts = trial.user_attrs
    return TrialRecord(
        number=trial.number,
        state=_STATES[trial.state],
        value=trial.value if trial.state == TrialState.COMPLETE else None,
        values=dict(trial.params),
        seed=int(facts.get("seed", 0)),
        scores=dict(sorted(trial.intermediate_values.items())),
        seconds=took.total_seconds() if took else None,
        retry_of=facts.get("retry_of"),
        reason=str(facts.get("reason", "")),
        retried=trial.state == TrialState.FAIL and is_retried(trial, trials),
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
