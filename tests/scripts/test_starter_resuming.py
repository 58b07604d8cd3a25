"""Laws of the starter's training: what it says, what it goes on with, and what it refuses."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from itertools import count, islice

import numpy as np
import pytest
import torch

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.networks import Checkpoint, NetworkConfig
from napari_vessel.phantoms import Phantom

SMALL = NetworkConfig(encoder_depth=3, decoder_channels=(16, 8, 8))
TINY = ((32, 48, 48),) * 3
SECONDS = 40  # of the clock, each step
BUDGET = 230  # six steps; the state is saved after two, four and six
CPU = torch.device("cpu")


@pytest.fixture
def phantoms(script, tmp_path, monkeypatch, capsys):
    """Two tiny phantoms to learn from, after one held out."""
    data = script("starter_data")
    monkeypatch.setattr(data, "HELD_OUT", 1)
    made = data.load_phantoms(tmp_path / "phantoms", 2, 5, TINY)
    capsys.readouterr()
    return made


@pytest.fixture
def training(script, tmp_path):
    """Make a trainer whose clock ticks once a step; its settings can be changed."""
    plan = script("starter_batches").BatchPlan(seed=3, batch=2, patch=32)

    def make(name="state.pt", config=SMALL, rate=2e-3, phantoms=2, **changes):
        ticks = count(step=SECONDS)
        return script("starter_training").Trainer(
            config,
            replace(plan, **changes),
            BUDGET,
            rate,
            CPU,
            tmp_path / name,
            "fp32",
            {"phantoms": phantoms},
            lambda: next(ticks),
        )

    return make


@pytest.fixture
def drawn(script, phantoms):
    """Batches for a trainer, from the step that it has come to."""
    return lambda trainer: script("starter_batches").batches(
        phantoms[1:], [], trainer.plan, trainer.step
    )


def killed_after(steps, batches):
    yield from islice(batches, steps)
    raise KeyboardInterrupt


def test_a_training_killed_midway_and_gone_on_with_ends_as_one_that_was_not(training, drawn):
    whole, killed, resumed = training("whole.pt"), training(), training()
    whole.train(drawn(whole))
    with pytest.raises(KeyboardInterrupt):
        killed.train(killed_after(5, drawn(killed)))
    resumed.resume()
    assert resumed.step == 4, "the last state that was saved"
    resumed.train(drawn(resumed))
    assert resumed.step == whole.step == 6
    for part in ("network", "mean"):
        ours, theirs = (getattr(each, part).state_dict() for each in (resumed, whole))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs), part


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 4}, "seed was 3, now 4"),
        ({"batch": 4}, "batch was 2, now 4"),
        ({"patch": 64}, "patch was 32, now 64"),
        ({"real_share": 0.5}, "real share was 0.3, now 0.5"),
        ({"rate": 1e-3}, "rate was 0.002, now 0.001"),
        ({"phantoms": 3}, "phantoms was 2, now 3"),
        (
            {"config": NetworkConfig(encoder_depth=3, decoder_channels=(8, 8, 8))},
            "network decoder channels was [16, 8, 8], now [8, 8, 8]",
        ),
    ],
)
def test_the_state_of_another_training_is_refused_by_what_differs(training, change, told):
    training().save()
    other = training(**change)
    with pytest.raises(CallerError, match="delete it to begin anew") as refused:
        other.resume()
    assert f"another training: {told}. Give" in str(refused.value)


def test_a_state_that_cannot_be_trusted_is_refused_in_words(training, tmp_path):
    first = training()
    first.save()
    state = torch.load(first.state_file, weights_only=True)
    torch.save({name: state[name] for name in state if name != "settings"}, first.state_file)
    with pytest.raises(CallerError, match="its settings are not told"):
        training().resume()
    first.state_file.write_bytes(first.state_file.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        training().resume()


def test_a_training_says_every_minute_what_is_left(training, drawn, capsys):
    trainer = training()
    trainer.train(drawn(trainer))
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in said] == ["2", "4", "6"]
    assert [line.split("Mpx/s")[1].strip() for line in said] == [
        f"{minutes} processor minutes left" for minutes in ("2.5", "1.2", "0.0")
    ]


def test_phantoms_are_counted_while_they_are_made_and_made_once(
    script, phantoms, tmp_path, monkeypatch, capsys
):
    data, folder = script("starter_data"), tmp_path / "phantoms"
    monkeypatch.setattr(data, "_SAY_S", 0)
    data.load_phantoms(folder, 2, 5, TINY)
    assert not capsys.readouterr().out
    for path in sorted(folder.rglob("*.npz"))[1:]:
        path.unlink()
    again = data.load_phantoms(folder, 2, 5, TINY)
    said = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in said] == ["phantom 2/3", "phantom 3/3"]
    assert said[-1].endswith("0.0 minutes left")
    for ours, theirs in zip(again, phantoms, strict=True):
        assert (ours.image == theirs.image).all()
        assert (ours.truth == theirs.truth).all()


@pytest.fixture
def recipe(script, monkeypatch, tmp_path):
    """The script on the CPU, asked with a command line."""
    train = script("train_starter")
    monkeypatch.setattr(train, "choose_device", lambda: CPU)

    def ask(*options):
        words = ["train_starter.py", str(tmp_path / "work"), "--threads", "1", *options]
        monkeypatch.setattr(sys, "argv", words)
        return train

    return ask


def test_the_plan_names_all_that_was_asked_for_and_the_disk_that_it_needs(recipe, tmp_path):
    train = recipe(
        *("--seed", "7", "--batch", "4", "--patch", "160", "--rate", "0.001"),
        *("--phantoms", "700", "--minutes", "50", "--precision", "bf16"),
    )
    args = train.parsed()
    args.work.mkdir()
    text = train.plan_text(args, train.planned(args, []), [])
    for part in (
        "tu-resnet10t, seed 7, 1 slice(s)",
        "4 patches of 160², rate 0.001, 50 processor minutes on cpu in bf16, 1 thread(s)",
        "700 phantoms and 0 real items (0% of patches)",
        "1.3 GB of disk",
        "2.4 GB of memory",
    ):
        assert part in text, text


def test_another_seed_is_refused_before_any_phantom_is_made(recipe, monkeypatch, capsys):
    train = recipe("--seed", "1")
    monkeypatch.setattr(train, "load_phantoms", lambda *_: pytest.fail("It made phantoms."))
    args = train.parsed()
    args.work.mkdir()
    train.planned(args, []).save()
    with pytest.raises(SystemExit) as ended:
        recipe("--seed", "2").main()
    assert ended.value.code == 2
    assert "seed was 1, now 2" in capsys.readouterr().err


def scores(script, *surfaces):
    score = script("starter_scores").Score
    return [score("phantom", (0.4, 0.6), tuple(surface)) for surface in surfaces]


def test_the_threshold_is_that_of_the_best_mean_surface_dice(script, recipe):
    thresholds = script("starter_scores").THRESHOLDS
    rows = np.zeros((2, len(thresholds)))
    rows[0, 2], rows[1, 2], rows[0, 5], rows[1, 5] = 0.9, 0.1, 0.6, 0.6
    assert recipe().best_threshold(scores(script, *rows)) == thresholds[5]


def test_what_is_saved_is_the_mean_with_a_card_that_tells_how_it_came(
    script, recipe, training, drawn, tmp_path
):
    trainer = training()
    trainer.train(drawn(trainer))
    args = Namespace(
        out=tmp_path / "out", voxel_size=50.0, threshold=None, phantoms=2, seed=trainer.plan.seed
    )
    surface = np.eye(10)[7]
    recipe().save(trainer, args, [], scores(script, surface))
    saved = Checkpoint.open(args.out)
    assert saved.card.voxel_size_um == (50.0, 50.0, 50.0)
    assert saved.card.threshold == script("starter_scores").THRESHOLDS[7]
    assert saved.card.metrics["phantom_dice"] == 0.6
    assert "2 synthetic phantoms" in saved.card.provenance
    assert "seed 3); 6 steps of 2 patches of 32² in 4 processor minutes" in saved.card.provenance
    for ours, theirs in zip(
        saved.load().state_dict().values(), trainer.mean.state_dict().values(), strict=True
    ):
        assert torch.allclose(ours.float(), theirs.float(), rtol=1e-2, atol=1e-3)


def test_phantoms_that_were_made_in_another_way_are_made_anew(
    script, phantoms, tmp_path, monkeypatch
):
    data, folder = script("starter_data"), tmp_path / "phantoms"
    before = data.phantoms_version(TINY)
    assert data.phantoms_version(TINY) == before != data.phantoms_version()
    monkeypatch.setattr(Phantom, "outlined", lambda phantom: phantom.vessels & False)
    assert data.phantoms_version(TINY) != before
    assert not any(sample.truth.any() for sample in data.load_phantoms(folder, 2, 5, TINY))
    monkeypatch.undo()
    monkeypatch.setattr(data, "HELD_OUT", 1)
    again = data.load_phantoms(folder, 2, 5, TINY)
    assert [s.truth.sum() for s in again] == [s.truth.sum() for s in phantoms]
