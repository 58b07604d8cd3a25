"""A session asks why, shows the latest answer, and forgets it with the volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.project import Project
from napari_vessel.simulate import drive
from napari_vessel.volumes import open_volume
from napari_vessel.workflows import Explained, Progress

AT = (3, 20, 25)


def answer(request: Any) -> Any:
    yield Progress(1, 2, "images", "Asking the network", 1.0)
    box = Box((3, 10, 10), (4, 30, 40))
    yield Explained(
        question=request,
        values=np.ones(box.shape, np.float32),
        image=np.zeros(box.shape, np.float32),
        target=np.ones(box.shape, bool),
        box=box,
        plane=request.plane,
        voxel_size=VoxelSize(1, 1, 1),
        origin_um=(3.0, 10.0, 10.0),
        on_volume=True,
        output=1.0,
        baseline=None,
        sentence="The network says so.",
        title="Why?",
        seconds=0.1,
    )


def asked(session: Any, question: str = "here") -> Any:
    list(drive(session, "explain", session.explain(AT, Plane.XZ, question)))
    return session.runner.asked[-1]


def test_a_bare_volume_is_asked_about_as_it_is_read(opened, runner) -> None:
    runner.scripts["explain"] = answer
    request = asked(opened, "not_here")
    assert request.source == opened.volume.uri
    assert request.options == opened.volume.options
    assert (request.at, request.plane, request.question) == (AT, Plane.XZ, "not_here")
    assert opened.explained.question is request
    assert opened.activities["explain"].sentence == "The network says so."
    assert opened.project is None  # asking makes none


def test_a_project_is_asked_at_the_threshold_that_is_shown(session, runner, volume) -> None:
    made = Project.create(volume.with_suffix(".vessel"), open_volume(str(volume)))
    list(drive(session, "open", session.open(made.path)))
    session.set_threshold(0.31)
    runner.scripts["explain"] = answer
    request = asked(session)
    assert (request.source, request.threshold) == (str(made.path), 0.31)
    assert request.options == type(request.options)()


def test_another_volume_takes_the_answer_away_and_the_same_one_keeps_it(
    opened, runner, volume, tmp_path: Path
) -> None:
    runner.scripts["explain"] = answer
    asked(opened)
    heard: list[object] = []
    opened.events.explained.connect(heard.append)
    list(drive(opened, "open", opened.open(volume)))
    assert opened.explained is not None
    list(drive(opened, "open", opened.reopen(voxel_size=VoxelSize(9, 9, 9))))
    assert opened.explained is None  # it lay elsewhere
    asked(opened)
    heard.clear()
    other = tmp_path / "other.npy"
    np.save(other, np.zeros((4, 20, 20), np.uint8))
    list(drive(opened, "open", opened.open(other)))
    assert opened.explained is None
    assert heard == [None]


def test_nothing_is_written_before_anything_was_explained(opened, tmp_path: Path) -> None:
    for make in (opened.write_explained, opened.write_explain_run):
        with pytest.raises(CallerError, match="ask first"):
            list(make(tmp_path / "why.npy"))


def test_what_was_explained_is_written_without_asking_again(opened, runner, tmp_path: Path) -> None:
    runner.scripts["explain"] = answer
    asked(opened)
    out = tmp_path / "why.npy"
    list(drive(opened, "explain", opened.write_explained(out)))
    assert np.load(out).shape == (1, 20, 30)
    assert (tmp_path / "why.png").is_file()
    assert len(runner.asked) == 1
    assert "why.npy" in opened.activities["explain"].sentence
