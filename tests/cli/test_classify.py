"""``classify``, ``triage`` and ``run`` from the command line."""

import csv
import json

import imageio.v3 as iio
import numpy as np
import pytest
from typer.testing import CliRunner

from napari_vessel.cli import app
from napari_vessel.errors import CallerError
from napari_vessel.workflows import load_run

TOML = """
run = "classify"
draws = 20
[network]
backbone = "lenet"
size = 16
hidden = [8]
[data]
kind = "folders"
path = "toys"
group = '(d\\d)_'
[training]
epochs = 1
batch = 8
precision = "fp32"
"""


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """A folder with a configuration, and pictures of two classes."""
    folder = tmp_path_factory.mktemp("toys")
    rng = np.random.default_rng(0)
    for name, grey in (("dark", 20), ("light", 200)):
        (folder / "toys" / name).mkdir(parents=True)
        for number in range(6):
            image = rng.integers(grey, grey + 30, (16, 16)).astype(np.uint8)
            iio.imwrite(folder / "toys" / name / f"d{number}_a.png", image)
    (folder / "toys.toml").write_text(TOML)
    return folder


@pytest.fixture(scope="module")
def trained(toys):
    """What training tells, with --json; it lies in toys.classifier."""
    wish = ("--seed", "3", "--device", "cpu", "--json")
    return CliRunner().invoke(app, ["classify", "train", str(toys / "toys.toml"), *wish])


@pytest.fixture
def classifier(toys, trained):
    assert trained.exit_code == 0, trained.output
    return toys / "toys.classifier"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_train_tells_one_object_and_takes_the_command_s_word(toys, classifier, trained):
    told = json.loads(trained.stdout)
    assert told["checkpoint"] == str(classifier)
    assert {"accuracy", "balanced_accuracy", "auc", "confusion", "intervals"} <= told.keys()
    kept = json.loads((classifier / "config.json").read_text())
    assert (kept["run"], kept["training"]["seed"], kept["device"]) == ("classify", 3, "cpu")
    assert kept["data"]["path"] == str(toys / "toys")


def test_a_second_training_into_the_same_place_is_a_mistake(nv, toys, classifier):
    again = nv("classify", "train", toys / "toys.toml")
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr


def test_predict_writes_the_two_tables(nv, toys, classifier, tmp_path):
    out = tmp_path / "said"
    result = nv("classify", "predict", classifier, toys / "toys", out, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["samples"] == 12
    assert list(rows(out / "evaluation.csv")[0]) == ["name", "ground_truth"]
    assert list(rows(out / "probabilities.csv")[0]) == ["name", "dark", "light"]
    assert not (out / "scores.json").exists()


def test_evaluate_scores_and_draws(nv, toys, classifier, tmp_path):
    out = tmp_path / "scored"
    result = nv("classify", "evaluate", classifier, toys / "toys", out, "--draws", "20", "--json")
    told = json.loads(result.stdout)
    assert told["samples"] == 12
    assert told["accuracy"] == json.loads((out / "scores.json").read_text())["accuracy"]
    assert (out / "confusion.png").exists()
    assert (out / "confusion.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("classify", "predict", "none", "toys", "said"), "card"),
        (("classify", "predict", "CLASSIFIER", "nothing", "said"), "there is nothing"),
        (("classify", "evaluate", "CLASSIFIER", "toys/dark", "said"), "None of the 6 samples"),
        (("classify", "train", "none.toml"), "cannot be read"),
        (("run", "bad.toml"), r"training.epoch: there is no such key; did you mean epochs?"),
        (("run", "ask.toml", "--resume"), "leave out --resume"),
        (("triage", "volume.npy", "CLASSIFIER", "found"), "expected one of chunks"),
    ],
)
def test_mistakes_are_one_line_and_two(nv, toys, classifier, monkeypatch, arguments, told):
    monkeypatch.chdir(toys)
    (toys / "bad.toml").write_text(TOML.replace("epochs", "epoch"))
    ask = 'run = "classify-predict"\ncheckpoint = "toys.classifier"\n[data]\n'
    (toys / "ask.toml").write_text(ask + 'kind = "folders"\npath = "toys"\n')
    np.save(toys / "volume.npy", np.zeros((4, 16, 16), np.uint8))
    result = nv(*(classifier if word == "CLASSIFIER" else word for word in arguments))
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()[-1:]
    assert told in line
    assert "Traceback" not in result.output


def test_run_does_what_the_command_does_and_keeps_its_configuration(nv, toys, classifier):
    ask = {
        "run": "classify-evaluate", "checkpoint": "toys.classifier", "out": "scored", "draws": 5,
        "data": {"kind": "folders", "path": "toys"},
    }  # fmt: skip
    (toys / "ask.json").write_text(json.dumps(ask))
    first = nv("run", toys / "ask.json", "--json")
    assert first.exit_code == 0, first.output
    again = nv("run", toys / "scored" / "config.json", "--overwrite", "--json")
    told = [json.loads(result.stdout) for result in (first, again)]
    for values in told:
        values.pop("seconds")
    assert told[0] == told[1]
    assert told[0]["run"] == "classify-evaluate"


def test_run_predicts_and_evaluates(nv, good):
    predict = {
        "run": "predict", "volume": "kidney.npy", "checkpoint": "kidney.vessel/checkpoints/tiny",
        "out": "mask.ome.zarr",
        "inference": {"planes": ["xy"], "views": "none", "device": "cpu", "precision": "fp32"},
    }  # fmt: skip
    (good / "predict.json").write_text(json.dumps(predict))
    result = nv("run", good / "predict.json", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["state"] == "complete"
    kept = load_run(good / "mask.ome.zarr.config.json")
    assert kept.volume == str(good / "kidney.npy")
    assert kept.inference.planes == load_run(good / "predict.json").inference.planes
    evaluate = {"run": "evaluate", "prediction": "mask.ome.zarr", "truth": "truth.npy"}
    (good / "scores.json").write_text(json.dumps(evaluate | {"out": "told.json"}))
    result = nv("run", good / "scores.json", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["dice"] == json.loads((good / "told.json").read_text())["dice"]
    assert nv("run", good / "scores.json").exit_code == 2


def test_train_takes_a_file_of_run_and_no_other(good):
    (good / "train.toml").write_text('run = "train"\n[[volume]]\nimage = "kidney.npy"\n')
    assert load_run(good / "train.toml", "train").destination() == good / "train.checkpoint"
    (good / "other.toml").write_text('run = "triage"\n')
    with pytest.raises(CallerError, match="expected 'train'"):
        load_run(good / "other.toml", "train")


def test_skipping_takes_a_triage_and_a_job(nv, good):
    out = good / "mask.ome.zarr"
    alone = nv("predict", good / "kidney.npy", out, "--skip-below", "0.5")
    assert alone.exit_code == 2
    assert "name the triage" in alone.stderr
    proposal = nv("predict", good / "kidney.vessel", "--triage", good / "none")
    assert proposal.exit_code == 2
    assert "go with OUT" in proposal.stderr
