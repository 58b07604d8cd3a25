"""What the options show of a project is what they give back."""

import pytest

from napari_vessel.geometry import Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.widgets._predict_options import PredictOptions

pytestmark = pytest.mark.gui

XY, XZ, YZ = Plane
THREE = {"planes": (XY, XZ, YZ), "weights": (1, 0.55, 0.04)}


@pytest.fixture
def options(qtbot):
    made = PredictOptions()
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"empty_below": 0.05},
        {"empty_below": 0.0},
        THREE,
        {"planes": (XY, XZ), "weights": (2, 2)},
        {"planes": (YZ, XY), "weights": (0.031, 40)},
        {"planes": (XY,), "weights": (3,)},
        {"fuse": "vote", "vote": 3},
        {"zoom": (1.0, 0.3, 0.3), "device": "cuda:1", "precision": "bf16"},
        {"tiles": {"tile": 160, "overlap": 8}, "views": "dihedral"},
    ],
)
def test_settings_that_cannot_be_shown_come_back_as_they_are(options, changes):
    project = InferenceConfig.model_validate(changes)
    for shown in (InferenceConfig.model_validate(THREE), project):  # nothing stays of another
        options.show_settings(shown)
    assert options.settings(project) == project
    assert options.dropped(project) == ()


def test_what_a_hand_changes_is_changed_alone(options):
    project = InferenceConfig.model_validate(THREE | {"empty_below": 0.05})
    options.show_settings(project)
    options.weights.boxes[XZ].setValue(2)
    assert options.settings(project).weights == (1, 2, 0.04)
    options.skip_empty.setChecked(False)
    assert options.settings(project).empty_below == 0
    options.skip_empty.setChecked(True)
    assert options.settings(project).empty_below == 0.05
    options.planes.setCurrentText("XY and YZ")
    found = options.settings(project)
    assert (found.planes, found.weights) == ((XY, YZ), (1, 0.04))
    options.show_settings(InferenceConfig(planes=(XY, XZ)))
    assert options.weights.boxes[XZ].value() == 1  # no weight of the project before


@pytest.mark.parametrize(
    ("project", "control", "entry", "told"),
    [
        ({"fuse": "vote", "vote": 3}, "fuse", "Mean", "vote = 3"),
        (THREE, "fuse", "Any plane", "0.55 for xz"),
        (THREE, "planes", "Chosen by voxel size", "0.55 for xz"),
    ],
)
def test_what_a_choice_leaves_without_meaning_goes_and_is_told(
    options, project, control, entry, told
):
    config = InferenceConfig.model_validate(project)
    options.show_settings(config)
    getattr(options, control).setCurrentText(entry)
    found = options.settings(config)
    assert (found.weights, found.vote) == ((), 2)
    assert [told in sentence for sentence in options.dropped(config)] == [True]


def test_it_is_said_before_a_click_and_a_click_predicts(opened, volume_path, qtbot):
    _, dock = opened
    voting = InferenceConfig(fuse="vote", vote=3)
    dock.session._open_now().made_project().update(inference=voting)
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: dock.predict.settings() == voting)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"))
    dock.predict.fuse.setCurrentText("Mean")
    assert "vote = 3" in dock.predict.hint.said
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: dock.session.activities["predict"].state == "done")
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("predict"))
    kept = dock.session.project.config.inference
    assert (kept.fuse, kept.vote) == ("mean", 2)
    dock.predict.update_state()
    assert "vote" not in dock.predict.hint.said
