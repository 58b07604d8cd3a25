"""A whole-volume prediction that is killed, stopped, or has no room (faults 50 and 53)."""

import json
import multiprocessing
import os
import random
import runpy
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import open_volume
from napari_vessel.workflows import WORKFLOWS, Predict, request_as_json

from .conftest import QUICK

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and limits of Linux")

WHOLE = Box.of((16, 64, 64))
CHILD = Path(__file__).with_name("job_child.py")
SMALL = QUICK.model_copy(update={"block": (16, 16, 16)})  # 16 blocks


@pytest.fixture(scope="module")
def nursery():
    """Processes that have imported torch already, in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch", "segmentation_models_pytorch", "napari_vessel.workflows._predict"]
    )
    return context


class Child:
    """A job in a process of its own, and what it has told."""

    def __init__(self, nursery, request, **given):
        self.news, tell = nursery.Pipe(duplex=False)
        given |= {"values": request_as_json(request), "tell": tell}
        options = {"init_globals": {"given": given}}
        self.process = nursery.Process(target=runpy.run_path, args=(str(CHILD),), kwargs=options)
        self.process.start()
        tell.close()
        self.told = []

    def hear(self, count=10**9):
        """Take up to ``count`` events; False once there are no more."""
        try:
            for _ in range(count):
                self.told.append(self.news.recv())
        except EOFError:
            return False
        return True

    def end(self):
        self.hear()
        self.process.join(60)
        assert self.process.exitcode is not None
        self.news.close()
        return self.told

    @property
    def proposed(self):
        return {Box.parse(box) for name, box, _ in self.told if name == "BlockProposed"}


def done(request):
    folder = request.out.with_name(f"{request.out.name}.job")
    return BlockLedger.open(folder / "blocks.jsonl").done


def mask(request):
    return open_volume(request.out).read(WHOLE)


def kill_often(nursery, request, kills, seed):
    """Kill runs of ``request`` at random, each time a new one goes on; return the masks."""
    chance, masks = random.Random(seed), []
    while kills:
        before = done(request)
        child = Child(nursery, request)
        if child.hear(chance.randrange(1, 14)):
            time.sleep(chance.random() * 0.03)
            os.kill(child.process.pid, chance.choice([signal.SIGKILL, signal.SIGTERM]))
            kills -= 1
        child.end()
        assert not before & child.proposed  # only what was left
        if request.out.exists() and not request.out.with_name(request.out.name + ".job").exists():
            masks.append(mask(request))
            request = replace(request, out=request.out.with_name(f"{len(masks)}.ome.zarr"))
    Child(nursery, request).end()
    return [*masks, mask(request)]


@pytest.mark.timeout(1800)  # twenty processes, on a machine that may be busy
@pytest.mark.parametrize(
    ("kills", "probability"),
    [(4, False), pytest.param(20, False, marks=pytest.mark.slow),
     pytest.param(20, True, marks=pytest.mark.slow)],
)  # fmt: skip
def test_killed_at_random_it_ends_with_the_mask_of_an_uninterrupted_run(
    nursery, volume, tiny, tmp_path, kills, probability
):
    request = Predict(
        str(volume),
        tmp_path / "out.ome.zarr",
        checkpoint=str(tiny.path),
        inference=SMALL,
        probability=probability,
    )
    through = replace(request, out=tmp_path / "through.ome.zarr")
    list(WORKFLOWS["predict"](through))
    assert 0 < mask(through).mean() < 1
    masks = kill_often(nursery, request, kills, seed=7)
    for found in masks:
        np.testing.assert_array_equal(found, mask(through))
    assert not list(tmp_path.glob("*.job"))
    assert not list(tmp_path.glob("*.partial-*"))


def test_sigterm_ends_a_run_after_the_step_under_way_and_says_so(nursery, volume, tiny, tmp_path):
    request = Predict(
        str(volume), tmp_path / "o.ome.zarr", checkpoint=str(tiny.path), inference=SMALL
    )
    child = Child(nursery, request)
    while not child.proposed:
        child.hear(1)
    os.kill(child.process.pid, signal.SIGTERM)
    assert child.end()[-1][0] == "JobStopped"
    assert done(request)


@pytest.mark.slow
def test_a_volume_of_50_gb_is_begun_in_bounded_memory(nursery, tiny, tmp_path):
    request = huge(tmp_path, tiny)
    child = Child(nursery, request)
    while not child.proposed:
        assert child.hear(1), child.told
    os.kill(child.process.pid, signal.SIGTERM)
    assert max(peak for _, _, peak in child.end()) < 3 * 2**30


def test_where_memory_is_too_little_it_says_so_and_ends(nursery, tiny, tmp_path):
    request = huge(tmp_path, tiny, block=(64, 1024, 1024))
    name, text, _ = Child(nursery, request, spare_bytes=2**28).end()[-1]
    assert name == "DeviceMemoryError", text
    assert "memory" in text.lower() or "room" in text.lower()


def huge(tmp_path, tiny, block=(64, 256, 256)):
    """A job on 3000 × 4096 × 4096 voxels, of which no chunk lies on the disk."""
    folder = tmp_path / "huge.zarr"
    array = folder / "0"
    array.mkdir(parents=True)
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    scale = [{"type": "scale", "scale": [50.0, 50.0, 50.0]}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    scales = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (folder / ".zattrs").write_text(json.dumps({"multiscales": scales}))
    (array / ".zarray").write_text(
        json.dumps(
            {
                "zarr_format": 2,
                "shape": [3000, 4096, 4096],
                "chunks": [64, 128, 128],
                "dtype": "|u1",
                "compressor": None,
                "fill_value": 7,
                "filters": None,
                "order": "C",
                "dimension_separator": "/",
            }
        )
    )
    return Predict(
        str(folder),
        tmp_path / "mask.ome.zarr",
        checkpoint=str(tiny.path),
        inference=QUICK.model_copy(update={"block": block}),
    )
