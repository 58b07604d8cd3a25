"""``tune`` from the command line."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "workflows"))  # tests are no package

from tune_toys import pictures

CONFIG = """
[study]
trials = 2
pruner = "none"

[space.learning_rate]
low = 1e-3
high = 1e-2
log = true

[classify.data]
kind = "folders"
path = "images"

[classify.network]
backbone = "lenet"
size = 16

[classify.training]
epochs = 1
precision = "fp32"
"""


@pytest.fixture
def config(tmp_path):
    pictures(tmp_path / "images", 8)
    path = tmp_path / "discs.toml"
    path.write_text(CONFIG)
    return path


def test_a_study_is_told_of_gone_on_with_and_its_best_runs(nv, config, tmp_path):
    ran = nv("tune", config, "--device", "cpu", "--json")
    assert ran.exit_code == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert (said["trials"], said["complete"], said["resumed"]) == (2, 2, False)
    assert said["out"] == str(tmp_path / "discs.study")
    assert "Tuning learning_rate for balanced accuracy, 2 trials" in ran.stderr
    assert "Trial 1 reached" in ran.stderr
    more = nv("tune", config, "--device", "cpu", "--trials", 3, "--json")
    assert json.loads(more.stdout)["trials"] == 3
    assert "Going on with" in more.stderr
    best = nv("run", said["best_config"], "--json")
    assert best.exit_code == 0, best.stderr
    assert json.loads(best.stdout)["score"] == json.loads(more.stdout)["best_value"]


def test_a_mistake_ends_with_one_line_that_names_it(nv, config):
    config.write_text(CONFIG.replace("learning_rate", "lerning_rate"))
    ran = nv("tune", config)
    assert ran.exit_code == 2
    assert "space.lerning_rate" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_run_takes_a_file_that_tunes(nv, config, tmp_path):
    config.write_text('run = "tune"\ndevice = "cpu"\n' + CONFIG.replace("trials = 2", "trials = 1"))
    ran = nv("run", config, "--json")
    assert ran.exit_code == 0, ran.stderr
    assert json.loads(ran.stdout)["trials"] == 1
    assert (tmp_path / "discs.study.config.json").exists()
