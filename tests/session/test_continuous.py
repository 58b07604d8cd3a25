"""When a project that trains by itself trains, and when it rests."""

from __future__ import annotations

import pytest

from napari_vessel.session import Continuous, Situation
from napari_vessel.training import ContinuousConfig
from napari_vessel.workflows import Retrained

CONFIG = ContinuousConfig(
    first_minutes=1, most_minutes=3, patience_rounds=2, patience_minutes=60, settle_seconds=5
)
READY = Situation(reviewed=10)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def on(clock: Clock) -> Continuous:
    made = Continuous(CONFIG, clock)
    made.switch(on=True)
    return made


def result(*, adopted: bool) -> Retrained:
    return Retrained(adopted, False, "new" if adopted else None, "Because.", 0.1, 0.2, 1.0)


def train(trained: Continuous, *, adopted: bool) -> float:
    minutes = trained.due(READY)
    assert minutes is not None
    trained.begun()
    trained.ended(result(adopted=adopted))
    return minutes


def test_switched_off_nothing_begins() -> None:
    made = Continuous(CONFIG)
    assert made.due(READY) is None
    made.switch(on=True)
    assert made.due(READY) == 1
    made.switch(on=False)
    assert made.due(READY) is None


def test_it_waits_for_the_first_correction(on: Continuous) -> None:
    assert on.due(Situation(reviewed=0)) is None
    assert on.state == "waiting"
    assert on.due(READY) == 1


def test_one_round_at_a_time(on: Continuous) -> None:
    on.begun()
    assert on.due(READY) is None
    on.ended(result(adopted=True))
    assert on.due(Situation(reviewed=10, training=True)) is None  # asked for by hand
    assert on.due(READY) is not None


def test_rounds_on_the_same_corrections_get_longer_up_to_the_most(on: Continuous) -> None:
    assert [train(on, adopted=True) for _ in range(4)] == [1, 2, 3, 3]


def test_it_rests_after_rounds_without_a_better_network(on: Continuous) -> None:
    train(on, adopted=False)
    train(on, adopted=True)
    train(on, adopted=False)
    train(on, adopted=False)
    assert on.due(READY) is None
    assert on.state == "resting"
    assert "2 rounds" in on.sentence


def test_it_rests_after_minutes_without_a_better_network(on: Continuous, clock: Clock) -> None:
    train(on, adopted=True)
    clock.now += 3601
    assert on.due(READY) is None
    assert on.state == "resting"
    assert "60 minutes" in on.sentence


def test_a_correction_wakes_it_with_a_short_round_once_the_strokes_have_settled(
    on: Continuous, clock: Clock
) -> None:
    train(on, adopted=False)
    train(on, adopted=False)
    assert on.due(READY) is None
    clock.now += 100
    on.news()
    assert on.due(READY) is None
    clock.now += 5
    assert on.due(READY) == 1
    assert on.goes_on


def test_what_is_corrected_while_it_trains_is_learned_next(on: Continuous, clock: Clock) -> None:
    on.begun()
    on.news()
    on.ended(result(adopted=False))
    clock.now += 5
    assert on.due(READY) == 1  # not 2: it is the first round on these


@pytest.mark.parametrize("what", ["predicting", "in_stroke"])
def test_no_round_begins_while_the_machine_or_the_hand_is_busy(on: Continuous, what: str) -> None:
    assert on.due(Situation(10, **{what: True})) is None
    assert on.state == "held"
    assert on.due(READY) == 1


def test_it_gives_up_when_it_fails_again_and_again_and_says_why(on: Continuous) -> None:
    for _ in range(2):
        assert on.due(READY) is not None
        on.begun()
        on.failed("The disk is full.")
    assert on.due(READY) is None
    assert on.state == "failed"
    assert "The disk is full." in on.sentence
    on.switch(on=True)
    assert on.due(READY) == 1


def test_a_failure_in_between_is_forgotten(on: Continuous) -> None:
    for _ in range(3):
        on.begun()
        on.failed("Killed.")
        train(on, adopted=True)
    assert on.on


def test_switched_off_while_it_trains_it_stays_off(on: Continuous) -> None:
    on.begun()
    on.switch(on=False)
    on.ended(result(adopted=True))
    assert on.state == "off"


def test_with_nothing_to_learn_from_it_waits_says_why_and_wakes_at_corrections(
    on: Continuous, clock: Clock
) -> None:
    for _ in range(5):  # as where one window of the audit set is reviewed after another
        assert on.due(READY) == 1
        on.begun()
        on.nothing("Only the audit set is reviewed.")
        assert on.due(READY) is None
        assert (on.state, on.lacks) == ("waiting", True)
        assert "Only the audit set" in on.sentence
        on.news()
        clock.now += 5
    assert on.due(READY) == 1
    assert "as soon as something is corrected" in on.sentence


def test_what_is_corrected_while_a_round_finds_nothing_is_looked_at_next(
    on: Continuous, clock: Clock
) -> None:
    on.begun()
    on.news()
    on.nothing("Only the audit set is reviewed.")
    clock.now += 5
    assert on.due(READY) == 1
