"""A session's list of places, and what it notes of the person's work."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.errors import WriteError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import BlockLedger, Project, ReviewRecords, ledger_path
from napari_vessel.session import Pictured
from napari_vessel.simulate import drive
from napari_vessel.volumes import StoreSpec, create_store, open_volume
from napari_vessel.workflows import Focus

SHAPE = (12, 40, 50)
WHOLE = Box.of(SHAPE)


@pytest.fixture
def proposed(session, volume):
    """A session on a project whose proposal is unsure in XY 4 and, less so, in XY 10."""
    project = Project.create(volume.parent / "kidney.vessel", open_volume(str(volume)))
    values = np.zeros(SHAPE, np.uint8)
    values[4, 10:30, 10:40] = 120
    values[10, 30:38, 30:45] = 120
    spec = StoreSpec(
        shape=SHAPE,
        voxel_size=project.config.volume.voxel_size,
        chunk=(4, 20, 25),
        arrays=("probability", "disagreement"),
        attrs={"region": str(WHOLE), "before": None, "checkpoint": "older"},
    )
    store = create_store(project.proposals / "p1.ome.zarr", spec)
    store.write("probability", WHOLE, values)
    store.finish()
    BlockLedger.open(ledger_path(project.proposals, "p1")).record(WHOLE)
    project.update(proposal="p1", threshold=0.5, smallest_um3=0.0)
    list(drive(session, "open", session.open(project.path)))
    return session


def find(session, **more):
    return list(drive(session, "queue", session.find_places(**more)))


def test_without_a_proposal_there_is_no_list_and_a_reason(opened):
    find(opened)
    assert opened.queue is None
    assert opened.next_place() is None
    assert "Predict first" in opened.activities["queue"].sentence


def test_next_walks_along_the_list_and_begins_anew(proposed):
    find(proposed)
    places = proposed.queue.places
    walked = [proposed.next_place() for _ in range(len(places) + 1)]
    assert walked == [*places, places[0]]
    assert (walked[0].plane, walked[0].index) == (Plane.XY, 4)


def test_every_place_gets_a_picture_around_its_error(proposed):
    pictures = [event for event in find(proposed) if isinstance(event, Pictured)]
    assert [each.place for each in pictures] == list(proposed.queue.places)
    for each in pictures:
        assert each.picture.ndim == 3
        assert (each.picture[..., 0] != each.picture[..., 2]).any()  # the line is coloured


def test_a_painted_or_accepted_place_leaves_the_list_and_undo_brings_it_back(proposed):
    find(proposed)
    box = WHOLE.slice_at(Plane.XY, 4)
    proposed.begin_stroke("paint", Plane.XY)
    proposed.paint(box, np.ones(box.shape, bool), 0)
    proposed.end_stroke()
    proposed.accept_slice(Plane.XY, 10)
    find(proposed)
    assert proposed.queue.places == ()
    proposed.undo()
    find(proposed)
    assert [(p.plane, p.index) for p in proposed.queue.places] == [(Plane.XY, 10)]


def test_the_next_places_are_named_to_be_predicted_ahead_where_the_network_is_another(proposed):
    find(proposed)
    first = proposed.queue.places[0].box
    assert proposed.outdated[0].contains(first)
    proposed.checkpoint = "older"
    find(proposed)
    assert proposed.outdated == ()


def test_what_is_near_comes_first_among_equals(proposed):
    find(proposed, focus=Focus((10.0, 34.0, 38.0), Plane.XY))
    assert proposed.queue.places


def test_a_list_of_what_was_open_before_comes_too_late(proposed, volume):
    events = list(proposed.find_places())
    proposed.deliver(events[0])
    list(drive(proposed, "open", proposed.open(volume.parent / "kidney.vessel")))
    for event in events[1:]:
        proposed.deliver(event)
    assert proposed.queue is None


def test_a_mark_is_kept_and_heeded_at_once(proposed):
    find(proposed)
    place = proposed.queue.places[0]
    proposed.mark_place(place, "skip")
    find(proposed)
    assert place.id not in [each.id for each in proposed.queue.places]
    assert ReviewRecords(proposed.project.path).marks().left_out == {place.id: "skip"}


def test_a_mark_outlives_what_is_opened_or_closed_at_once(proposed, volume):
    find(proposed)
    first, second = proposed.queue.places[:2]
    path = proposed.project.path
    proposed.mark_place(first, "skip")
    list(drive(proposed, "open", proposed.open(path)))
    proposed.mark_place(second, "done")
    proposed.close()
    assert ReviewRecords(path).marks().left_out == {first.id: "skip", second.id: "done"}


def test_a_mark_that_the_disk_refuses_is_told(proposed):
    find(proposed)
    failures = []
    proposed.events.failed.connect(failures.append)
    (proposed.project.path / "review" / "queue.jsonl").mkdir(parents=True)
    proposed.mark_place(proposed.queue.places[0], "skip")
    proposed._work.settle()
    assert [type(error) for error in failures] == [WriteError]


def test_an_accepted_slice_is_noted_with_what_was_proposed_there(proposed):
    proposed.set_threshold(0.4)  # the blot of 20 × 30 is vessel now
    box = Box((4, 10, 10), (5, 30, 25))
    proposed.begin_stroke("erase", Plane.XY)
    proposed.paint(box, np.ones(box.shape, bool), 0)
    proposed.end_stroke()
    proposed.accept_slice(Plane.XY, 4)
    list(drive(proposed, "progress", proposed.take_stock()))
    (point,) = proposed.stock.slices
    assert (point.place.plane, point.place.index) == (Plane.XY, 4)
    assert point.wrong == box.size
    assert point.dice == pytest.approx(2 * 300 / (600 + 300))
    assert proposed.stock.verdict == "early"


def test_a_window_that_is_accepted_is_noted_too_and_a_box_is_not(proposed):
    for box in (Box((2, 0, 0), (3, 10, 10)), Box((5, 0, 0), (8, 10, 10))):
        list(drive(proposed, "tool", proposed.accept_box(box, "a box")))
    list(drive(proposed, "progress", proposed.take_stock()))
    assert [point.place.box for point in proposed.stock.slices] == [Box((2, 0, 0), (3, 10, 10))]


def test_the_audit_set_is_drawn_through_the_session(proposed):
    list(drive(proposed, "progress", proposed.draw_audit()))
    assert proposed.stock.audit
    assert all(each.reviewed == 0 for each in proposed.stock.audit)


def test_a_place_that_reaches_out_of_the_region_is_not_predicted_ahead(proposed):
    """Predicted in part, it would still be another network's, and predicted again and again."""
    proposed.project.update(region=Box((0, 0, 0), (12, 40, 20)))
    list(drive(proposed, "open", proposed.open(proposed.project.path)))
    find(proposed)
    boxes = [place.box for place in proposed.queue.places]
    assert any(not proposed.region.contains(box) for box in boxes)
    assert proposed.outdated == ()
