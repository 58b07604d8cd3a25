"""``train`` from the command line."""

import json

import numpy as np
import pytest

from napari_vessel.networks import Checkpoint

CONFIG = """
[network]
encoder = "tu-resnet10t"
encoder_depth = 3
decoder_channels = [8, 8, 8]

[training]
epochs = 1
steps_per_epoch = 1
batch = 2
patch = 32
planes = ["xy"]
precision = "fp32"

[[volume]]
image = "kidney.npy"
labels = "truth.npy"
voxel_size = 50
"""


@pytest.fixture
def config(good):
    path = good / "run.toml"
    path.write_text(CONFIG)
    return path


def test_a_network_is_trained_and_the_plan_and_epochs_are_told_on_stderr(nv, config, good):
    ran = nv("train", config, "--seed", 3, "--minutes", 5, "--device", "cpu", "--json")
    assert ran.exit_code == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["checkpoint"] == str(good / "run.checkpoint")
    assert (told["epochs"], told["steps"], told["reason"]) == (1, 1, "epochs")
    assert 0 <= told["dice"] <= 1
    assert Checkpoint.open(good / "run.checkpoint").card.voxel_size_um == (50, 50, 50)
    plan = ran.stderr.index("kidney.npy (train): 8 × 64 × 32 voxels of 50 × 50 × 50 µm")
    assert plan < ran.stderr.index("Epoch 1: loss")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("truth.npy", "gone.npy"), "gone.npy"),
        (("voxel_size = 50", ""), "voxel size"),
        (("voxel_size = 50", "voxel_size = 50\ncolour = 1"), "colour"),
        (('"tu-resnet10t"', '"tu-nothing"'), "tu-nothing"),
        (("[network]", "[network"), "run.toml"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(nv, config, good, change, word):
    config.write_text(CONFIG.replace(*change))
    ran = nv("train", config, "--json")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    assert word in ran.stderr
    assert not (good / "run.checkpoint").exists()


def test_labels_of_another_shape_are_refused_with_both_shapes(nv, config, good):
    np.save(good / "truth.npy", np.ones((8, 64, 31), np.uint8))
    ran = nv("train", config)
    assert ran.exit_code == 2
    assert "8 × 64 × 31" in ran.stderr
    assert "8 × 64 × 32" in ran.stderr
