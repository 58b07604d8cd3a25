"""Laws of a prediction on a cluster (faults 51, 55); its workers are threads of this process."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from distributed import LocalCluster, get_worker

from napari_vessel.errors import CallerError, ComputeError, ReadError
from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint
from napari_vessel.volumes import Volume, open_store, open_volume
from napari_vessel.workflows import WORKFLOWS, BlockFailed, BlockProposed, Predict, Progress
from napari_vessel.workflows import _blocks as blocks_module

from .conftest import QUICK, SHAPE

WHOLE = Box.of(SHAPE)
SMALL = QUICK.model_copy(update={"block": (16, 32, 32)})  # four blocks
LAST = Box((0, 32, 32), (16, 64, 64))


@pytest.fixture
def workers():
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
    ) as made:
        yield made


@pytest.fixture
def request_(volume, tiny, tmp_path, workers):
    return Predict(
        str(volume),
        tmp_path / "out.ome.zarr",
        checkpoint=str(tiny.path),
        inference=SMALL,
        scheduler=workers.scheduler_address,
    )


def run(request):
    return list(WORKFLOWS["predict"](request))


def kept(request):
    return open_store(request.out.with_name(request.out.name.replace(".ome", ".probability.ome")))


def job_of(request):
    return request.out.with_name(request.out.name + ".job")


def done_blocks(events):
    return [event.box for event in events if isinstance(event, BlockProposed)]


def test_the_mask_and_the_recipe_are_those_of_a_run_without_cluster(request_, tmp_path):
    there = replace(request_, probability=True)
    here = replace(there, scheduler=None, out=tmp_path / "here.ome.zarr")
    events = run(there)
    run(here)
    assert events[-1].state == "complete"
    assert sorted(done_blocks(events), key=str) == sorted(WHOLE.cells((16, 32, 32)), key=str)
    for name in ("probability", "disagreement"):
        np.testing.assert_array_equal(kept(there).read(name, WHOLE), kept(here).read(name, WHOLE))
    assert kept(there).attrs == kept(here).attrs
    mask = open_volume(there.out).read(WHOLE)
    np.testing.assert_array_equal(mask, open_volume(here.out).read(WHOLE))
    assert 0 < mask.mean() < 1


def test_a_run_on_a_cluster_goes_on_without_one_and_back(request_):
    events = WORKFLOWS["predict"](replace(request_, scheduler=None))
    next(event for event in events if isinstance(event, BlockProposed))
    events.close()
    events = WORKFLOWS["predict"](request_)
    first = next(event for event in events if isinstance(event, BlockProposed))
    events.close()
    last = run(replace(request_, scheduler=None))
    assert first.box not in done_blocks(last)
    assert len(done_blocks(last)) <= 2
    assert last[-1].state == "complete"


def test_a_network_is_loaded_once_in_a_process(request_, monkeypatch):
    loads, load = Counter(), Checkpoint.load

    def counted(self, device="cpu"):
        loads[self.id] += 1
        return load(self, device)

    monkeypatch.setattr(Checkpoint, "load", counted)
    monkeypatch.setattr("napari_vessel.workflows._errand._networks", {})
    run(request_)
    assert loads["tiny"] == 2  # and once where the run was started, to see that it is sound


def broken(monkeypatch, block, error):
    """Let predicting a block fail, whatever worker does it."""
    predict_blocks, tried = blocks_module.predict_blocks, []

    def failing(run, blocks):
        if blocks == [block]:
            tried.append(get_worker().address)
            raise error
        yield from predict_blocks(run, blocks)

    monkeypatch.setattr(blocks_module, "predict_blocks", failing)
    return tried


def test_a_poison_block_is_set_aside_with_its_traceback_and_the_rest_is_done(
    request_, monkeypatch, caplog
):
    with monkeypatch.context() as broken_:
        tried = broken(broken_, LAST, ZeroDivisionError("poison"))
        events = run(request_)
    failed = [event for event in events if isinstance(event, BlockFailed)]
    assert [event.box for event in failed] == [LAST]
    assert "ZeroDivisionError: poison" in failed[0].reason
    assert (events[-1].state, events[-1].failed) == ("partial", tuple(failed))
    assert len(tried) == 3
    assert len(set(tried)) == 2  # elsewhere
    entries = (job_of(request_) / "blocks.jsonl").read_text().split("\n")
    traces = [json.loads(line)["trace"] for line in entries if "trace" in line]
    assert len(traces) == 1
    assert "in failing" in traces[0]
    assert "in failing" in caplog.text
    assert not request_.out.exists()
    healed = run(request_)
    assert done_blocks(healed) == [LAST]
    assert healed[-1].state == "complete"


def test_a_block_that_cannot_be_read_is_listed_as_without_cluster(request_, monkeypatch):
    tried = broken(monkeypatch, LAST, ReadError("chunk 0/1 is cut"))
    events = run(request_)
    assert events[-1].failed == (BlockFailed(LAST, "chunk 0/1 is cut"),)
    assert len(tried) == 1


def test_workers_that_see_another_volume_do_nothing(request_, monkeypatch):
    fingerprint = Volume.fingerprint
    calls = Counter()

    class Elsewhere:
        """Another file at the same path, on a worker."""

        def __get__(self, volume, kind):
            try:
                get_worker()
            except ValueError:
                return fingerprint.func(volume)
            calls["worker"] += 1
            return "other"

    monkeypatch.setattr(Volume, "fingerprint", Elsewhere())
    with pytest.raises(ComputeError, match=r"fingerprint of .* differs here"):
        run(request_)
    assert calls["worker"]
    monkeypatch.undo()
    assert run(request_)[-1].state == "complete"  # nothing is spoilt


def test_cancelled_it_keeps_what_is_done(request_):
    events = WORKFLOWS["predict"](request_)
    next(event for event in events if isinstance(event, BlockProposed))
    events.close()
    assert (job_of(request_) / "blocks.jsonl").exists()
    assert len(done_blocks(run(request_))) < 4


def test_it_waits_for_workers_and_says_so(request_, workers):
    workers.scale(0)
    events = WORKFLOWS["predict"](request_)
    said = ""
    while "Waiting for workers" not in said:
        said = next(event.what for event in events if isinstance(event, Progress))
    workers.scale(1)
    assert list(events)[-1].state == "complete"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"scheduler": "tcp://10.1.2.3:8786"}, "tls://"),
        ({"inference": SMALL.model_copy(update={"device": "cuda:1"})}, "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_what_is_unsafe_or_unclear_is_refused(request_, change, word):
    with pytest.raises(CallerError, match=word):
        run(replace(request_, **change))
    assert not request_.out.exists()


def test_what_a_scheduler_reads_brings_no_torch(tmp_path):
    script = "import sys, napari_vessel.workflows._errand; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_an_address_with_a_password_is_not_shown(request_, tmp_path):
    from napari_vessel.networks import starter
    from napari_vessel.workflows._errand import Network
    from napari_vessel.workflows._job import Job
    from napari_vessel.workflows._spread import Spread

    job = Job(tmp_path)
    job.recipe.write_text("{}")
    secret = replace(request_, volume="https://me:hunter2@example.org/v.zarr")
    spread = Spread(secret, job, None, Network("starter", starter().card.sha256, "cpu"))
    assert "hunter2" not in repr(spread._site())
