"""Looking through a volume, and a prediction that orders and skips blocks by it."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package

from classify_toys import pictures, run_of, train

from napari_vessel.errors import (
    CallerError,
    CheckpointError,
    OutputExistsError,
    ReadError,
    VolumeNotFoundError,
)
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import Volume, VolumeOptions, open_volume
from napari_vessel.workflows import (
    WORKFLOWS,
    BlockProposed,
    ChunkJudged,
    ClassifyRun,
    Predict,
    RunOptions,
    Triage,
    TriageMap,
    config_beside,
    load_run,
    open_triage,
)
from napari_vessel.workflows._job_block import with_job_block
from napari_vessel.workflows._triage_map import write_triage

from .conftest import QUICK

CHUNK = (4, 16, 16)
SHAPE = (16, 64, 64)
WHOLE = Box.of(SHAPE)
NETWORK = {"backbone": "lenet", "size": 16, "hidden": [8]}


def scene(seed):
    """A volume (uint16) whose left half holds dark vessels along z, and their truth."""
    _, y, x = np.indices(SHAPE)
    truth = np.zeros(SHAPE, np.uint8)
    for cy, cx in ((8, 8), (24, 24), (40, 8), (56, 24), (24, 8), (56, 8)):
        truth |= ((y - cy) ** 2 + (x - cx) ** 2 <= 16).astype(np.uint8)
    noise = np.random.default_rng(seed).normal(0, 800, SHAPE)
    return np.where(truth, 12000 + noise, 30000 + noise).astype(np.uint16), truth


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A classifier of chunks, trained on two scenes."""
    folder = tmp_path_factory.mktemp("chunks")
    volumes = []
    for seed in (1, 2, 3):
        entry = {name: str(folder / f"{name}{seed}.npy") for name in ("image", "mask")}
        for path, voxels in zip(entry.values(), scene(seed), strict=True):
            np.save(path, voxels)
        volumes.append(entry)
    run = ClassifyRun.model_validate(
        {
            "network": NETWORK,
            "data": {"kind": "chunks", "volumes": volumes, "chunk": CHUNK},
            "training": {"epochs": 6, "batch": 8, "precision": "fp32", "learning_rate": 3e-3},
        }
    )
    train(run, folder / "chunks.classifier")
    return folder / "chunks.classifier"


@pytest.fixture
def volume(tmp_path):
    np.save(tmp_path / "kidney.npy", scene(7)[0])
    return tmp_path / "kidney.npy"


@pytest.fixture
def request_(classifier, volume, tmp_path):
    return Triage(str(volume), tmp_path / "kidney.triage", str(classifier), device="cpu")


def run(request, name="triage"):
    return list(WORKFLOWS[name](request))


def made(folder, probability, volume, chunk=CHUNK):
    """Write a map that says ``probability`` of each chunk of ``volume``."""
    opened = open_volume(volume)
    about = {
        "fingerprint": opened.fingerprint, "channel": None, "level": 0, "state": "complete",
        "window": opened.window().model_dump(mode="json"),
    }  # fmt: skip
    grid = np.asarray(probability, np.float32)
    write_triage(folder, TriageMap(grid, chunk, WHOLE, SHAPE, about))
    return folder


def test_every_chunk_is_judged_once_and_as_the_classifier_would(request_, classifier):
    events = run(request_)
    told = {}
    for event in events:
        if isinstance(event, ChunkJudged):
            assert not told.keys() & set(event.boxes)
            told |= dict(zip(event.boxes, event.probabilities, strict=True))
    found = open_triage(request_.out)
    assert found.probability.shape == (4, 4, 4)
    assert {found.box_of(i): found.probability[i] for i in found.indices} == pytest.approx(told)
    assert found.complete
    assert events[-1].chunks == 64
    truth = scene(7)[1]
    held = [truth[found.box_of(index).slices].any() for index in found.indices]
    assert np.mean((found.probability.ravel() > 0.5) == held) > 0.9


def test_a_box_is_widened_to_whole_chunks(request_):
    run(replace(request_, box=Box((1, 20, 0), (5, 30, 64))))
    found = open_triage(request_.out)
    assert found.box == Box((0, 16, 0), (8, 32, 64))
    whole = replace(request_, out=request_.out.with_name("whole"))
    run(whole)
    np.testing.assert_allclose(
        found.probability, open_triage(whole.out).probability[:2, 1:2], atol=1e-6
    )


def test_chunks_cut_short_by_the_border_are_judged(classifier, tmp_path):
    np.save(tmp_path / "odd.npy", scene(7)[0][:14, :60, :50])
    out = tmp_path / "odd.triage"
    run(Triage(str(tmp_path / "odd.npy"), out, str(classifier), device="cpu"))
    found = open_triage(out)
    assert found.probability.shape == (4, 4, 4)
    assert np.isfinite(found.probability).all()
    assert found.box_of((3, 3, 3)) == Box((12, 48, 48), (14, 60, 50))


def test_whoever_stops_asking_goes_on_there(request_, monkeypatch):
    monkeypatch.setattr("napari_vessel.workflows._triage_slabs._SLAB", (4, 64, 64))
    whole = replace(request_, out=request_.out.with_name("whole"))
    run(whole)
    events = WORKFLOWS["triage"](request_)
    first = next(event for event in events if isinstance(event, ChunkJudged))
    events.close()
    part = open_triage(request_.out)
    assert not part.complete
    assert np.isfinite(part.probability).sum() == len(first.boxes)
    later = [event for event in run(request_) if isinstance(event, ChunkJudged)]
    again = {box for event in later for box in event.boxes}
    assert not again & set(first.boxes)
    assert len(again) == 64 - len(first.boxes)
    np.testing.assert_allclose(
        open_triage(request_.out).probability, open_triage(whole.out).probability, atol=1e-6
    )


def test_what_stands_there_is_not_replaced_unasked(request_, classifier, tmp_path):
    run(request_)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        run(request_)
    run(replace(request_, overwrite=True))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("precious")
    with pytest.raises(OutputExistsError, match="no triage"):
        run(replace(request_, out=tmp_path / "other", overwrite=True))
    assert (tmp_path / "other" / "mine.txt").exists()


def test_a_chunk_that_cannot_be_read_is_counted_and_not_left_out(request_, monkeypatch):
    read = Volume.read

    def broken(self, box, level=0):
        if level == 0 and box.intersection(Box((0, 0, 0), (1, 1, 1))):
            raise ReadError("no such voxels")
        return read(self, box, level)

    open_volume(request_.volume).window()
    monkeypatch.setattr(Volume, "read", broken)
    result = run(replace(request_, options=VolumeOptions(organ_only=False)))[-1]
    assert (result.unread, result.chunks) == (1, 63)
    found = open_triage(request_.out)
    assert found.kept(1.0, SHAPE).touches(found.box_of((0, 0, 0)))


def test_a_classifier_of_something_else_is_refused(request_, tmp_path, tiny):
    other = tmp_path / "pictures.classifier"
    train(run_of(pictures(tmp_path / "toys"), {"epochs": 1}), other)
    with pytest.raises(CheckpointError, match="expected one of chunks"):
        run(replace(request_, checkpoint=str(other)))
    with pytest.raises(CheckpointError, match="classifier"):
        run(replace(request_, checkpoint=str(tiny.path)))


def test_the_configuration_beside_it_asks_the_same(request_):
    run(request_)
    file = load_run(config_beside(request_.out))
    assert file.request(RunOptions()) == request_


# -- the map ----------------------------------------------------------------------------------


def test_a_damaged_or_missing_map_is_told(tmp_path, volume):
    with pytest.raises(VolumeNotFoundError, match="triage"):
        open_triage(tmp_path / "none")
    folder = made(tmp_path / "t", np.zeros((4, 4, 4)), volume)
    np.save(folder / "probability.npy", np.zeros((4, 4, 3), np.float32))
    with pytest.raises(CallerError, match="damaged"):
        open_triage(folder)
    (folder / "triage.json").write_text("{")
    with pytest.raises(CallerError, match="damaged"):
        open_triage(folder)


def test_a_map_of_a_coarse_level_says_the_same_of_a_finer_one(tmp_path, volume):
    grid = np.random.default_rng(0).random((4, 4, 4))
    found = open_triage(made(tmp_path / "t", grid, volume))
    fine = (32, 128, 128)
    for index in found.indices:
        box = found.box_of(index)
        twice = Box(tuple(2 * a for a in box.start), tuple(2 * b for b in box.stop))
        assert found.highest(twice, fine) == pytest.approx(grid[index])
        assert found.kept(0.5, fine).touches(twice) == (grid[index] >= 0.5)
    assert found.highest(WHOLE, SHAPE) == pytest.approx(grid.max())


# -- a prediction that uses it ---------------------------------------------------------------


@pytest.fixture
def asked(volume, tiny, tmp_path):
    return Predict(
        str(volume), tmp_path / "out.ome.zarr", checkpoint=str(tiny.path), inference=QUICK,
        threshold=0.0,
    )  # fmt: skip


def half(tmp_path, volume):
    """A map that says no of the first half of the rows: of the first of two blocks."""
    grid = np.full((4, 4, 4), 0.9)
    grid[:, :2] = 0.1
    return made(tmp_path / "half.triage", grid, volume)


def mask(request):
    return open_volume(request.out).read(WHOLE)


def test_blocks_below_are_left_out_said_and_zero(asked, volume, tmp_path):
    used = replace(asked, triage=half(tmp_path, volume), skip_below=0.5)
    result = run(used, "predict")[-1]
    assert (result.state, result.blocks, result.skipped, result.outside) == ("complete", 2, 1, 0)
    voxels = mask(used)
    assert not voxels[:, :32].any()
    assert voxels[:, 32:].mean() > 0.9
    recipe = json.loads((used.out / "zarr.json").read_text())["attributes"]["napari-vessel"]
    told = recipe["recipe"]["triage"]
    assert told["skipped"] == ["0:16,0:32,0:64"]
    assert told["skip_below"] == 0.5
    assert told["digest"] == open_triage(used.triage).digest


def test_a_block_is_kept_for_one_chunk_of_it(asked, volume, tmp_path):
    grid = np.full((4, 4, 4), 0.1)
    grid[0, 1, 2] = 0.6
    used = replace(asked, triage=made(tmp_path / "t", grid, volume), skip_below=0.5)
    assert run(used, "predict")[-1].skipped == 1
    assert mask(used)[:, :32].mean() > 0.9


def test_the_likeliest_blocks_come_first_and_an_order_makes_no_other_mask(asked, volume, tmp_path):
    used = replace(asked, threshold=None)
    plain = replace(used, out=tmp_path / "plain.ome.zarr")
    run(plain, "predict")
    ordered = replace(used, triage=half(tmp_path, volume))
    events = run(ordered, "predict")
    blocks = [event.box.start[1] for event in events if isinstance(event, BlockProposed)]
    assert blocks == [32, 0]
    assert events[-1].skipped == 0
    np.testing.assert_array_equal(mask(ordered), mask(plain))
    recipes = [
        json.loads((r.out / "zarr.json").read_text())["attributes"]["napari-vessel"]["recipe"]
        for r in (plain, ordered)
    ]
    assert recipes[0] == recipes[1]


def test_what_was_not_judged_is_predicted(asked, volume, tmp_path):
    used = replace(
        asked, triage=made(tmp_path / "t", np.full((4, 4, 4), np.nan), volume), skip_below=1.0
    )
    assert run(used, "predict")[-1].skipped == 0
    assert mask(used).mean() > 0.9


THREE = QUICK.model_copy(update={"planes": tuple(Plane), "block": (8, 32, 32), "empty_below": 0.0})
SLABS = {Plane.XY: (8, 64, 64), Plane.XZ: (16, 32, 64), Plane.YZ: (16, 64, 32)}


def apart(config, *_args, **_more):
    """Predict each plane in slabs of its own."""
    return {
        plane: config.model_copy(update={"planes": (plane,), "block": block})
        for plane, block in SLABS.items()
    }


@pytest.mark.parametrize("way", ["together", "apart"])
def test_what_is_predicted_is_as_without_a_triage(asked, volume, tmp_path, monkeypatch, way):
    if way == "apart":
        monkeypatch.setattr("napari_vessel.workflows._predict.by_plane", apart)
    grid = np.full((4, 4, 4), 0.1)
    grid[0, 1, 2] = grid[3, 3, 0] = 0.6
    full = replace(asked, threshold=None, inference=THREE, out=tmp_path / "full.ome.zarr")
    used = replace(full, triage=made(tmp_path / "t", grid, volume), out=asked.out, skip_below=0.5)
    run(full, "predict")
    result = run(used, "predict")[-1]
    assert (result.blocks, result.skipped) == (8, 6)
    expected = np.zeros(SHAPE, bool)
    for block in (Box((0, 0, 32), (8, 32, 64)), Box((8, 32, 0), (16, 64, 32))):
        expected[block.slices] = mask(full)[block.slices]
    assert expected.any()
    np.testing.assert_array_equal(mask(used), expected)


def test_smaller_blocks_are_chosen_where_a_triage_leaves_most_out():
    whole = Box.of((1024, 1024, 1024))
    config = InferenceConfig(planes=tuple(Plane), zoom=1.0, precision="bf16")
    usual = with_job_block(config, whole, whole).block
    few = with_job_block(config, whole, whole, wanted=lambda box: box.start == (0, 0, 0)).block
    most = with_job_block(config, whole, whole, wanted=lambda _: True).block
    assert np.prod(few) < np.prod(usual)
    assert np.prod(most) >= np.prod(few)


def test_a_job_goes_on_with_the_same_triage_only(asked, volume, tmp_path):
    used = replace(asked, triage=half(tmp_path, volume), skip_below=0.5)
    events = WORKFLOWS["predict"](used)
    next(event for event in events if isinstance(event, BlockProposed))
    events.close()
    with pytest.raises(OutputExistsError, match=r"triage\.skip_below"):
        run(replace(used, skip_below=0.05), "predict")
    assert run(used, "predict")[-1].skipped == 1


def test_a_triage_of_another_volume_is_refused(asked, volume, tmp_path):
    other = tmp_path / "other.npy"
    np.save(other, scene(8)[0])
    used = replace(asked, triage=made(tmp_path / "t", np.zeros((4, 4, 4)), other), skip_below=0.5)
    with pytest.raises(CallerError, match="triage of"):
        run(used, "predict")
    with pytest.raises(CallerError, match="name the triage"):
        run(replace(asked, skip_below=0.5), "predict")
