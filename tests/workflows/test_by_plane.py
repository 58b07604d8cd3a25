"""Planes that are predicted apart: the same mask, less halo, and a killed run goes on."""

from dataclasses import replace

import numpy as np
import pytest

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, pixels_of
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import Organ, Volume, open_volume
from napari_vessel.workflows import (
    WORKFLOWS,
    BlockFailed,
    BlockProposed,
    Progress,
    _predict,
)
from napari_vessel.workflows import _by_plane as module
from napari_vessel.workflows._boxes import blocks_of
from napari_vessel.workflows._job import Job
from napari_vessel.workflows._job_block import by_plane, with_job_block

from .conftest import QUICK, SHAPE, kept_beside
from .conftest import run_predict as run

WHOLE = Box.of(SHAPE)
THREE = QUICK.model_copy(update={"planes": tuple(Plane), "halo": 64, "block": (8, 32, 32)})
# Of whole chunks, as those of real volumes.
SLABS = {Plane.XY: (8, 64, 64), Plane.XZ: (16, 32, 64), Plane.YZ: (16, 64, 32)}


def everywhere(box):
    return True


def settings(**options):
    return InferenceConfig(
        **{"planes": tuple(Plane), "zoom": 1.0, "precision": "bf16", "empty_below": 0} | options
    )


def useful(config, shape):
    """Share of the network's pixels that are kept."""
    whole = Box.of(shape)
    shown = sum(pixels_of(block, whole, config) for block in blocks_of(whole, config.block))
    return 4 * len(config.planes) * whole.size / shown  # four views


@pytest.mark.parametrize(
    ("shape", "least"), [((1024,) * 3, 1.0), ((2048,) * 3, 0.85), ((2048, 4096, 4096), 0.85)]
)
def test_deep_volumes_are_predicted_plane_by_plane_and_waste_little(shape, least):
    whole = Box.of(shape)
    joint = with_job_block(settings(), whole, whole)
    passes = by_plane(joint, whole, whole, everywhere)
    assert list(passes) == list(Plane)
    shares = [1 / useful(config, shape) for config in passes.values()]
    assert 3 / sum(shares) >= least
    assert all(config.empty_below == 0 for config in passes.values())  # looked at already


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((512, 512, 512), {}),  # one block has no halo at all
        ((64, 4096, 4096), {}),
        ((1024, 1024, 1024), {"planes": (Plane.XY,)}),
        ((1024, 1024, 1024), {"block": (64, 128, 128)}),  # named by a person
    ],
)
def test_elsewhere_planes_share_their_blocks(shape, options):
    whole = Box.of(shape)
    joint = with_job_block(settings(**options), whole, whole)
    assert not by_plane(joint, whole, whole, everywhere)


@pytest.fixture
def request_(asked_with):
    return asked_with(THREE)


@pytest.fixture
def apart(monkeypatch):
    """Predict planes apart, in slabs of a few slices."""

    def passes(config, region, bounds, wanted, *, triaged):
        changes = {"weights": (), "fuse": "mean", "empty_below": 0.0}
        return {
            plane: config.model_copy(update={**changes, "planes": (plane,), "block": block})
            for plane, block in SLABS.items()
        }

    def switch():
        monkeypatch.setattr(_predict, "by_plane", passes)

    return switch


def kept(request):
    store = kept_beside(request)
    return {name: store.read(name, WHOLE) for name in store.arrays}


def aside(request):
    """Return the same request with its output elsewhere."""
    folder = request.out.parent / "aside"
    folder.mkdir()
    return replace(request, out=folder / "out.ome.zarr")


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, voxels in expected.items():
        np.testing.assert_array_equal(found[name], voxels, err_msg=name)


@pytest.mark.parametrize("rule", [{}, {"fuse": "max"}, {"weights": (3.0, 1.0, 2.0)}])
def test_planes_apart_give_what_planes_together_give(request_, apart, rule):
    request_ = replace(request_, inference=THREE.model_copy(update=rule))
    together = aside(request_)
    run(together)
    apart()
    *events, last = run(request_)
    assert (last.state, last.blocks, last.left_out) == ("complete", 8, 0)
    assert len([event for event in events if isinstance(event, BlockProposed)]) == 8
    same(kept(request_), kept(together))
    assert not Job.of(request_.out).path.exists()


def test_what_a_look_leaves_out_and_where_no_organ_is_holds_nothing_apart_as_together(
    request_, apart, monkeypatch
):
    import napari_vessel.inference._looking as looking

    def look(network, read, where, config):
        yield from ()
        block = where[0]
        if not config.empty_below:  # a plane's own slabs
            return block
        yes = block.stop[1] == 32
        return Box(block.start, (block.stop[0], 32, block.start[2] + 20)) if yes else None

    mask = np.ones((1, 1, 4), bool)
    mask[..., 1] = False
    monkeypatch.setattr(looking, "look_at", look)
    monkeypatch.setattr(module, "look_at", look)
    monkeypatch.setattr(Volume, "organ", lambda _: Organ(mask, SHAPE, (16.0, 64.0, 16.0), "Some."))
    wish = THREE.model_copy(update={"views": "flips", "empty_below": 0.5})
    request_ = replace(request_, inference=wish)
    together = aside(request_)
    before = run(together)[-1]
    apart()
    last = run(request_)[-1]
    assert (last.empty, last.left_out) == (before.empty, before.left_out) == (4, 1 - 40 / 128)
    same(kept(request_), kept(together))
    assert kept(request_)["probability"][:, :32, :16].any()


def test_stopped_anywhere_it_goes_on_and_does_nothing_twice(request_, apart, monkeypatch):
    apart()
    other = aside(request_)
    count = sum(isinstance(event, Progress) for event in run(other))
    recorded, record = [], BlockLedger.record

    def spy(self, block, **told):
        recorded.append((self.path.name, block))
        record(self, block, **told)

    monkeypatch.setattr(BlockLedger, "record", spy)
    for _ in range(40):
        events, steps = WORKFLOWS["predict"](request_), 0
        for event in events:
            steps += isinstance(event, Progress)
            if steps > count // 3:
                events.close()
                break
        else:
            break
    assert (
        len(recorded)
        == len(set(recorded))
        == 8 + sum(len(blocks_of(WHOLE, block)) for block in SLABS.values())
    )
    same(kept(request_), kept(other))


def test_its_progress_never_goes_back_and_reaches_its_end(request_, apart):
    apart()
    events = [event for event in run(request_) if isinstance(event, Progress)]
    job = [event.fraction for event in events if "Predicting" in event.what or "Fus" in event.what]
    assert len(job) > 8 and job == sorted(job)
    assert job[-1] > 0.95


def test_blocks_of_a_slab_that_cannot_be_read_are_listed_and_mended_by_going_on(
    request_, apart, monkeypatch
):
    apart()
    read, broken = Volume.read, Box((6, 3, 3), (7, 4, 4))

    def torn(self, box, level=0):
        if level == 0 and box.intersection(broken):
            raise ReadError("Chunk 0/0/0 is damaged.")
        return read(self, box, level)

    window = open_volume(request_.volume).window()
    monkeypatch.setattr(Volume, "window", lambda _, **__: window)
    with monkeypatch.context() as patched:
        patched.setattr(Volume, "read", torn)
        *events, last = run(request_)
    assert last.state == "partial"
    assert {failed.reason for failed in last.failed} == {"Chunk 0/0/0 is damaged."}
    assert any(isinstance(event, BlockFailed) for event in events)
    assert not request_.out.exists()
    assert run(request_)[-1].state == "complete"
    other = aside(request_)
    run(other)
    same(kept(request_), kept(other))


def test_what_lies_between_is_forgotten_with_its_job(request_, apart):
    apart()
    events = WORKFLOWS["predict"](request_)
    for event in events:
        if isinstance(event, Progress) and "YZ" in event.what:
            break
    events.close()
    job = Job.of(request_.out)
    assert job.planes.exists() and BlockLedger.open(job.ledger_of(Plane.XY)).done
    again = replace(request_, overwrite=True, inference=THREE.model_copy(update={"fuse": "max"}))
    events = WORKFLOWS["predict"](again)
    first = next(event for event in events if isinstance(event, Progress) and event.done)
    assert first.done < 1
    assert not BlockLedger.open(job.ledger_of(Plane.YZ)).done
    events.close()
