"""A job's folder outlives a kill at each of its own steps: begun, published, left."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from napari_vessel.errors import CallerError, ExportError, OutputExistsError, ProjectBusyError
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import open_store, open_volume
from napari_vessel.workflows import (
    WORKFLOWS,
    BlockProposed,
    JobBegun,
    Predict,
    check_output,
    discard_unfinished,
    found_again,
    request_as_json,
    request_of_json,
    request_of_project,
)
from napari_vessel.workflows._job import Job

from .conftest import QUICK


class Killed(BaseException):
    """What nobody catches."""


def killed(*_args, **_options):
    raise Killed


@pytest.fixture
def request_(volume, tiny, tmp_path):
    return Predict(
        str(volume), tmp_path / "out.ome.zarr", checkpoint=str(tiny.path), inference=QUICK
    )


def run(request):
    return list(WORKFLOWS["predict"](request))


def predicted(events):
    return [event for event in events if isinstance(event, BlockProposed)]


def voxels(out):
    volume = open_volume(out)
    return volume.read(Box.of(volume.shape))


@pytest.fixture
def through(request_, tmp_path):
    """The mask of a run that nobody interrupted."""
    request = replace(request_, out=tmp_path / "through.ome.zarr")
    run(request)
    return voxels(request.out)


@pytest.mark.parametrize("probability", [False, True])
@pytest.mark.parametrize("step", ["empty", "_forget_blocks"])
def test_killed_after_the_mask_was_published_it_ends_without_predicting_again(
    request_, through, monkeypatch, step, probability
):
    request = replace(request_, probability=probability)
    with monkeypatch.context() as dying:
        if step == "_forget_blocks":  # the second time: at the end
            begun = iter([Job._forget_blocks])
            dying.setattr(Job, step, lambda job: next(begun, killed)(job))  # noqa: PLW0108
        else:
            dying.setattr(Job, step, killed)
        with pytest.raises(Killed):
            run(request)
    assert request.out.exists()
    again = run(request)
    assert again[-1].state == "complete"
    if not probability:
        assert predicted(again) == []
    np.testing.assert_array_equal(voxels(request.out), through)
    assert not Job.of(request.out).path.exists()
    if probability:
        assert open_store(request.out.with_name("out.probability.ome.zarr")).complete


def test_killed_while_it_left_a_mask_made_anew_is_whole(request_, through, monkeypatch):
    """Half of the blocks are deleted and the ledger vouches for all: they must not be taken."""
    with monkeypatch.context() as dying:
        dying.setattr(Job, "empty", killed)
        with pytest.raises(Killed):
            run(request_)
    job = Job.of(request_.out)
    shutil.rmtree(job.probability)
    assert run(replace(request_, overwrite=True))[-1].state == "complete"
    np.testing.assert_array_equal(voxels(request_.out), through)


def test_killed_while_it_made_its_store_it_begins_anew(request_, through):
    events = WORKFLOWS["predict"](request_)
    for event in events:
        if isinstance(event, JobBegun):
            break
    events.close()
    job = Job.of(request_.out)
    job.ledger.unlink(missing_ok=True)
    (job.probability / "zarr.json").write_text("{")
    assert run(request_)[-1].state == "complete"
    np.testing.assert_array_equal(voxels(request_.out), through)


def test_another_mask_at_its_place_is_not_taken_for_its_own(request_, monkeypatch):
    run(replace(request_, threshold=0.9))
    before = voxels(request_.out)
    with pytest.raises(OutputExistsError):
        run(request_)
    np.testing.assert_array_equal(voxels(request_.out), before)


def test_what_a_killed_export_left_beside_the_output_is_deleted(request_):
    leftover = request_.out.with_name("out.ome.zarr.partial-99999-0")
    leftover.mkdir()
    run(request_)
    assert not leftover.exists()


def test_given_up_it_leaves_nothing_and_takes_nothing_foreign(request_, tmp_path):
    before = set(tmp_path.iterdir())
    discard_unfinished(request_.out)  # nothing there: nothing to do
    events = WORKFLOWS["predict"](request_)
    next(event for event in events if isinstance(event, BlockProposed))
    with pytest.raises(ProjectBusyError):
        discard_unfinished(request_.out)
    events.close()
    discard_unfinished(request_.out)
    assert set(tmp_path.iterdir()) == before
    foreign = Job.of(request_.out).path
    foreign.mkdir()
    (foreign / "a.jpg").write_text("dear")
    with pytest.raises(ExportError):
        discard_unfinished(request_.out)
    assert (foreign / "a.jpg").read_text() == "dear"


def test_a_request_comes_back_as_it_was_from_json(request_):
    assert request_of_json(request_as_json(request_)) == request_


def test_a_project_asks_for_its_volume_as_it_is_set(project, tmp_path):
    project.update(threshold=0.3, smallest_um3=5.0)
    request = request_of_project(project, tmp_path / "o.ome.zarr", smallest_um3=None)
    assert (request.threshold, request.smallest_um3) == (0.3, 5.0)
    assert request.checkpoint == str(project.checkpoints / "tiny")
    assert request.inference == project.config.inference


def test_the_checkpoint_of_a_project_that_was_moved_is_found_in_it(project, tmp_path):
    request = request_of_project(project, tmp_path / "o.ome.zarr")
    assert found_again(request, project.path) == request
    moved = project.path.rename(tmp_path / "moved.vessel")
    found = found_again(request, moved)
    assert found == replace(request, checkpoint=str(moved / "checkpoints" / "tiny"))
    (moved / "checkpoints" / "tiny").rename(tmp_path / "tiny")
    with pytest.raises(CallerError, match="has none of its name"):
        found_again(request, moved)


def test_begun_on_a_cluster_it_goes_on_on_one_machine_in_the_blocks_it_has(request_, monkeypatch):
    def choose(block):
        monkeypatch.setattr(
            "napari_vessel.workflows._predict.with_job_block",
            lambda config, *_, **__: config.model_copy(update={"block": block}),
        )

    usual = QUICK.model_copy(update={"block": InferenceConfig().block})
    request = replace(request_, inference=usual)
    choose((16, 32, 64))
    events = WORKFLOWS["predict"](request)
    next(event for event in events if isinstance(event, BlockProposed))
    events.close()
    choose((16, 64, 64))
    begun = next(event for event in run(request) if isinstance(event, JobBegun))
    assert (begun.blocks, begun.done) == (2, 1)
    run(replace(request, overwrite=True, inference=usual.model_copy(update={"halo": 32})))


@pytest.mark.parametrize("scheduler", ["tcp://10.0.0.7:8786", "local:0", "no address"])
def test_a_job_on_a_cluster_that_is_not_safe_is_refused_before_there_is_a_record(
    request_, scheduler
):
    with pytest.raises(CallerError, match=r"--scheduler|on TLS"):
        check_output(replace(request_, scheduler=scheduler))


def test_a_job_that_could_not_begin_is_refused_before_there_is_a_record(request_):
    check_output(request_)
    run(request_)
    with pytest.raises(OutputExistsError):
        check_output(request_)
    other = replace(request_, out=request_.out.with_name("other.ome.zarr"))
    events = WORKFLOWS["predict"](other)
    next(event for event in events if isinstance(event, JobBegun))
    with pytest.raises(ProjectBusyError):
        check_output(other)
    events.close()
    check_output(other)
