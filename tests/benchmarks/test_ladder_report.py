"""The ladder's tables and laws, from results of known means."""

from __future__ import annotations

import json
import sys

import pytest


def report_of(script, dices, **more):
    """Report on {(method, volume): Dice of each seed}."""
    cells, wanted, found = script("ladder_cells"), [], []
    for (method, volume), values in dices.items():
        for seed, dice in enumerate(values):
            cell = cells.Cell(method, volume, seed, "")
            group = "two-photon" if volume.startswith("twophoton") else "HiP-CT"
            wanted.append(cell)
            scores = {"dice": dice, "surface_dice": dice, "cldice": dice, "seconds": 1.0}
            found.append(vars(cell) | scores | {"group": group} | more.get(volume, {}))
    return script("ladder_report").Report.of(wanted, found)


def test_a_mean_is_of_the_volumes_seeds_and_leaves_marked_volumes_out(script):
    dices = {
        ("tuned-3", "kidney1"): [1.0, 1.0],
        ("tuned-3", "kidney3"): [0.4, 0.6],
        ("tuned-3", "twophoton"): [0.7, 0.7],
        ("sdf-3", "kidney1"): [0.1, 0.1],
        ("sdf-3", "kidney3"): [0.2, 0.2],
        ("sdf-3", "twophoton"): [0.6, 0.6],
    }
    tuned, sdf = report_of(script, dices, kidney1={"marked": True}).rows("dice")
    assert tuned["kidney1*"] == 1
    assert tuned["kidney3"] == pytest.approx(0.5)
    assert tuned["mean HiP-CT"] == pytest.approx(0.5)
    assert tuned["mean"] == pytest.approx(0.6)
    assert not tuned["mean with *"]
    assert sdf["mean"] == pytest.approx(0.4)
    assert sdf["mean with *"] == pytest.approx(0.3)


def test_volumes_of_neither_kind_have_a_mean_of_their_own(script):
    dices = {("sdf-3", "hipct3d_9"): [0.2], ("sdf-3", "a"): [0.6], ("sdf-3", "b"): [1.0]}
    other = {"group": "other"}
    (row,) = report_of(script, dices, a=other, b=other).rows("dice")
    assert row["mean HiP-CT"] == pytest.approx(0.2)
    assert row["mean other"] == pytest.approx(0.8)
    assert row["mean"] == pytest.approx(0.6)
    assert "mean two-photon" not in row


def test_one_table_comes_first_with_the_means_over_the_unmarked_volumes(script):
    chance = "hipct3d_17_kidney3"
    dices = {
        ("tuned-3", "kidney1"): [0.9, 0.9],
        ("tuned-3", chance): [0.2, 0.4],
        ("tuned-3", "twophoton"): [0.7],
        ("zero-shot", "kidney1"): [0.8],
        ("zero-shot", chance): [0.1],
        ("zero-shot", "twophoton"): [0.5],
    }
    early = {"early": {"3": {"dice": 0.25, "surface_dice": 0.5, "cldice": 0.75}}}
    scores = {"surface_dice": 0.3, "cldice": 0.6, "seconds": 8.0}
    more = {chance: scores | early, "twophoton": scores | early, "kidney1": {"marked": True}}
    report = report_of(script, dices, **more)
    tuned, zero_shot, *_ = report.means()
    assert tuned == {
        "method": "tuned-3",
        "seeds": "1 to 2",
        "Dice": pytest.approx(0.5),
        "surface dice": pytest.approx(0.3),
        "clDice": pytest.approx(0.6),
        "seconds": pytest.approx(8),
        f"Dice without {chance}": pytest.approx(0.7),
    }
    assert (zero_shot["seeds"], zero_shot["Dice"]) == ("1", pytest.approx(0.3))
    after = next(row for row in report.means() if row["method"] == "tuned-3 after 3 s")
    assert (after["Dice"], after["surface dice"], after["clDice"]) == (0.25, 0.5, 0.75)
    text = report.text()
    assert text.startswith(
        "## Means\n\n| method | seeds | Dice | surface dice | clDice | seconds |"
    )
    assert f"Over {chance}, twophoton." in text


def test_volumes_have_a_mean_where_only_what_draws_nothing_was_asked_for(script):
    dices = {("sato", "a"): [0.2], ("sato", "b"): [0.6], ("sato", "slice"): [1.0]}
    rest = {"rest": {"dice": 0.0}}
    report = report_of(script, dices, a=rest, b=rest)
    assert report.flat == {"slice"}
    assert report.means()[0]["Dice"] == pytest.approx(0.4)


def test_a_law_is_missed_by_one_volume_and_unknown_without_one(script):
    dices = {
        ("tuned-3", "kidney3"): [0.5],
        ("tuned-3", "twophoton"): [0.7],
        ("forest-3", "kidney3"): [0.4],
        ("forest-3", "twophoton"): [0.8],
    }
    laws = {law.text: law for law in report_of(script, dices).laws()}
    forest = next(law for text, law in laws.items() if "forest-3" in text)
    assert forest.passed is False
    assert "-0.100, twophoton" in forest.figures
    assert next(law for text, law in laws.items() if "scratch-3" in text).passed is None
    dices["forest-3", "twophoton"] = [0.6]
    laws = report_of(script, dices).laws()
    assert next(law for law in laws if "forest-3" in law.text).passed is True


def test_what_lacks_a_volume_has_no_mean(script):
    dices = {("sdf-3", "kidney3"): [0.2], ("sdf-6", "kidney3"): [0.3], ("sdf-6", "b"): [0.3]}
    rows = report_of(script, dices).rows("dice")
    assert not rows[0]["mean"]
    assert rows[1]["mean"] == pytest.approx(0.3)


# Results of older recipes


@pytest.fixture
def old_results(script, tmp_path):
    """Make a results file of one volume: two old recipes of tuned-3, one of zero-shot."""
    cells, path = script("ladder_cells"), tmp_path / "old.jsonl"
    lines = [("threshold", 0, "", 0.1), ("zero-shot", 0, "old", 0.3)]
    lines += [("tuned-3", seed, "old, 40 s", 0.5 + seed / 10) for seed in range(3)]
    lines += [("tuned-3", 0, "older, 40 s", 0.2)]
    for method, seed, recipe, dice in lines:
        cell = cells.Cell(method, "tubes", seed, recipe)
        scores = {"dice": dice, "surface_dice": dice, "cldice": dice, "seconds": 1.0}
        cells.append_result(path, vars(cell) | scores | {"group": "other", "rest": {"dice": dice}})
    return path


@pytest.fixture
def printed(script, monkeypatch, capsys):
    """Run the command, and return what it prints."""

    def run(*words):
        for name in script("ladder")._ONE_THREAD:
            monkeypatch.setenv(name, "1")
        monkeypatch.setattr(sys, "argv", ["ladder.py", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            script("ladder").main()
        assert not ended.value.code
        return capsys.readouterr().out

    return run


NAMED = ("--methods", "threshold,zero-shot,tuned-3", "--voxel-size", "5,2,2", "--vessels", "dark")


def test_a_report_tells_of_the_lines_of_other_recipes(printed, old_results, folder):
    volumes = ("--volumes", folder())
    out = printed(old_results, "--report", *NAMED, *volumes)
    assert "| threshold | 1 | 0.100 |" in out
    assert "**5 lines of other recipes**" in out
    assert "--any-recipe" in out
    assert "- tuned-3 of `old, 40 s`: 3" in out
    assert "1 of 5 cells." in out
    found = json.loads(printed(old_results, "--report", "--json", *NAMED, *volumes))
    assert sum(row["lines"] for row in found["other_recipes"]) == 5


def test_a_volume_is_marked_before_any_cell_of_the_starter_says_so(printed, folder, tmp_path):
    volumes = f"{folder('kidney1')},{folder('tubes')}"
    out = printed(tmp_path / "none.jsonl", "--report", "--json", *NAMED, "--volumes", volumes)
    assert json.loads(out)["marked"] == ["kidney1"]
    assert json.loads(out)["means of"] == ["tubes"]


def test_rows_of_any_recipe_are_shown_by_recipe(printed, old_results):
    out = printed(old_results, "--report", "--any-recipe")
    assert "| tuned-3 [old, 40 s] | 3 | 0.600 |" in out
    assert "| tuned-3 [older, 40 s] | 1 | 0.200 |" in out
    assert "| zero-shot | 1 | 0.300 |" in out
    assert "- zero-shot: `old`" in out
    assert "6 of 6 cells in the file." in out


def test_lines_of_todays_recipes_are_not_told_of(script):
    cells, recipes = script("ladder_cells"), script("ladder_recipes")
    wanted = [cells.Cell("tuned-3", "a/tubes", seed, "new") for seed in range(2)]
    line = {"method": "tuned-3", "volume": "tubes", "seed": 5, "recipe": "new"}
    unasked = line | {"volume": "another", "recipe": "old"}
    assert not recipes.Others.of(wanted, [line, unasked]).text()
