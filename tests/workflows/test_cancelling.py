"""A real retrain in the compute process, cancelled in the middle of each of its longest parts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import save_checkpoint
from napari_vessel.project import Project
from napari_vessel.runner import ProcessRunner, RunnerConfig, _inbox
from napari_vessel.volumes import open_volume
from napari_vessel.workflows import Retrain

from .conftest import QUICK, SHORT

HERE = Path(__file__).parent
SHAPE = (8, 448, 448)
CELLS = 49  # corrected, each a few voxels

# Slow steps without an event between them, in which nothing but a breath can hear the cancelling.
STRETCHES = {
    "replaying the journals": 2 * CELLS,
    "cutting into blocks": CELLS,
    "scoring the network in use": CELLS,
    "looking where to learn": CELLS // 2,
    "learning": 10**6,  # of these every one is an event
    "leaving blocks out": CELLS // 3,
}

FEW_HELD_OUT = {
    "validation_block": (8, 64, 64),
    "min_validation_blocks": 1000,
    "leave_out_folds": 2,
    "watched_blocks": 2,
}


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessRunner]:
    """A compute process that waits for whatever was cancelled, however long that takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("PYTHONPATH", path)
        patch.setattr(_inbox, "HEARTBEAT_S", 30.0)
        registry = "cancel_toys:WORKFLOWS"
        config = RunnerConfig(registry=registry, warm_up=(), threads=1, cancel_wait_s=300)
        runner = ProcessRunner(config)
        yield runner
        runner.close()
        sys.modules.pop("cancel_toys", None)


@pytest.fixture
def large(tmp_path, tiny) -> Project:
    """A project of many blocks, with a few voxels of both classes corrected in each."""
    path = tmp_path / "kidney.npy"
    np.save(path, np.random.default_rng(0).integers(0, 60_000, SHAPE).astype(np.uint16))
    made = Project.create(tmp_path / "kidney.vessel", open_volume(path))
    save_checkpoint(made.checkpoints / "tiny", tiny.load(), tiny.card)
    made.update(checkpoint="tiny", inference=QUICK)
    with closing(made.open_corrections()) as corrections:
        for y in range(32, SHAPE[1], 64):
            for x in range(32, SHAPE[2], 64):
                for value, shift in ((1, 0), (0, 2)):
                    box = Box((4, y, x + shift), (5, y + 4, x + shift + 2))
                    with corrections.stroke("paint", Plane.XY):
                        corrections.paint(box, np.ones(box.shape, np.bool_), value)
        assert corrections.flush(600)
    return made


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.slow  # a new process with torch
@pytest.mark.parametrize("phase", list(STRETCHES))
def test_a_retrain_that_is_cancelled_ends_in_the_middle_of_its_longest_stretches(
    process, large, phase, tmp_path
):
    import cancel_toys

    epochs = 1 if phase == "leaving blocks out" else 10**6
    config = SHORT.model_copy(update=FEW_HELD_OUT | {"epochs": epochs})
    notes, request = tmp_path / "notes", Retrain(large.path, config)
    events = process.run("retrain", cancel_toys.Slowed(request, phase, notes), priority=-1)
    next(events)
    deadline = monotonic() + 600
    while len(lines(notes)) < 2 and monotonic() < deadline:
        sleep(0.02)
    assert lines(notes)[:2] == ["step", "step"]
    events.close()  # waits until it has ended
    found = lines(notes)
    assert found[-1] == "closed"
    assert len(found) - 1 < STRETCHES[phase]
    assert process.alive
    assert large.config.checkpoint == "tiny"
