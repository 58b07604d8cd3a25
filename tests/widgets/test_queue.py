"""The sections Where next and Progress, on a project that has a proposal."""

from threading import Event

import numpy as np
import pytest

from napari_vessel.geometry import Box, Plane
from napari_vessel.project import BlockLedger, Project, ReviewRecords, ledger_path
from napari_vessel.volumes import StoreSpec, create_store, open_volume

pytestmark = pytest.mark.gui

SHAPE = (12, 40, 48)


@pytest.fixture
def project(tmp_path, volume_path):
    """A project whose proposal is sure of all but a blot in XY 4 and a sheet in XZ 33."""
    made = Project.create(tmp_path / "kidney.vessel", open_volume(str(volume_path)))
    probability = np.zeros(SHAPE, np.uint8)
    probability[2:10, 5:9] = 255
    probability[4, 15:30, 10:30] = 120
    probability[:, 33, 36:46] = 110
    spec = StoreSpec(
        shape=SHAPE,
        voxel_size=made.config.volume.voxel_size,
        chunk=(12, 40, 48),
        arrays=("probability", "disagreement"),
        attrs={
            "region": str(Box.of(SHAPE)),
            "before": None,
            "checkpoint": "starter",
            "inference": {"planes": ["xy", "xz", "yz"]},
        },
    )
    store = create_store(made.proposals / "p1.ome.zarr", spec)
    store.write("probability", Box.of(SHAPE), probability)
    store.finish()
    BlockLedger.open(ledger_path(made.proposals, "p1")).record(Box.of(SHAPE))
    made.update(proposal="p1", threshold=0.5, smallest_um3=0.0)
    return made


@pytest.fixture
def queued(make_dock, project, qtbot):
    """The viewer and its dock with the project open and its places listed."""
    viewer, dock = make_dock()
    dock.volume.open_path(str(project.path))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None)
    qtbot.waitUntil(lambda: dock.session.queue is not None)
    rest(dock, qtbot)
    return viewer, dock


def rest(dock, qtbot):
    """Wait until the list and all that follows on it are up to date."""
    qtbot.waitUntil(
        lambda: (
            not any(dock.desk.jobs.running(name) for name in ("queue", "tool", "open", "progress"))
            and not dock.queue._soon.isActive()
            and not dock.progress._soon.isActive()
        )
    )


def press(viewer, key):
    viewer.keymap[next(k for k in viewer.keymap if str(k) == key)](viewer)


def test_shift_n_goes_to_the_error_in_its_plane_with_marks_and_pictures(queued):
    viewer, dock = queued
    first = dock.session.queue.places[0]
    assert (first.plane, first.index) == (Plane.XY, 4)
    assert "Where next" not in viewer.layers  # who does not follow the list sees no mark
    press(viewer, "Shift+N")
    assert dock.desk.link.slice_in_view() == (Plane.XY, 4)
    focus = dock.desk.link.focus()
    assert 15 <= focus.point[1] < 30
    assert 10 <= focus.point[2] < 30
    assert dock.queue.list.item(0).text().startswith("▶ 1  XY 4")
    assert not dock.queue.list.item(0).icon().isNull()
    marks = viewer.layers["Where next"]
    assert len(marks.data) == 7 * len(dock.session.queue.places)  # in slices nearby, too
    assert set(marks.text.string.array) == {
        str(at + 1) for at in range(len(dock.session.queue.places))
    }
    assert viewer.layers.selection.active is dock.desk.link.labels
    press(viewer, "Shift+N")
    second = dock.session.place
    assert (second.plane, second.index) == (Plane.XZ, 33)
    assert dock.desk.link.slice_in_view() == (second.plane, second.index)


def test_done_marks_as_reviewed_and_the_place_is_left_out(queued, qtbot):
    viewer, dock = queued
    press(viewer, "Shift+N")
    place = dock.session.place
    dock.queue.done.click()
    qtbot.waitUntil(lambda: place.id in dock.session.queue.done)
    rest(dock, qtbot)
    assert dock.session.reviewed == place.box.size
    assert place.id not in [each.id for each in dock.session.queue.places]


def test_a_place_whose_accepting_is_refused_is_not_marked_done_and_is_not_left(queued, qtbot):
    viewer, dock = queued
    press(viewer, "Shift+N")
    session, place = dock.session, dock.session.place
    session._work.view.await_box(place.box)  # as when it is being predicted
    dock.queue.done.click()
    qtbot.waitUntil(lambda: session.activities["tool"].state == "failed")
    rest(dock, qtbot)
    assert session.reviewed == 0
    assert session.place == place
    assert ReviewRecords(session.project.path).marks().left_out == {}
    session._work.view.stop_waiting()
    dock.queue.done.click()
    qtbot.waitUntil(lambda: session.place != place)
    rest(dock, qtbot)
    assert ReviewRecords(session.project.path).marks().left_out == {place.id: "done"}


def test_a_skip_while_places_are_ranked_outlives_that_another_region_opens(
    queued, qtbot, monkeypatch
):
    viewer, dock = queued
    session, jobs = dock.session, dock.desk.jobs
    find, go_on = session.find_places, Event()

    def slow(*asked):
        go_on.wait()
        yield from find(*asked)

    press(viewer, "Shift+N")
    skipped = session.place
    with monkeypatch.context() as patch:
        patch.setattr(session, "find_places", slow)
        dock.queue.look()
        dock.queue.skip.click()
        part = Box((0, 0, 0), (12, 40, 40))
        jobs.start("region", lambda: session.move_region(part))
        qtbot.waitUntil(lambda: session.region == part)
        go_on.set()
        qtbot.waitUntil(lambda: not jobs.running("queue"))
    dock.queue.look()
    qtbot.waitUntil(lambda: session.queue is not None)
    rest(dock, qtbot)
    assert session.queue.skipped == (skipped.id,)


def asked_light(dock, monkeypatch):
    """Collect the quick updates that are asked for, which never begin."""
    asked = []

    def light(plane, index, focus):
        asked.append((plane, index, focus.voxel))
        yield from ()

    monkeypatch.setattr(dock.session, "light", light)
    return asked


def test_done_improves_the_slices_around_where_the_person_looked(queued, qtbot, monkeypatch):
    viewer, dock = queued
    asked = asked_light(dock, monkeypatch)
    press(viewer, "Shift+N")
    looked = dock.desk.link.focus().voxel
    dock.queue.done.click()
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [(Plane.XY, 4, looked)]


def test_accept_view_improves_the_slices_around(queued, qtbot, monkeypatch):
    viewer, dock = queued
    asked = asked_light(dock, monkeypatch)
    press(viewer, "Shift+N")
    dock.correct.quick.hand.use("accept view")
    qtbot.waitUntil(lambda: bool(asked))
    assert [each[:2] for each in asked] == [(Plane.XY, 4)]


def test_what_is_skipped_can_be_put_back_and_comes_first(queued, qtbot):
    viewer, dock = queued
    press(viewer, "Shift+N")
    press(viewer, "Shift+N")
    skipped = dock.session.place
    dock.queue.skip.click()
    qtbot.waitUntil(lambda: skipped.id in dock.session.queue.skipped)
    rest(dock, qtbot)
    assert skipped.id not in [place.id for place in dock.session.queue.places]
    assert ReviewRecords(dock.session.project.path).marks().left_out == {skipped.id: "skip"}
    dock.queue.left_list.setCurrentRow(0)
    dock.queue.back.click()
    qtbot.waitUntil(lambda: not dock.session.queue.skipped)
    assert dock.session.queue.places[0].id == skipped.id


def test_painting_what_was_unsure_takes_the_place_off_the_list(queued, qtbot):
    _, dock = queued
    session, before = dock.session, dock.session.queue
    box = Box((4, 10, 5), (5, 35, 35))
    session.begin_stroke("paint", Plane.XY)
    session.paint(box, np.ones(box.shape, bool), 0)
    session.end_stroke()
    qtbot.waitUntil(lambda: session.queue is not before)
    rest(dock, qtbot)
    assert (Plane.XY, 4) not in [(place.plane, place.index) for place in session.queue.places]


def test_the_audit_set_is_filled_in_scored_and_never_in_the_queue(queued, qtbot, monkeypatch):
    _, dock = queued
    dock.progress.audit.switch.setChecked(True)
    dock.progress.draw.click()
    qtbot.waitUntil(lambda: bool(dock.session.stock and dock.session.stock.audit))
    rest(dock, qtbot)
    windows = dock.session.stock.audit
    kept = ReviewRecords(dock.session.project.path).audit()
    assert [each.place.id for each in windows] == [each.place.id for each in kept.windows]
    light = asked_light(dock, monkeypatch)
    dock.progress.list.setCurrentRow(0)
    dock.progress.accept.click()
    qtbot.waitUntil(lambda: bool(dock.session.stock.audits))
    rest(dock, qtbot)
    assert not light  # nothing is learned from it
    point = dock.session.stock.audits[-1]
    assert point.dice.value == 1
    assert point.windows == 1
    assert dock.progress.plot.isVisibleTo(dock)
    assert "Audit Dice 1.000" in dock.progress.outcome.said


def test_a_table_of_the_progress_is_saved(queued, qtbot, tmp_path):
    _, dock = queued
    dock.session.accept_slice(Plane.XY, 4)
    qtbot.waitUntil(lambda: bool(dock.session.stock and dock.session.stock.slices))
    dock.progress.save(tmp_path / "progress.csv")
    lines = (tmp_path / "progress.csv").read_text().splitlines()
    assert lines[0].startswith("utc,hours,kind,place,seconds,dice")
    assert ",slice," in lines[1]


def test_a_picture_of_both_sections(queued, qtbot, request):
    """Keeps a picture where ``--screenshots`` asks for one."""
    folder = request.config.getoption("--screenshots", default=None)
    viewer, dock = queued
    press(viewer, "Shift+N")
    dock.session.accept_slice(Plane.XY, 3)
    qtbot.waitUntil(lambda: bool(dock.session.stock and dock.session.stock.slices))
    rest(dock, qtbot)
    dock.area.ensureWidgetVisible(dock.queue, 0, 0)
    if folder:
        viewer.window._qt_window.resize(1300, 900)
        qtbot.wait(300)
        for name, section in (("queue", dock.queue), ("progress", dock.progress)):
            dock.area.verticalScrollBar().setValue(section.y())
            qtbot.wait(200)
            viewer.window._qt_window.grab().save(f"{folder}/where-next-{name}.png")
    assert dock.queue.list.count() == len(dock.session.queue.places)


@pytest.fixture
def ahead(queued, monkeypatch, qtbot):
    """The dock after another network came into use, and what is predicted there."""
    viewer, dock = queued
    monkeypatch.setattr("napari_vessel.widgets._queue_ahead._REST_MS", 1)
    asked = []

    def predict(focus, box=None, *, settings=None):
        asked.append(box)
        yield from ()

    monkeypatch.setattr(dock.session, "predict", predict)
    dock.session.checkpoint = "learned"
    dock.queue.look()
    qtbot.waitUntil(lambda: bool(dock.session.outdated))
    rest(dock, qtbot)
    return viewer, dock, asked


def rested(dock, qtbot):
    """Let what would be predicted ahead begin."""
    qtbot.waitUntil(lambda: not dock.queue.predicted._timer.isActive())
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("predict"))


def test_who_follows_the_list_finds_the_next_places_predicted_with_the_new_network(ahead, qtbot):
    viewer, dock, asked = ahead
    session = dock.session
    rested(dock, qtbot)
    assert asked == []  # nobody follows the list
    first = session.queue.places[0].box
    press(viewer, "Shift+N")
    qtbot.waitUntil(lambda: bool(asked))
    (z, y, x), (z_, y_, x_) = first.start, first.stop
    assert asked[0] == Box((max(z - 4, 0), y, x), (min(z_ + 4, SHAPE[0]), y_, x_))

    def looked() -> None:  # each is asked for once, though the proposal stays the old network's
        rested(dock, qtbot)
        dock.queue.look()
        rest(dock, qtbot)

    for _ in range(30):
        looked()
        if len(asked) >= 2:
            break
    looked()
    looked()
    assert 2 <= len(asked) == len(set(asked))
    places = session.queue.places
    assert all(any(box.contains(place.box) for place in places) for box in asked)


@pytest.mark.parametrize("why", ["unticked", "predicting", "paused", "looking", "as new"])
def test_nothing_is_predicted_ahead_where_that_is_not_wanted_or_in_the_way(
    ahead, qtbot, monkeypatch, why
):
    viewer, dock, asked = ahead
    session, jobs = dock.session, dock.desk.jobs
    with monkeypatch.context() as patch:
        if why == "unticked":
            dock.queue.ahead.setChecked(False)
        elif why == "paused":
            patch.setattr(type(session), "paused_at", Box.of(SHAPE))
        elif why == "as new":
            session.outdated = ()
        else:
            name = "predict" if why == "predicting" else "queue"
            patch.setattr(jobs, "running", lambda asked_for: asked_for == name)
        press(viewer, "Shift+N")
        assert session.place is not None
        assert why == "as new" or session.outdated
        dock.queue.predicted.predict()
        dock.queue.predicted._timer.stop()
    qtbot.waitUntil(lambda: not jobs.running("predict"))
    assert asked == []
