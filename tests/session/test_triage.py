"""A triage of the open volume, and what its jobs skip by it."""

from dataclasses import replace

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.session import JobWish
from napari_vessel.session._triage import triage_view
from napari_vessel.simulate import drive
from napari_vessel.workflows import ChunkJudged, Progress, Triaged, TriageMap
from napari_vessel.workflows._triage_map import write_triage

SHAPE = (12, 40, 50)
CHUNK = (6, 20, 25)
FOUND = np.array([[[0.9, 0.1], [0.2, 0.0]], [[0.4, 0.1], [0.0, 0.3]]], np.float32)


def a_map(probability=FOUND, state="complete"):
    return TriageMap(probability.copy(), CHUNK, Box.of(SHAPE), SHAPE, {"state": state})


def fake_triage(request):
    """Look through eight chunks, half of them at a time."""
    nothing = np.full_like(FOUND, np.nan)
    write_triage(request.out, a_map(nothing, "partial"))
    yield Progress(0, 8, "chunks", "Looking through the volume")
    found = a_map()
    indices = list(found.indices)
    for part in (indices[:4], indices[4:]):
        boxes = tuple(found.box_of(index) for index in part)
        yield ChunkJudged(boxes, tuple(float(FOUND[index]) for index in part))
    write_triage(request.out, found)
    yield Triaged(request.out, (2, 2, 2), 8, 7, 0, 0, 1.0)


@pytest.fixture
def looked(opened, runner):
    runner.scripts["triage"] = fake_triage
    seen = []
    opened.events.triage_judged.connect(
        lambda: seen.append(int(np.isfinite(opened.triage.found.probability).sum()))
    )
    list(drive(opened, "triage", opened.look_through("chunks.classifier")))
    opened.seen = seen
    return opened


def test_what_is_judged_shows_at_once_and_the_end_is_what_lies_on_the_disk(looked):
    assert looked.seen == [4, 8]
    np.testing.assert_array_equal(looked.triage.found.probability, FOUND)
    assert looked.triage.path.parent == looked.project.path / "triage"
    assert "88%" in looked.activities["triage"].sentence.replace(" %", "%")


def test_a_higher_slider_skips_more_blocks_and_never_what_was_not_judged():
    unknown = FOUND.copy()
    unknown[1, 1, 1] = np.nan
    view = triage_view(None, a_map(unknown), SHAPE, CHUNK)
    counts = [view.skipped(below)[0] for below in (0.0, 0.05, 0.15, 0.35, 1.0)]
    assert counts == [0, 2, 4, 5, 7]
    assert view.skipped(1.0)[1] == 8
    assert view.skipped(0.15)[2] == pytest.approx(0.2 / 1.7)


def test_a_block_is_skipped_only_if_all_its_chunks_are_below():
    view = triage_view(None, a_map(), SHAPE, (6, 40, 50))  # four chunks a block
    assert view.skipped(0.5)[:2] == (1, 2)
    assert view.skipped(0.95)[:2] == (2, 2)
    assert view.skipped(0.4)[0] == 0


def test_chunks_of_a_coarser_level_count_for_the_blocks_they_cover():
    coarse = replace(a_map(), chunk=(3, 10, 13), box=Box.of((6, 20, 25)), shape=(6, 20, 25))
    view = triage_view(None, coarse, SHAPE, CHUNK)
    assert view.skipped(0.95)[:2] == (8, 8)
    assert view.highest[0] == np.float32(0.9)
    assert view.highest[-1] == np.float32(0.3)


def test_a_job_is_given_the_triage_unless_a_person_said_not(looked, monkeypatch):
    from napari_vessel.session import _jobs

    wishes = []
    monkeypatch.setattr(_jobs.SessionJobs, "start_job", lambda _self, wish: wishes.append(wish))
    looked.skip(0.15)
    looked.start_job(JobWish(looked.project.path.parent / "mask.ome.zarr"))
    looked.skip(0.15, used=False)
    looked.start_job(JobWish(looked.project.path.parent / "mask.ome.zarr"))
    assert (wishes[0].triage, wishes[0].skip_below) == (looked.triage.path, 0.15)
    assert wishes[1].triage is None


def test_a_triage_is_found_again_with_its_project(looked, runner, volume):
    from napari_vessel.session import Session

    again = Session(runner)
    list(drive(again, "open", again.open(volume)))
    list(drive(again, "triage", again.find_triage()))
    np.testing.assert_array_equal(again.triage.found.probability, FOUND)
    again.close()
