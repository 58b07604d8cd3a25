from copy import deepcopy
from dataclasses import dataclass, field
from math import inf, nan

import pytest

from napari_vessel.training import Best, EpochEnd, FitEnd, FitMemory, StepEnd, TrainingConfig, fit


@dataclass
class Scripted:
    """A task whose losses and scores are given; its state is the steps it took."""

    scores: list[float]  # the first is before training
    losses: list[float] = field(default_factory=list)
    steps: int = 0
    slowed: int = 0
    validated: int = 0

    def step(self, batch: int) -> float:
        self.steps += 1
        return self.losses[self.steps - 1] if self.losses else 1.0 / self.steps

    def validate(self) -> float:
        self.validated += 1
        return self.scores[min(self.validated, len(self.scores)) - 1]

    def state(self) -> dict[str, object]:
        return {"steps": self.steps}

    def restore(self, state: dict[str, object]) -> None:
        self.steps = state["steps"]

    def slow_down(self) -> None:
        self.slowed += 1


CONFIG = TrainingConfig(epochs=4, patience=2, plateau=1, minutes=None)
BATCHES = range(3)


def epochs(events: list) -> list[EpochEnd]:
    return [event for event in events if isinstance(event, EpochEnd)]


def test_the_best_state_is_back_at_the_end() -> None:
    task = Scripted([0.1, 0.3, 0.5, 0.4, 0.2])
    events = list(fit(task, BATCHES, CONFIG))
    assert task.steps == 6
    assert events[-1] == FitEnd("patience", 2, 0.1, 0.5)
    assert [e.best for e in epochs(events)] == [True, True, False, False]
    steps = [e.step for e in events if isinstance(e, StepEnd)]
    assert steps == list(range(1, 13))


def test_training_that_never_helps_ends_where_it_began() -> None:
    task = Scripted([0.9, 0.1, 0.1, 0.1])
    *_, last = fit(task, BATCHES, CONFIG)
    assert (task.steps, last) == (0, FitEnd("patience", 0, 0.9, 0.9))


@pytest.mark.parametrize("loss", [nan, inf])
def test_a_loss_that_is_not_finite_stops_and_goes_back_to_the_best(loss: float) -> None:
    task = Scripted([0.1, 0.5, 0.9], losses=[1, 1, 1, 1, loss, 1])
    events = list(fit(task, BATCHES, CONFIG))
    assert task.steps == 3
    assert events[-1] == FitEnd("diverged", 1, 0.1, 0.5)
    assert len(epochs(events)) == 1


def test_a_score_that_is_nan_is_zero_and_never_best() -> None:
    task = Scripted([0.1, nan, nan])
    events = list(fit(task, BATCHES, CONFIG))
    assert [e.score for e in epochs(events)] == [0.0, 0.0]
    assert task.steps == 0


def test_a_start_that_predicts_nothing_can_be_replaced() -> None:
    task = Scripted([nan, 0.0, 0.0, 0.2, 0.3])
    events = list(fit(task, BATCHES, CONFIG))
    assert [e.best for e in epochs(events)] == [True] * 4
    assert events[-1] == FitEnd("epochs", 4, 0.0, 0.3)


def test_closing_the_generator_stops_within_a_batch_and_keeps_the_best() -> None:
    task = Scripted([0.1, 0.5, 0.9])
    events = fit(task, BATCHES, CONFIG)
    for event in events:
        if isinstance(event, StepEnd) and event.step == 5:
            break
    events.close()
    assert task.steps == 3


def test_the_time_limit_ends_the_epoch_and_judges_what_was_learned() -> None:
    seconds = iter(range(0, 1000, 10))
    task = Scripted([0.1, 0.5])
    config = CONFIG.model_copy(update={"minutes": 1 / 3})  # 20 s: two steps
    events = list(fit(task, BATCHES, config, clock=lambda: next(seconds)))
    assert events[-1] == FitEnd("minutes", 1, 0.1, 0.5)
    assert task.steps == 2


def test_a_plateau_slows_learning_down() -> None:
    task = Scripted([0.5, 0.6, 0.1, 0.1])
    list(fit(task, BATCHES, CONFIG))
    assert task.slowed == 1


def test_an_error_leaves_the_best_state() -> None:
    class Failing(Scripted):
        def step(self, batch: int) -> float:
            if self.steps == 4:
                raise OSError("the disk went away")
            return super().step(batch)

    task = Failing([0.1, 0.5])
    with pytest.raises(OSError, match="disk"):
        list(fit(task, BATCHES, CONFIG))
    assert task.steps == 3


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_training_killed_at_any_step_goes_on_as_if_nothing_had_been(cut: int) -> None:
    scores = [0.1, 0.3, 0.2, 0.25, 0.5]
    config = TrainingConfig(epochs=4, patience=3, plateau=1, minutes=None)

    whole = Scripted(list(scores))
    told = list(fit(whole, [0, 1, 2], config))

    first, memory = Scripted(list(scores)), FitMemory()
    before = []
    events = fit(first, [0, 1, 2], config, memory=memory)
    for event in events:
        before.append(event)
        if len(before) == cut:
            break
    kept, state = deepcopy(memory), (first.steps, first.slowed, first.validated)

    second = Scripted(list(scores))
    second.steps, second.slowed, second.validated = state
    rest = len(kept.losses)  # batches of the epoch that was cut
    batches = iter([[0, 1, 2][rest:], *[[0, 1, 2]] * 9])

    class Rest:
        def __iter__(self):
            return iter(next(batches))

    after = list(fit(second, Rest(), config, memory=kept))
    assert before + after == told
    assert (second.steps, second.slowed) == (whole.steps, whole.slowed)


def test_a_training_that_had_run_out_of_patience_does_not_begin_again() -> None:
    task = Scripted([0.9])
    memory = FitMemory(best=Best({"steps": 3}, 0.1, 0.9), epoch=3, step=9, idle=2)
    assert list(fit(task, BATCHES, CONFIG, memory=memory)) == [FitEnd("patience", 0, 0.1, 0.9)]
    assert task.steps == 3
