"""The pure parts of the benchmark of chunks; its trainings are run by hand."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

Script = Callable[[str], ModuleType]


def result(**changes: Any) -> dict[str, Any]:
    perfect = {"truth": [0, 1, 0], "probability": [0.1, 0.9, 0.1]}
    cell = {"recipe": "tuned", "balance": "none", "turn": 0, "number": 0}
    volumes = {"volumes": [["a", 2], ["b", 1]]}
    return cell | perfect | volumes | {"validation": 0.5, "seconds": 1.0} | changes


def test_every_volume_is_tested_on_once_and_never_learned_from_then(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = script("chunks_data")
    monkeypatch.setattr(data, "_cut", lambda names, *_: set(names))
    everything = {name for names in data.TURNS for name in names}
    assert sum(map(len, data.TURNS)) == len(everything)
    for number in range(len(data.TURNS)):
        for chosen_by in (1, 2, 3):
            data.turn.cache_clear()
            found = data.turn(number, chosen_by=chosen_by)
            parts = (found.train, found.validation, found.test)
            assert set.union(*parts) == everything
            assert sum(map(len, parts)) == len(everything)
            assert found.test == set(data.TURNS[number])


def test_a_study_is_judged_by_the_trial_that_its_validation_chose(script: Script) -> None:
    report = script("chunks_report")
    wrong = [0.9, 0.1, 0.9]
    trials = [result(validation=0.6, probability=wrong), result(validation=0.5)]
    given_up = {key: value for key, value in result(validation=0.9).items() if key != "probability"}
    rows = {row["recipe"]: row for row in report.rows([*trials, given_up | {"pruned": True}])}
    assert rows["tuned"]["accuracy"] == 0
    assert rows["tuned"]["turns"] == "1 of 4"
    assert rows["always background"]["accuracy"] == pytest.approx(2 / 3)


def test_networks_of_the_whole_recipe_are_asked_together(script: Script) -> None:
    report = script("chunks_report")
    unsure = [result(recipe="whole", number=at, probability=[p, 1 - p, p]) for at, p in enumerate(
        (0.6, 0.1, 0.1)
    )]  # fmt: skip
    rows = {row["recipe"]: row for row in report.rows(unsure)}
    assert rows["whole"]["accuracy"] == 1


def test_volumes_without_vessels_do_not_count_among_vessels(script: Script) -> None:
    report = script("chunks_report")
    alarmed = result(probability=[0.1, 0.9, 0.8])
    row = next(row for row in report.rows([alarmed]) if row["recipe"] == "tuned")
    assert row["balanced accuracy"] == 0.75
    assert row["among vessels"] == 1
