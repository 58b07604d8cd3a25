"""Laws of what comes first, the slice in view and its blocks, and of moving the view."""

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import TileStep
from napari_vessel.volumes import Volume
from napari_vessel.workflows import (
    WORKFLOWS,
    BlockProposed,
    Focus,
    Progress,
    Propose,
    SliceProposed,
    _in_view,
    write_focus,
)
from napari_vessel.workflows._focusing import FocusWatch
from napari_vessel.workflows._in_view import in_order

WHOLE = Box.of((16, 64, 64))


@pytest.fixture
def eight(project):
    """The project with eight blocks to predict."""
    changes = {"block": (8, 32, 32)}
    project.update(inference=project.config.inference.model_copy(update=changes))
    return project


def news(events):
    return [event for event in events if not isinstance(event, Progress)]


def asked(project, path, focus):
    return WORKFLOWS["propose"](Propose(project.path, focus, watch=path))


def until(events, kind):
    """Return the next event of a kind."""
    return next(event for event in events if isinstance(event, kind))


@pytest.mark.parametrize("plane", list(Plane))
def test_blocks_that_hold_the_slice_in_view_come_before_all_others(eight, plane):
    focus = Focus((3.5, 50.0, 10.0), plane)
    cut = WHOLE.slice_at(plane, int(focus.point[plane.normal]))
    events = list(asked(eight, None, focus))
    holds = [bool(e.box.intersection(cut)) for e in events if isinstance(e, BlockProposed)]
    assert holds == [True] * 4 + [False] * 4


def test_moving_the_view_puts_what_is_seen_then_first(eight, tmp_path):
    path = tmp_path / "focus.json"
    events = asked(eight, path, Focus((1.5, 10.0, 10.0)))
    first = until(events, BlockProposed)
    assert first.box == Box((0, 0, 0), (8, 32, 32))
    write_focus(path, Focus((14.5, 60.0, 60.0)))
    rest = news(events)
    # The block that was at hand when the view moved may end first: it is known once it is kept.
    at_hand = [e for e in rest[:2] if isinstance(e, BlockProposed) and e.box.start[0] == 0]
    rest = [e for e in rest if e not in at_hand[:1]]
    assert isinstance(rest[0], SliceProposed)
    assert rest[0].box == Box((14, 0, 0), (15, 64, 64))
    assert rest[1].box == Box((8, 32, 32), (16, 64, 64))
    assert all(e.box.start[0] == 8 for e in rest[1:5])


def test_a_slice_that_comes_into_view_is_shown_before_the_block_at_hand_is_done(eight, tmp_path):
    path = tmp_path / "focus.json"
    events = asked(eight, path, Focus((1.5, 10.0, 10.0)))
    until(events, SliceProposed)
    for event in events:
        if isinstance(event, Progress) and event.what == "Predicting":
            break
    write_focus(path, Focus((12.5, 10.0, 10.0), Plane.YZ))
    kinds = [type(event) for event in news(events)]
    assert kinds[:2] == [SliceProposed, BlockProposed]


def test_what_is_done_is_not_covered_by_a_single_plane(eight, tmp_path):
    path = tmp_path / "focus.json"
    events = asked(eight, path, Focus((1.5, 10.0, 10.0)))
    done = [until(events, BlockProposed).box for _ in range(2)]
    write_focus(path, Focus((2.5, 10.0, 10.0)))
    found = until(events, SliceProposed).box
    assert not any(found.intersection(block) for block in done)


def test_a_slice_is_predicted_once_however_the_view_is_moved_along_it(eight, tmp_path):
    path = tmp_path / "focus.json"
    events = asked(eight, path, Focus((1.5, 10.0, 10.0)))
    until(events, SliceProposed)
    found = []
    for place in (20.0, 40.0, 60.0):
        write_focus(path, Focus((1.5, place, place)))
        found.append(next(events))
    found += list(events)
    assert not [e for e in found if isinstance(e, SliceProposed)]


def test_moving_the_view_changes_nothing_of_the_result(eight, tmp_path):
    list(asked(eight, None, None))
    still = eight.open_proposal().probability(WHOLE)
    eight.update(proposal=None)
    path = tmp_path / "focus.json"
    events = asked(eight, path, Focus((1.5, 10.0, 10.0)))
    for count, event in enumerate(events):
        if isinstance(event, BlockProposed):
            write_focus(path, Focus((count % 16, 10.0, 60.0), list(Plane)[count % 3]))
    np.testing.assert_array_equal(eight.open_proposal().probability(WHOLE), still)


def test_the_first_look_is_as_coarse_as_the_screen_and_never_coarser_than_half(eight, monkeypatch):
    zooms = []

    def noted(network, read, box, bounds, config):
        zooms.append(config.zoom_for())
        yield TileStep(0, 1)

    monkeypatch.setattr(_in_view, "predict_block", noted)
    factors = ((1, 1, 1), (1, 1.5, 1.5), (2, 3, 3), (4, 6, 6))
    monkeypatch.setattr(Volume, "factors", property(lambda _: factors))
    for level in range(4):
        events = asked(eight, None, Focus((1.5, 10.0, 10.0), level=level))
        while len(zooms) <= level:
            next(events)
        events.close()
    assert zooms == [(1, 1, 1), (1, 1 / 1.5, 1 / 1.5), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)]


def test_a_focus_is_read_whole_or_not_at_all(tmp_path):
    path, here = tmp_path / "focus.json", Focus((1.0, 2.0, 3.0))
    watch = FocusWatch(here, path)
    assert not watch.moved()
    for text in ("", "{", '{"point": [1, 2]}', "[]"):
        path.unlink(missing_ok=True)
        path.write_text(text)
        assert not watch.moved()
        assert watch.focus == here
    there = Focus((3.0, 2.0, 1.0), Plane.YZ, 2)
    write_focus(path, there)
    assert watch.moved()
    assert watch.focus == there
    assert not watch.moved()
    assert not FocusWatch(here, None).moved()


def test_a_focus_that_cannot_be_told_is_no_error(tmp_path, caplog):
    write_focus(tmp_path / "gone" / "focus.json", Focus((1.0, 2.0, 3.0)))
    assert "cannot be told" in caplog.text


def test_without_a_focus_blocks_stay_in_their_order(eight):
    blocks = list(WHOLE.cells((8, 32, 32)))
    volume = eight.open_volume()
    assert in_order(blocks, WHOLE, None, volume.voxel_size) == blocks
