"""Why a network says vessel, or not: in its place on the volume, written whole, or refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from napari_vessel.attribution import METHODS, AttributionConfig, PlaceTarget, attribute
from napari_vessel.errors import CallerError, ExportError, OutputExistsError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.networks import save_checkpoint
from napari_vessel.volumes import IntensityWindow, VolumeOptions, open_volume
from napari_vessel.workflows import (
    WORKFLOWS,
    Explain,
    Explained,
    Progress,
    Propose,
    RunOptions,
    file_of,
    load_run,
    write_explained,
    write_run,
)

AT = (7, 12, 14)  # inside a tube
SIZE = VoxelSize(50, 50, 50)
QUICK = AttributionConfig(method="gradient")
STEPS = AttributionConfig(steps=32)


def few(method):
    fields = AttributionConfig.followed_by(method) & {"steps", "samples"}
    more = {"patch": 16, "stride": 16} if method == "occlusion" else {}
    return AttributionConfig(method=method, **dict.fromkeys(fields, 3), **more)


@pytest.fixture
def ask(volume, tiny):
    """Ask about the volume; ``ask(at=…, …)``."""

    def run(**changes):
        options = VolumeOptions(voxel_size=SIZE, polarity="dark")
        asked = Explain(str(volume), AT, checkpoint=str(tiny.path), options=options, config=QUICK)
        *before, last = WORKFLOWS["explain"](replace(asked, **{"target": "voxel", **changes}))
        assert all(isinstance(event, Progress) for event in before)
        assert isinstance(last, Explained)
        return last

    return run


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_finite_values_in_the_voxels_place(ask, method):
    found = ask(config=few(method), plane=Plane.XZ)
    assert found.values.shape == found.box.shape == found.image.shape == found.target.shape
    assert found.box.start[1] == AT[1] and found.box.shape[1] == 1
    assert found.box.contains(Box(AT, tuple(i + 1 for i in AT)))
    assert np.isfinite(found.values).all()
    assert np.argwhere(found.target).tolist() == [list(np.subtract(AT, found.box.start))]


def test_the_network_is_shown_just_what_a_prediction_shows_it(ask, volume, tiny):
    found = ask(config=STEPS)
    voxels = np.load(volume)
    image = open_volume(volume).window().apply(voxels[AT[0]])[None]
    mask = np.zeros(image.shape[1:], bool)
    mask[AT[1:]] = True
    direct = attribute(tiny.load(), image, PlaceTarget(mask), STEPS)
    assert found.output == pytest.approx(direct.output, abs=1e-5)
    np.testing.assert_allclose(found.values[0], direct.values[0], atol=1e-6)


@pytest.mark.parametrize("edge", [30, 50, 80])
def test_voxels_of_another_size_still_sum_to_the_difference(ask, edge):
    options = VolumeOptions(voxel_size=VoxelSize(edge, edge, edge), polarity="dark")
    found = ask(config=STEPS, options=options)
    gap = found.output - found.baseline
    # The network is random and steep: what pixels have is much larger than what they add up to.
    assert found.values.sum() == pytest.approx(gap, abs=0.01 * float(np.abs(found.values).sum()))
    assert abs(gap) > 0.02 * np.abs(found.values).sum()


def test_a_volume_of_the_other_polarity_is_explained_alike(ask, volume, tmp_path):
    inverted = tmp_path / "bright.npy"
    np.save(inverted, 65535 - np.load(volume))
    options = VolumeOptions(voxel_size=SIZE, polarity="bright")
    for config, sign in ((few("integrated_gradients"), 1), (QUICK, -1)):
        dark, bright = ask(config=config), ask(config=config, source=str(inverted), options=options)
        # A slope is of the voxels' own grey values: brighter here is darker there.
        scale = np.abs(dark.values).max()
        np.testing.assert_allclose(bright.values, sign * dark.values, atol=scale * 1e-3)
        assert bright.output == pytest.approx(dark.output, abs=1e-3)


def test_a_vessel_is_the_piece_of_the_proposal_in_the_slice(project):
    list(WORKFLOWS["propose"](Propose(project.path)))
    mask = project.open_proposal().mask(Box.of((16, 64, 64)), project.threshold)
    at = tuple(np.argwhere(mask)[mask.sum() // 2].tolist())
    asked = Explain(str(project.path), at, config=QUICK, reach=64)
    *_, found = WORKFLOWS["explain"](asked)
    target = found.target[0]
    assert target[tuple(np.subtract(at, found.box.start)[1:])]
    assert not (target & (mask[at[0]] == 0)[found.box.slices[1:]]).any()
    from scipy.ndimage import label

    pieces, _ = label(mask[at[0]], np.ones((3, 3)))
    piece = (pieces == pieces[at[1:]])[found.box.slices[1:]]
    np.testing.assert_array_equal(target, piece)
    assert found.facts["explained"].startswith("the piece of the proposal")


def test_where_nothing_is_proposed_why_is_refused_and_why_not_takes_a_disc(ask):
    with pytest.raises(CallerError, match="ask why not here"):
        ask(target="vessel", threshold=1.0)
    found = ask(target="vessel", threshold=1.0, question="not_here", radius=2)
    assert found.target.sum() == 13
    assert "no vessel" in found.title


@pytest.mark.parametrize("at", [(16, 0, 0), (0, -1, 0), (0, 0, 64)])
def test_a_voxel_outside_is_refused_with_the_volumes_size(ask, at):
    with pytest.raises(CallerError, match=r"\(16, 64, 64\)"):
        ask(at=at)


def test_nan_and_a_constant_volume_are_explained_as_nothing(ask, tmp_path):
    path = tmp_path / "flat.npy"
    for value in (np.nan, 7.0):
        np.save(path, np.full((4, 40, 40), value, np.float32))
        found = ask(source=str(path), at=(1, 20, 20), config=few("integrated_gradients"))
        np.testing.assert_allclose(found.values, 0, atol=1e-6)
        assert "the same everywhere" in found.sentence or found.facts["half_within_um"] is not None


def test_a_random_network_is_explained_otherwise(ask, tiny, tmp_path):
    from napari_vessel.attribution import alike, randomised

    other = save_checkpoint(tmp_path / "random", randomised(tiny.load(), seed=3), tiny.card)
    first, second = ask(), ask(checkpoint=str(other.path))
    assert alike(first.values, second.values) < 0.9


def test_what_is_written_lies_in_its_place_and_carries_how_it_was_made(ask, tmp_path):
    out = tmp_path / "why.ome.zarr"
    found = ask(out=out, config=few("hires_cam"), at=(7, 40, 60), reach=4)
    assert found.paths == (out, tmp_path / "why.png")
    opened = open_volume(out)
    np.testing.assert_array_equal(opened.read(Box.of(opened.shape)), found.values)
    assert opened.voxel_size == SIZE
    np.testing.assert_allclose(opened.origin_um, np.multiply(found.box.start, 50))
    part = open_volume(out / "target")
    np.testing.assert_array_equal(part.read(Box.of(part.shape)), found.target)
    attrs = json.loads((out / "zarr.json").read_text())["attributes"]["napari-vessel"]
    assert attrs["recipe"]["checkpoint_sha256"] == found.facts["checkpoint_sha256"]
    assert attrs["recipe"]["at"] == [7, 40, 60]
    with Image.open(tmp_path / "why.png") as picture:
        assert picture.size[0] > 900


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".png"])
def test_other_formats_come_with_their_provenance(ask, tmp_path, suffix):
    out = tmp_path / f"why{suffix}"
    found = ask(out=out)
    told = json.loads((tmp_path / "why.json").read_text())
    assert told["box"] == str(found.box)
    assert told["log_odds"] == found.output
    assert (tmp_path / "why.png").is_file()
    if suffix == ".npy":
        np.testing.assert_array_equal(np.load(out), found.values)
    if suffix == ".tif":
        with tifffile.TiffFile(out) as file:
            np.testing.assert_array_equal(file.asarray(), found.values[0])
            assert json.loads(file.imagej_metadata["Info"])["checkpoint"] == "tiny"


def test_nothing_is_replaced_unless_asked_and_odd_names_are_refused(ask, tmp_path):
    out = tmp_path / "why.npy"
    found = ask(out=out, figure=False)
    assert not (tmp_path / "why.png").exists()
    with pytest.raises(OutputExistsError):
        ask(out=out, figure=False)
    with pytest.raises(OutputExistsError):
        write_explained(found, out)
    assert write_explained(found, out, overwrite=True).paths[0] == out
    with pytest.raises(ExportError, match=r"\.npy"):
        ask(out=tmp_path / "why.txt")


def test_the_file_that_runs_it_again_asks_the_same(tmp_path):
    asked = Explain(
        "/data/kidney.vessel",
        (1, 2, 3),
        Plane.YZ,
        "voxel",
        "not_here",
        AttributionConfig(method="occlusion", patch=9, stride=3),
        out=tmp_path / "a.tif",
        reach=20,
    )
    write_run(tmp_path / "why.json", asked)
    file = load_run(tmp_path / "why.json")
    assert file.request(RunOptions()) == asked
    assert file == file_of(asked).model_copy(update={"code": file.code})


def test_a_network_of_classes_cannot_explain_a_vessel(ask, tmp_path):
    from napari_vessel.networks import ClassifierCard, ClassifierConfig, build_classifier

    config = ClassifierConfig(classes=("a", "b"), backbone="lenet", size=16, hidden=())
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "c", build_classifier(config), ClassifierCard(network=config))
    with pytest.raises(CallerError, match="classifier"):
        ask(checkpoint=str(tmp_path / "c"))


def test_the_window_is_the_volumes(ask, volume):
    found = ask()
    window = IntensityWindow.model_validate(found.facts["window"])
    voxels = np.load(volume)[found.box.slices]
    np.testing.assert_array_equal(found.image, window.apply(voxels))
