"""Reading ahead, predicting and writing behind: what holds whatever fails, and when."""

import threading
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_vessel.errors import ReadError, WriteError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.inference import Levels
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import Organ, StoreSpec, create_store, open_store
from napari_vessel.workflows import BlockFailed, BlockProposed, Progress
from napari_vessel.workflows._blocks import BlockRun, predict_blocks
from napari_vessel.workflows._boxes import blocks_of
from napari_vessel.workflows._clock import Clock

from .conftest import QUICK

SHAPE = (16, 64, 128)
WHOLE = Box.of(SHAPE)
BLOCKS = blocks_of(WHOLE, (16, 32, 64))
VOXELS = np.random.default_rng(0).random(SHAPE, np.float32)


class Pointwise(torch.nn.Module):
    def forward(self, images):
        return 6 * (images - 0.5)


def read(box, _level):
    return VOXELS[box.slices]


@pytest.fixture
def run(tmp_path):
    spec = StoreSpec(
        shape=SHAPE, voxel_size=VoxelSize(1, 1, 1), chunk=(16, 32, 64), arrays=("probability",)
    )
    return BlockRun(
        name="trial",
        network=Pointwise(),
        read=Levels(read),
        bounds=WHOLE,
        region=WHOLE,
        organ=Organ(None, SHAPE, (1.0, 1.0, 1.0), ""),
        config=QUICK,
        store=create_store(tmp_path / "out.ome.zarr", spec),
        ledger=BlockLedger.open(tmp_path / "blocks.jsonl"),
    )


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("napari-vessel")]


def all_end():
    """Tell whether every thread ends by itself; who reads is not waited for by the pipeline."""
    for thread in threads():
        thread.join(60)
    return not threads()


def stored(run):
    return open_store(run.store.path).read("probability", WHOLE)


def expected():
    return np.rint(255 / (1 + np.exp(-6 * (VOXELS - 0.5)))).astype(int)


def test_every_block_is_in_the_store_when_the_ledger_says_so_and_in_order(run):
    told = []
    for event in predict_blocks(run, BLOCKS):
        for block in BlockLedger.open(run.ledger.path).done:
            np.testing.assert_allclose(stored(run)[block.slices], expected()[block.slices], atol=1)
        if isinstance(event, BlockProposed):
            told.append(event.box)
    assert told == BLOCKS
    assert all_end()


def test_the_next_block_is_read_before_the_network_has_done_with_this_one(run):
    reads, met = [], threading.Event()

    def noted(box, level):
        reads.append(box)
        if len(reads) > 1:
            met.set()
        return read(box, level)

    class Waiting(Pointwise):
        def forward(self, images):
            # A bound for its life, not a speed: without reading ahead it never comes.
            assert first_done or met.wait(60)
            return super().forward(images)

    first_done = []
    waiting = replace(run, read=Levels(noted), network=Waiting())
    events = predict_blocks(waiting, BLOCKS)
    next(events)  # the first step of the first block: from now on the next is read
    assert met.wait(60)
    first_done.append(True)
    assert len([e for e in events if isinstance(e, BlockProposed)]) == len(BLOCKS)


def test_a_block_that_cannot_be_read_ahead_fails_alone(run):
    def failing(box, level):
        if box.intersection(BLOCKS[1]):
            raise ReadError("the chunk is cut")
        return read(box, level)

    events = list(predict_blocks(replace(run, read=Levels(failing)), BLOCKS))
    assert [e.box for e in events if isinstance(e, BlockFailed)] == [BLOCKS[1]]
    assert run.ledger.done == set(BLOCKS) - {BLOCKS[1]}


def test_an_error_of_the_writer_reaches_who_asks_and_nothing_of_it_is_recorded(run, monkeypatch):
    write = run.store.write

    def failing(name, box, voxels):
        if box == BLOCKS[1]:
            raise WriteError("the disk is full")
        write(name, box, voxels)

    monkeypatch.setattr(run.store, "write", failing)
    with pytest.raises(WriteError, match="the disk is full"):
        list(predict_blocks(run, BLOCKS))
    assert BlockLedger.open(run.ledger.path).done == {BLOCKS[0]}
    assert all_end()


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8])
def test_stopped_anywhere_no_thread_goes_on_and_going_on_ends_as_if_never_stopped(run, steps):
    with closing(predict_blocks(run, BLOCKS)) as events:
        for _, _event in zip(range(steps), events, strict=False):
            pass
    assert not [t for t in threads() if "writing" in t.name]
    again = replace(run, ledger=BlockLedger.open(run.ledger.path))
    list(predict_blocks(again, BLOCKS))
    assert again.ledger.done == set(BLOCKS)
    np.testing.assert_allclose(stored(run), expected(), atol=1)


def test_a_change_of_mind_about_the_next_block_is_followed(run):
    order = []

    def choose(left):
        # The last of those left is read ahead first, then the first is wanted.
        order.append(len(order))
        return left[-1] if len(order) % 2 else left[0]

    list(predict_blocks(run, BLOCKS, choose))
    assert run.ledger.done == set(BLOCKS)
    np.testing.assert_allclose(stored(run), expected(), atol=1)


def test_the_time_left_goes_by_pixels_and_follows_a_machine_that_slows_down(run):
    now = [0.0]
    blocks = [Box((0, 0, 0), (16, 32, 128)), *BLOCKS[2:]]
    clock = Clock(run, 0, blocks, lambda: now[0])
    now[0] = 100.0
    half = clock.progress(blocks[0], 1.0)
    assert isinstance(half, Progress)
    assert half.seconds_left == pytest.approx(100)  # half of the pixels, a third of the blocks
    clock.end(blocks[0])
    now[0] = 1100.0  # a quarter more took ten times as long
    slow = clock.progress(blocks[1], 1.0)
    assert slow.seconds_left == pytest.approx(1000)
