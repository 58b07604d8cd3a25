"""``retrain --continuous``: rounds while somebody corrects elsewhere."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.cli import _continuous
from napari_vessel.cli._continuous import Rounds
from napari_vessel.errors import NothingReviewedError, ReadError
from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.session import Continuous
from napari_vessel.training import ContinuousConfig, TrainingConfig
from napari_vessel.volumes import open_volume
from napari_vessel.workflows import Retrained

QUICK = ContinuousConfig(patience_rounds=2, settle_seconds=0)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    path = tmp_path / "kidney.npy"
    np.save(path, np.zeros((4, 8, 8), np.uint16))
    return Project.create(tmp_path / "kidney.vessel", open_volume(path))


def paint(project: Project) -> None:
    box = Box((0, 0, 0), (1, 2, 2))
    with closing(project.open_corrections()) as corrections, corrections.stroke("paint"):
        corrections.paint(box, np.ones(box.shape, bool), 1, tool="paint")


def rounds(project: Project, monkeypatch: pytest.MonkeyPatch, answers: list, **named) -> Rounds:
    """Rounds whose trainings end as ``answers`` say."""
    asked: list = []

    def run(_name: str, request: object) -> Retrained:
        asked.append(request)
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        name = f"c{len(asked)}" if answer else None
        return Retrained(answer, False, name, "Because.", 0.1, 0.2, 1.0)

    monkeypatch.setattr(_continuous, "run", run)
    made = Rounds(project, TrainingConfig(), rule=Continuous(QUICK), **named)
    made.asked = asked
    return made


def test_until_idle_it_ends_when_rounds_bring_no_more(project, monkeypatch) -> None:
    paint(project)
    made = rounds(project, monkeypatch, [True, False, False], until_idle=True)
    trained = made.run()
    assert (trained.rounds, trained.adopted) == (3, ["c1"])
    assert [request.go_on for request in made.asked] == [False, True, True]
    assert [request.config.minutes for request in made.asked] == [0.4, 0.8, 1.6]


def test_without_a_correction_there_is_nothing_to_do(project, monkeypatch) -> None:
    assert rounds(project, monkeypatch, [], until_idle=True).run().rounds == 0


def test_it_waits_and_wakes_at_corrections_made_elsewhere(project, monkeypatch) -> None:
    waits = []

    def wait(_seconds: float) -> None:
        waits.append(1)
        if len(waits) in {2, 4}:
            paint(project)
        if len(waits) > 6:
            raise KeyboardInterrupt

    made = rounds(project, monkeypatch, [False, False, False, False], wait=wait)
    trained = made.run()
    assert trained.rounds == 4
    assert [request.config.minutes for request in made.asked] == [0.4, 0.8, 0.4, 0.8]


def test_stopped_by_hand_it_says_what_there_is(project, monkeypatch) -> None:
    paint(project)
    made = rounds(project, monkeypatch, [True, KeyboardInterrupt()])
    assert made.run().adopted == ["c1"]


def test_failing_again_and_again_it_ends_with_the_reason(project, monkeypatch) -> None:
    paint(project)
    made = rounds(project, monkeypatch, [ReadError("gone"), ReadError("gone")])
    trained = made.run()
    assert (trained.rounds, trained.failed) == (2, "gone")


def test_where_only_the_audit_set_is_reviewed_it_waits_for_more(
    project, monkeypatch, capsys
) -> None:
    paint(project)
    waits = []

    def wait(_seconds: float) -> None:
        waits.append(1)
        if len(waits) in {2, 4, 6}:
            paint(project)
        if len(waits) > 8:
            raise KeyboardInterrupt

    nothing = NothingReviewedError("Only the audit set is reviewed.")
    made = rounds(project, monkeypatch, [nothing, nothing, nothing, True, False, False], wait=wait)
    trained = made.run()
    assert (trained.rounds, trained.failed, trained.adopted) == (3, "", ["c4"])
    assert "Only the audit set" in "".join(capsys.readouterr())


def test_until_idle_it_ends_where_only_the_audit_set_is_reviewed(project, monkeypatch) -> None:
    paint(project)
    nothing = NothingReviewedError("Only the audit set is reviewed.")
    trained = rounds(project, monkeypatch, [nothing], until_idle=True).run()
    assert (trained.rounds, trained.failed) == (0, "")
