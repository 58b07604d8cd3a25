"""``explain``: of a project, a volume and a picture; what would be ignored is refused."""

import json

import numpy as np
import pytest
import tifffile
import torch

from napari_vessel.networks import (
    ClassifierCard,
    ClassifierConfig,
    build_classifier,
    save_checkpoint,
)

QUICK = ("--method", "gradient", "--no-figure")


@pytest.fixture
def classifier(tmp_path):
    config = ClassifierConfig(classes=("a", "b"), backbone="lenet", size=16, hidden=())
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "c", build_classifier(config), ClassifierCard(network=config))
    return tmp_path / "c"


@pytest.fixture
def picture(tmp_path):
    tifffile.imwrite(tmp_path / "p.tif", np.arange(256, dtype=np.uint8).reshape(16, 16))
    return tmp_path / "p.tif"


def test_a_voxel_of_a_project_is_explained_with_the_network_in_use(nv, good, tmp_path) -> None:
    out = tmp_path / "why.npy"
    result = nv("explain", good / "kidney.vessel", out, "--at", "3,10,10", *QUICK, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["checkpoint"] == "tiny"
    assert told["paths"] == [str(out), str(tmp_path / "why.json")]
    assert np.load(out).shape == tuple(
        int(b) - int(a) for a, b in (part.split(":") for part in told["box"].split(","))
    )
    assert {"log_odds", "sum", "half_within_um", "sentence", "method"} <= set(told)


def test_why_not_a_vessel_in_another_plane_of_a_volume(nv, good, tiny, tmp_path) -> None:
    place = ("--component", "3,40,20", "--plane", "xz", "--why-not", "--threshold", "1")
    result = nv(
        *("explain", good / "kidney.npy", tmp_path / "w.npy", *place, *QUICK),
        *("--checkpoint", tiny.path, "--voxel-size", "50", "--json"),
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["question"] == "not_here"
    assert ",40:41," in told["box"]


def test_a_picture_is_explained_for_a_class(nv, classifier, picture, tmp_path) -> None:
    out = tmp_path / "why.png"
    result = nv(
        *("explain", out, "--image", picture, "--checkpoint", classifier, "--class", "b"),
        *("--method", "saliency", "--json"),
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["class"] == "b"
    assert sum(told["probabilities"].values()) == pytest.approx(1)
    assert out.is_file()


@pytest.mark.parametrize(
    ("args", "match"),
    [
        (("o.npy",), "Name a place"),
        (("o.npy", "--at", "1,2,3", "--component", "1,2,3"), "Name a place"),
        (("o.npy", "--at", "1,2"), "z,y,x"),
        (("o.npy", "--at", "1,2,3", "--method", "magic"), "integrated_gradients, occlusion"),
        (("o.npy", "--at", "1,2,3", "--method", "gradient", "--steps", "9"), "--steps means"),
        (("o.npy", "--at", "1,2,3", "--class", "a"), "--class means nothing"),
        (("--at", "1,2,3"), "OUT is missing"),
        (("o.txt", "--at", "1,2,3"), "says no format"),
        (("o.npy", "--at", "1,2,300"), "does not lie in the volume"),
        (("--image", "p.tif"), "--checkpoint is missing"),
        (("--image", "p.tif", "--checkpoint", "c", "--at", "1,2,3"), "--at means nothing"),
    ],
)
def test_mistakes_end_with_2_and_one_clear_line(nv, good, monkeypatch, args, match) -> None:
    monkeypatch.chdir(good)
    result = nv("explain", "kidney.npy", *args)
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert match in line


def test_a_file_runs_it_and_leaves_its_configuration_beside(nv, good) -> None:
    (good / "why.toml").write_text(
        'run = "explain"\nsource = "kidney.vessel"\nat = [3, 10, 10]\ntarget = "voxel"\n'
        'figure = false\nout = "why.npy"\nattribution = {method = "hires_cam"}\n'
    )
    result = nv("run", good / "why.toml", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["method"] == "hires_cam"
    again = json.loads((good / "why.npy.config.json").read_text())
    assert again["at"] == [3, 10, 10]
    (good / "why.toml").write_text('run = "explain"\nsource = "k"\nat = [1, 2]\n')
    result = nv("run", good / "why.toml")
    assert result.exit_code == 2
    assert "at" in result.stderr
