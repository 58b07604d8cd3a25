"""Laws of the Predict section: its forecast, where memory ran out, disagreement, moves."""

from time import sleep

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtTest import QTest

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import BlockLedger, Project, ledger_path
from napari_vessel.tiling import TileConfig
from napari_vessel.volumes import StoreSpec, create_store
from napari_vessel.workflows import BlockProposed, Focus, Progress, Proposed, SliceProposed

pytestmark = pytest.mark.gui
SHAPE = (12, 40, 48)
WHOLE = Box.of(SHAPE)


def done(dock, name):
    ended = dock.session.activities[name].state not in ("idle", "running")
    return ended and not dock.desk.jobs.running(name)


@pytest.fixture
def spied(opened, monkeypatch):
    """The dock with a volume open, and a list of what its runner is asked."""
    _, dock = opened
    asked, run = [], dock.session.runner.run

    def spy(workflow, request, **rest):
        asked.append(request)
        return run(workflow, request, **rest)

    monkeypatch.setattr(dock.session.runner, "run", spy)
    return dock, asked


def dock_with(make_dock, volume_path, qtbot, workflows):
    viewer, dock = make_dock(workflows)
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None and done(dock, "open"))
    return viewer, dock


def store_of(project, value, done):
    """Write a proposal whose planes disagree by ``value`` where it is done."""
    name = project.new_id()
    spec = StoreSpec(
        shape=SHAPE,
        voxel_size=VoxelSize(1, 1, 1),
        chunk=(12, 20, 48),
        arrays=("probability", "disagreement"),
        attrs={"region": str(WHOLE), "before": None},
    )
    store = create_store(project.proposals / f"{name}.ome.zarr", spec)
    ledger = BlockLedger.open(ledger_path(project.proposals, name))
    store.write("disagreement", done, np.full(done.shape, value, np.uint8))
    ledger.record(done)
    project.update(proposal=name)
    return name


def test_what_it_takes_is_said_before_a_click(opened, qtbot):
    _, dock = opened
    qtbot.waitUntil(lambda: bool(dock.predict.cost.said))
    told = "Takes about 3 min, 1.5 GB of memory and up to 40 MB on disk."
    assert dock.predict.cost.said == told


def test_a_change_of_the_options_is_foreseen_anew_at_the_same_rate(spied, qtbot):
    dock, asked = spied
    qtbot.waitUntil(lambda: bool(asked) and done(dock, "forecast"))
    dock.predict.views.setCurrentText("None (4 × faster)")
    qtbot.waitUntil(lambda: len(asked) > 1 and done(dock, "forecast"))
    assert asked[-1].inference.views == "none"
    assert asked[-1].pixels_per_second == 100.0


def test_what_it_takes_is_corrected_while_it_runs(make_dock, volume_path, qtbot):
    _, dock = dock_with(make_dock, volume_path, qtbot, "ENDLESS")
    qtbot.waitUntil(lambda: "3 min" in dock.predict.cost.said)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: "in all by now (forecast: 3 min)" in dock.predict.cost.said)
    assert "17 min" in dock.predict.cost.said
    dock.predict.stop.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    qtbot.waitUntil(lambda: dock.predict.cost.said.startswith("Takes about 3 min, 1.5 GB"))


def test_a_prediction_is_paused_and_gone_on_with_as_it_was(make_dock, volume_path, qtbot):
    _, dock = dock_with(make_dock, volume_path, qtbot, "ENDLESS")
    section, session = dock.predict, dock.session
    assert section.resume.isHidden()
    section.views.setCurrentText("None (4 × faster)")
    section.predict.click()
    qtbot.waitUntil(lambda: session.activities["predict"].fraction is not None)
    question = session._questions["predict"]
    assert not section.pause.isHidden() and section.pause.isEnabled()
    section.pause.click()
    assert not section.pause.isEnabled()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    assert session.activities["predict"].state == "paused"
    assert "Resume goes on there" in section.outcome.said
    assert not section.resume.isHidden() and section.predict.isEnabled()
    section.views.setCurrentText("4 flips")  # of the next click: what is paused has its own
    section.resume.click()
    qtbot.waitUntil(lambda: session.activities["predict"].state == "running")
    assert section.resume.isHidden()
    again = session._questions["predict"]
    assert (again.project, again.box) == (question.project, question.box)
    assert session.project.config.inference.views == "none"
    qtbot.waitUntil(lambda: session.activities["predict"].fraction is not None)
    assert section.pause.isEnabled()
    section.pause.click()
    section.desk.jobs.cancel("predict")  # the last wish counts
    qtbot.waitUntil(lambda: done(dock, "predict"))
    assert session.activities["predict"].state == "cancelled"
    assert section.resume.isHidden()


def test_of_a_prediction_that_was_left_unfinished_it_is_said_that_it_can_be_gone_on_with(
    opened, volume_path, qtbot
):
    _, dock = opened
    list(dock.session.predict(Focus((3, 5, 5)), WHOLE))
    store_of(dock.session.project, 9, Box((0, 0, 0), (12, 20, 48)))
    assert "goes on with it" not in dock.predict.outcome.said
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: "goes on with it" in dock.predict.outcome.said)


@pytest.mark.parametrize("offer", [0, 1])
def test_where_memory_ran_out_what_needs_less_is_offered_as_another_recipe(
    make_dock, volume_path, qtbot, offer
):
    _, dock = dock_with(make_dock, volume_path, qtbot, "FAILING")
    section = dock.predict
    assert section.offers.isHidden()
    before, tiles = len(notification_manager.records), section.settings().tiles
    section.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    told = [button.text() for button in section.offers.buttons]
    assert told == ["Predict again: Tiles of 256 pixels", "Predict again: The CPU"]
    assert len(list(notification_manager.records)[before:]) == 1
    section.offers.buttons[offer].click()
    assert section.offers.isHidden()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    config = dock.session.project.config.inference
    expected = [("auto", TileConfig.of(256)), ("cpu", tiles)][offer]
    assert (config.device, config.tiles) == expected


def test_another_failure_offers_nothing(opened, qtbot):
    _, dock = opened
    dock.session.failed("predict", OSError("cut"))
    assert dock.predict.offers.isHidden()


def test_weights_are_asked_for_only_where_they_mean_something(opened):
    _, dock = opened
    options = dock.predict.options
    weights = options.weights
    assert weights.isHidden()
    options.planes.setCurrentText("XY and YZ")
    assert [plane for plane, box in weights.boxes.items() if not box.isHidden()] == [
        Plane.XY,
        Plane.YZ,
    ]
    weights.boxes[Plane.YZ].setValue(2.5)
    weights.boxes[Plane.XZ].setValue(9)
    assert dock.predict.settings().weights == (1.0, 2.5)
    options.fuse.setCurrentText("Any plane")
    assert weights.isHidden()
    assert dock.predict.settings().weights == ()


def test_options_show_what_a_project_works_with(make_dock, opened, volume_path, qtbot):
    _, dock = opened
    changes = {
        "planes": (Plane.XY, Plane.XZ),
        "weights": (2.0, 1.0),
        "views": "none",
        "zoom": 1.5,
        "tiles": {"tile": 96, "overlap": 16},
        "device": "cpu",
        "empty_below": 0.0,
    }
    config = InferenceConfig.model_validate(changes)
    dock.session._open_now().made_project().update(inference=config)
    dock.shut()
    _, dock = make_dock()
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: done(dock, "open"))
    assert dock.predict.settings() == config


def partial_then_whole(request):
    """Propose half of it, wait to be let on, and end."""
    project = Project.open(request.project)
    half = Box((0, 0, 0), (12, 20, 48))
    name = store_of(project, 200, half)
    yield BlockProposed(name, half)
    project.open_proposal()
    yield Proposed(name, "partial", 2, (), 0.1)


def test_disagreement_is_a_layer_with_one_click_and_goes_with_another(opened, qtbot, monkeypatch):
    viewer, dock = opened
    link, box = dock.desk.link, dock.predict.disagreement
    active = viewer.layers.selection.active
    box.click()
    layer = viewer.layers["Disagreement"]
    order = [viewer.layers.index(each) for each in (link.image, layer, link.labels)]
    assert order == sorted(order)
    assert viewer.layers.selection.active is active
    assert layer not in link.image_layers()  # it is offered as a volume by nobody
    np.testing.assert_array_equal(layer.scale, link.labels.scale)
    assert not np.asarray(layer._slice.image.raw).any()
    monkeypatch.setitem(_fakes(), "propose", partial_then_whole)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    qtbot.waitUntil(lambda: bool(np.asarray(layer._slice.image.raw).any()))
    shown = np.asarray(layer._slice.image.raw)
    assert (shown[:20] == 200).all() and not shown[20:].any()
    box.click()
    assert "Disagreement" not in viewer.layers


def test_disagreement_that_is_deleted_by_hand_can_be_shown_again(opened):
    viewer, dock = opened
    dock.predict.disagreement.click()
    viewer.layers.remove("Disagreement")
    assert not dock.predict.disagreement.isChecked()
    dock.predict.disagreement.click()
    assert "Disagreement" in viewer.layers


def test_the_disagreement_goes_with_the_dock(opened):
    viewer, dock = opened
    dock.predict.disagreement.click()
    dock.shut()
    assert "Disagreement" not in viewer.layers


def _fakes():
    import widgets_model

    return widgets_model.FAKES


def test_moving_the_view_is_told_once_it_has_come_to_rest(
    make_dock, volume_path, qtbot, monkeypatch
):
    viewer, dock = dock_with(make_dock, volume_path, qtbot, "ENDLESS")
    looked = []
    monkeypatch.setattr(dock.session, "look", looked.append)
    viewer.dims.set_current_step(0, 2)
    QTest.qWait(300)
    assert looked == []  # nothing is predicted
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: dock.session.activities["predict"].fraction is not None)
    for index in range(3, 9):
        viewer.dims.set_current_step(0, index)
    qtbot.waitUntil(lambda: bool(looked))
    assert [(focus.plane, round(focus.point[0])) for focus in looked] == [(Plane.XY, 8)]
    viewer.dims.order = (2, 0, 1)
    qtbot.waitUntil(lambda: looked[-1].plane is Plane.YZ)
    x = looked[-1].point[1]
    viewer.scene.camera.center = (0.0, 3.0, 5.0)
    qtbot.waitUntil(lambda: looked[-1].point[1] != x)
    dock.predict.stop.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))


def test_a_look_that_no_block_followed_goes_when_it_is_cancelled(
    make_dock, volume_path, qtbot, monkeypatch
):
    import widgets_model

    def looks(request):
        cut = WHOLE.slice_at(Plane.XY, 6)
        yield SliceProposed(cut, Plane.XY, np.full(cut.shape, 255, np.uint8))
        yield from widgets_model.endless_propose(request)

    _, dock = dock_with(make_dock, volume_path, qtbot, "FAKES")
    monkeypatch.setitem(widgets_model.FAKES, "propose", looks)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: bool(np.asarray(dock.desk.link.labels.data[6]).any()))
    dock.predict.stop.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    assert not np.asarray(dock.desk.link.labels.data[6]).any()


def test_a_mask_deleted_while_it_is_predicted_ends_nothing_and_comes_back_with_it(
    make_dock, volume_path, qtbot, monkeypatch
):
    import widgets_model

    going = [True]

    def slowly(request):
        yield SliceProposed(WHOLE, Plane.XY, np.full(SHAPE, 255, np.uint8))
        while going[0]:
            sleep(0.01)
            yield Progress(0, 1, "blocks", "Predicting")
        yield from widgets_model.fake_propose(request)

    viewer, dock = dock_with(make_dock, volume_path, qtbot, "FAKES")
    monkeypatch.setitem(widgets_model.FAKES, "propose", slowly)
    before = len(notification_manager.records)
    dock.predict.disagreement.click()
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: bool(np.asarray(dock.desk.link.labels.data).any()))
    for layer in list(viewer.layers):
        viewer.layers.remove(layer)
    QTest.qWait(200)
    assert dock.desk.jobs.running("predict")
    going[0] = False
    qtbot.waitUntil(lambda: done(dock, "predict"))
    assert dock.session.activities["predict"].state == "done"
    assert not list(notification_manager.records)[before:]
    dock.desk.link.show()
    assert np.asarray(dock.desk.link.labels.data)[:, 4:9].all()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a"),
        MemoryError("b"),
        ValueError("c"),
        KeyError("d"),
        StopIteration(),
        OSError(5),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("after", [0, 2])
def test_every_error_of_a_prediction_is_told_once_and_progress_ends(
    opened, qtbot, monkeypatch, error, after
):
    import widgets_model

    def broken(request):
        for count, event in enumerate(widgets_model.fake_propose(request)):
            if count == after:
                raise error
            yield event

    _, dock = opened
    monkeypatch.setitem(widgets_model.FAKES, "propose", broken)
    before = len(notification_manager.records)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock, "predict"))
    assert dock.session.activities["predict"].state == "failed"
    assert len(list(notification_manager.records)[before:]) == 1
    assert dock.predict._moving.isHidden()
    assert dock.predict.predict.isEnabled()
