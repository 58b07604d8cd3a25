import importlib
import json
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock

from napari_vessel.errors import (
    CallerError,
    CheckpointError,
    ExportError,
    OutputExistsError,
    ProjectBusyError,
    ProjectError,
    ReadError,
)
from napari_vessel.geometry import Box
from napari_vessel.volumes import IntensityWindow, Volume, mask_of, open_store, open_volume
from napari_vessel.workflows import WORKFLOWS, BlockFailed, BlockProposed, Predict, Progress

from .conftest import QUICK

WHOLE = Box.of((16, 64, 64))


@pytest.fixture
def request_(volume, tiny, tmp_path):
    return Predict(
        str(volume), tmp_path / "out.ome.zarr", checkpoint=str(tiny.path), inference=QUICK
    )


def run(request):
    return list(WORKFLOWS["predict"](request))


def until_one_block(request):
    events = WORKFLOWS["predict"](request)
    for event in events:
        if isinstance(event, BlockProposed):
            break
    events.close()


def mask(request):
    return open_volume(request.out).read(WHOLE)


def done_blocks(events):
    return [event.box for event in events if isinstance(event, BlockProposed)]


def test_the_mask_is_the_probability_at_the_threshold(request_):
    events = run(replace(request_, probability=True))
    kept = open_store(request_.out.with_name("out.probability.ome.zarr"))
    expected = mask_of(kept.read("probability", WHOLE), 0.5)
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(mask(request_), expected)
    assert kept.complete
    assert events[-1].state == "complete"
    assert not request_.out.with_name("out.ome.zarr.job").exists()


def test_without_being_asked_no_probability_is_kept(request_, tmp_path):
    before = set(tmp_path.iterdir())
    run(request_)
    assert set(tmp_path.iterdir()) - before == {request_.out}


def test_the_threshold_is_the_one_asked_for(request_):
    run(replace(request_, threshold=0.0))
    assert mask(request_).mean() > 0.9


def test_a_box_is_predicted_alone(request_):
    box = Box((2, 10, 20), (10, 50, 60))
    run(replace(request_, box=box))
    assert open_volume(request_.out).shape == box.shape


def test_interrupted_it_goes_on_and_ends_as_if_never_interrupted(request_, tmp_path):
    until_one_block(request_)
    assert not request_.out.exists()
    again = run(request_)
    assert done_blocks(again) == [Box((0, 32, 0), (16, 64, 64))]  # only what was left
    through = replace(request_, out=tmp_path / "through.ome.zarr")
    run(through)
    np.testing.assert_array_equal(mask(request_), mask(through))


def test_interrupted_the_arithmetic_stays_though_auto_would_choose_another(request_, monkeypatch):
    auto = replace(request_, inference=QUICK.model_copy(update={"precision": "auto"}))
    chosen = iter(["fp32", "bf16"])
    importlib.import_module("napari_vessel.inference._forward")  # it keeps its own
    monkeypatch.setattr(
        "napari_vessel.networks.choose_precision",
        lambda device, wish, module: next(chosen) if wish == "auto" else wish,
    )
    until_one_block(auto)
    assert run(auto)[-1].state == "complete"
    assert next(chosen) == "bf16"  # nobody asked again


def test_interrupted_the_window_stays_though_more_of_the_volume_can_be_read(request_, monkeypatch):
    until_one_block(request_)
    other = IntensityWindow(low=0, high=60000)
    monkeypatch.setattr(Volume, "window", lambda _, **__: other)
    assert len(done_blocks(run(request_))) == 1


def test_a_failed_block_is_listed_and_no_mask_is_published(request_, monkeypatch):
    read = Volume.read

    def failing(self, box, level=0):
        if box.start[1] >= 32:
            raise ReadError("the chunk is cut")
        return read(self, box, level)

    volume_window = open_volume(request_.volume).window()
    monkeypatch.setattr(Volume, "window", lambda _, **__: volume_window)
    with monkeypatch.context() as broken:
        broken.setattr(Volume, "read", failing)
        events = run(request_)
    failed = [e for e in events if isinstance(e, BlockFailed)]
    assert [e.box for e in failed] == [Box((0, 32, 0), (16, 64, 64))]
    assert (events[-1].state, events[-1].failed) == ("partial", tuple(failed))
    assert not request_.out.exists()
    healed = run(request_)
    assert (healed[-1].state, healed[-1].failed) == ("complete", ())
    assert done_blocks(healed) == [failed[0].box]


def test_an_unfinished_run_of_another_recipe_is_refused_and_kept(request_):
    until_one_block(request_)
    job = request_.out.with_name("out.ome.zarr.job")
    before = (job / "job.json").read_text(), (job / "blocks.jsonl").read_text()
    with pytest.raises(OutputExistsError, match="differs in threshold"):
        run(replace(request_, threshold=0.9))
    assert ((job / "job.json").read_text(), (job / "blocks.jsonl").read_text()) == before


def test_overwrite_begins_anew_with_another_recipe_and_goes_on_with_the_same(request_):
    until_one_block(request_)
    assert len(done_blocks(run(replace(request_, threshold=0.9, overwrite=True)))) == 2
    request_.out.rename(request_.out.with_name("first"))
    until_one_block(request_)
    assert len(done_blocks(run(replace(request_, overwrite=True)))) == 1


def test_a_damaged_recipe_is_named(request_):
    until_one_block(request_)
    (request_.out.with_name("out.ome.zarr.job") / "job.json").write_text("{")
    with pytest.raises(ProjectError, match="damaged"):
        run(request_)
    assert run(replace(request_, overwrite=True))[-1].state == "complete"


def test_what_stands_there_is_replaced_only_when_told(request_):
    run(request_)
    with pytest.raises(OutputExistsError):
        run(replace(request_, threshold=0.0))
    assert mask(request_).mean() < 0.9
    run(replace(request_, threshold=0.0, overwrite=True))
    assert mask(request_).mean() > 0.9


def test_a_kept_probability_is_not_lost_to_a_new_one(request_):
    run(replace(request_, probability=True))
    kept = request_.out.with_name("out.probability.ome.zarr")
    request_.out.rename(request_.out.with_name("first"))
    with pytest.raises(OutputExistsError, match=r"out\.probability"):
        run(replace(request_, probability=True))
    assert run(replace(request_, probability=True, overwrite=True))[-1].state == "complete"
    assert open_store(kept).complete
    assert not (kept / "probability.ome.zarr").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_over_the_source_and_over_foreign_folders_nothing_is_written(
    request_, volume, tmp_path, overwrite
):
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "a.jpg").write_text("dear")
    for out in (volume, foreign):
        with pytest.raises(CallerError):
            run(replace(request_, out=out, overwrite=overwrite))
    assert (foreign / "a.jpg").read_text() == "dear"
    assert open_volume(volume).shape == WHOLE.shape
    assert not list(tmp_path.glob("*.job"))


def test_a_foreign_folder_called_like_the_job_is_kept(request_):
    job = request_.out.with_name("out.ome.zarr.job")
    job.mkdir()
    (job / "a.jpg").write_text("dear")
    with pytest.raises(ExportError, match="something else"):
        run(replace(request_, overwrite=True))
    assert (job / "a.jpg").read_text() == "dear"


def test_a_second_run_into_one_output_is_refused(request_):
    until_one_block(request_)
    job = request_.out.with_name("out.ome.zarr.job")
    with FileLock(job / ".lock"), pytest.raises(ProjectBusyError, match="Another run"):
        run(request_)
    assert run(request_)[-1].state == "complete"


def test_the_recipe_travels_with_mask_and_probability(request_, tiny):
    run(replace(request_, probability=True))
    kept = dict(open_store(request_.out.with_name("out.probability.ome.zarr")).attrs)
    text = (request_.out / "zarr.json").read_text()
    assert kept["checkpoint_sha256"] == tiny.card.sha256
    assert tiny.card.sha256 in text
    assert json.loads(json.dumps(kept)) == kept


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"volume": "missing.npy"}, CallerError),
        ({"checkpoint": "missing"}, CheckpointError),
        ({"box": Box((0, 0, 0), (99, 9, 9))}, CallerError),
    ],
)
def test_a_caller_s_mistake_leaves_nothing_behind(request_, tmp_path, change, error):
    before = set(tmp_path.iterdir())
    with pytest.raises(error):
        run(replace(request_, **change))
    assert set(tmp_path.iterdir()) == before


def test_the_first_event_comes_before_any_work(request_):
    events = WORKFLOWS["predict"](replace(request_, volume="missing.npy"))
    assert isinstance(next(events), Progress)
