"""Why a classifier takes an image for a class: of a file, of a data set, of a place in a volume."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch

from napari_vessel.attribution import AttributionConfig
from napari_vessel.datasets import FoldersData, ObjectsData
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.networks import (
    ClassifierCard,
    ClassifierConfig,
    build_classifier,
    save_checkpoint,
)
from napari_vessel.workflows import WORKFLOWS, ExplainClass, RunOptions, load_run, write_run

SIZE = 16


def saved(folder, channels=1):
    config = ClassifierConfig(
        classes=("bar", "dot"), backbone="lenet", size=SIZE, hidden=(), in_channels=channels
    )
    torch.manual_seed(0)
    network = build_classifier(config)
    with torch.no_grad():
        network.head[-1].weight *= 50
    return str(save_checkpoint(folder, network, ClassifierCard(network=config)).path)


@pytest.fixture
def classifier(tmp_path):
    return saved(tmp_path / "classifier")


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.tif"
    values = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE)).astype(np.uint8)
    tifffile.imwrite(path, values)
    return path


def answer(request):
    *_, found = WORKFLOWS["explain-class"](request)
    return found


def test_a_picture_is_explained_and_sums_to_the_difference_of_log_odds(classifier, picture):
    asked = ExplainClass(classifier, str(picture), asked="dot", config=AttributionConfig(steps=200))
    found = answer(asked)
    assert found.values.shape == (1, SIZE, SIZE)
    gap = found.output - found.baseline
    assert found.values.sum() == pytest.approx(gap, abs=0.01 * float(np.abs(found.values).sum()))
    shares = found.facts["probabilities"]
    assert found.output == pytest.approx(np.log(shares["dot"] / shares["bar"]), abs=1e-4)
    assert not found.on_volume
    # Of two classes what speaks for one speaks against the other.
    other = answer(replace(asked, asked="bar"))
    np.testing.assert_allclose(other.values, -found.values, atol=1e-5)


def test_without_a_class_it_is_the_one_that_the_image_is_taken_for(classifier, picture):
    found = answer(
        ExplainClass(classifier, str(picture), config=AttributionConfig(method="saliency"))
    )
    shares = found.facts["probabilities"]
    assert found.facts["class"] == max(shares, key=shares.get)


@pytest.mark.parametrize("plane", ["xy", "xz", "yz"])
def test_an_object_is_explained_in_its_place_in_the_volume(tmp_path, classifier, plane):
    voxels = np.random.default_rng(1).integers(0, 255, (30, 40, 50)).astype(np.uint8)
    np.save(tmp_path / "v.npy", voxels)
    (tmp_path / "o.csv").write_text("name,z,y,x\nmiddle,15,20,25\ncorner,2,3,48\n")
    data = ObjectsData(
        volume=str(tmp_path / "v.npy"), table=str(tmp_path / "o.csv"), edge=20, plane=plane
    )
    for name in ("middle", "corner"):
        found = answer(ExplainClass(classifier, data=data, sample=name))
        assert found.on_volume
        assert found.values.shape == found.box.shape == found.image.shape
        assert Box.of(voxels.shape).contains(found.box)
        assert found.plane == plane
    whole = answer(ExplainClass(classifier, data=data, sample="middle"))
    assert whole.values.sum() == pytest.approx(whole.facts["sum"], rel=1e-3, abs=1e-4)


def test_channels_are_kept_apart_and_summed(tmp_path):
    folder = tmp_path / "cells"
    folder.mkdir()
    draws = np.random.default_rng(2)
    for ending in ("red", "green"):
        values = draws.integers(0, 255, (SIZE, SIZE)).astype(np.uint8)
        tifffile.imwrite(folder / f"one_{ending}.tif", values)
    data = FoldersData(path=str(folder), channels=("_red", "_green"))
    two = saved(tmp_path / "two", channels=2)
    found = answer(ExplainClass(two, data=data, out=tmp_path / "why.npy"))
    assert found.channels.shape == (2, SIZE, SIZE)
    np.testing.assert_allclose(found.channels.sum(axis=0), found.values[0], atol=1e-5)
    np.testing.assert_array_equal(np.load(tmp_path / "why.npy"), found.channels)
    with pytest.raises(CallerError, match="2 channels"):
        answer(ExplainClass(two, image=str(folder / "one_red.tif")))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"asked": "blob"}, "it knows bar, dot"),
        ({"image": None}, "one of the two"),
        ({"image": "nothing.png"}, "does not exist"),
        ({"image": None, "data": FoldersData(path="."), "sample": "x"}, "x|empty|holds"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, monkeypatch, classifier, picture, changes, match):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CallerError, match=match):
        answer(replace(ExplainClass(classifier, str(picture)), **changes))


def test_a_segmentation_network_is_refused_as_such(tiny, picture):
    with pytest.raises(CallerError, match="segmentation"):
        answer(ExplainClass(str(tiny.path), str(picture)))


def test_the_file_that_runs_it_again_asks_the_same(tmp_path):
    data = FoldersData(path=str(tmp_path))
    asked = ExplainClass(
        str(tmp_path / "c"), data=data, sample="a.png", asked="dot", out=tmp_path / "a.png"
    )
    write_run(tmp_path / "why.json", asked)
    assert load_run(tmp_path / "why.json").request(RunOptions()) == asked
