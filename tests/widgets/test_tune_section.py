"""The section Tune: what is tuned, start, cancel, go on, the best and the pictures."""

import sys
from pathlib import Path

import pytest
import torchvision  # noqa: F401  before Mesa's LLVM, beside which triton's crashes

sys.path.insert(0, str(Path(__file__).parents[1] / "workflows"))  # tests are no package

from tune_toys import pictures, study_of

from napari_vessel.workflows import WORKFLOWS, Tune, write_run

pytestmark = pytest.mark.gui


@pytest.fixture
def file(tmp_path):
    """A configuration that tunes a small classifier."""
    place = tmp_path / "discs.json"
    write_run(
        place, Tune(study_of(pictures(tmp_path / "images"), trials=4), tmp_path / "discs.study")
    )
    return place


@pytest.fixture
def tuning(make_dock, file, qtbot, monkeypatch):
    """A dock that tunes for real, and its section, with the configuration read."""
    model = sys.modules["widgets_model"]
    real = {**model.FAKES, "tune": WORKFLOWS["tune"]}
    monkeypatch.setattr(model, "TUNING", real, raising=False)
    viewer, dock = make_dock("TUNING")
    section = dock.tune
    section.open_file(file)
    qtbot.waitUntil(lambda: section.settings.rowCount() == 3)
    qtbot.waitUntil(lambda: not section.running)
    return viewer, dock, section


def end(section, qtbot):
    qtbot.waitUntil(lambda: not section.running)


def test_a_configuration_shows_what_is_tuned_and_nothing_begins(tuning):
    *_, section = tuning
    assert section.settings.ticked() == ("learning_rate", "batch", "dropout")
    assert section.trials.value() == 4
    assert section.start_button.isEnabled()
    assert section.start_button.text() == "Start"
    assert not section.write_best.isEnabled()
    assert not Path(section.out.text()).exists()


def test_a_study_is_begun_cancelled_and_gone_on_with_later(tuning, qtbot, request):
    viewer, dock, section = tuning
    section.start()
    qtbot.waitUntil(lambda: dock.session.tuning.settled >= 1)
    section.stop.click()
    end(section, qtbot)
    activity = dock.session.activities["tune"]
    assert activity.state == "cancelled"
    done = dock.session.tuning.settled
    assert 1 <= done < 4
    assert section.start_button.text() == f"Go on after {done} trials"
    section.start()
    end(section, qtbot)
    tuning_now = dock.session.tuning
    assert dock.session.activities["tune"].state == "done", section.outcome.said
    assert tuning_now.settled == 4
    assert "4 trials" in section.outcome.said
    assert section.best.said.startswith("Best so far: trial ")
    assert section.picture.isVisibleTo(section)
    shown = set()
    for at in range(section.picture.which.count()):
        section.picture.which.setCurrentIndex(at)
        pixmap = section.picture.picture.pixmap()
        assert not pixmap.isNull()
        shown.add(pixmap.toImage().pixel(pixmap.width() // 3, pixmap.height() // 3))
        assert pixmap.width() <= section.picture.picture.width()
    assert section.write_best.isEnabled()
    assert not section.use.isEnabled()  # a classifier is no network of vessels
    folder = request.config.getoption("--screenshots", None)
    if folder:
        section.picture.which.setCurrentIndex(0)
        section.more.switch.setChecked(True)
        dock.area.ensureWidgetVisible(section, 0, 0)
        qtbot.wait(500)
        viewer.window.screenshot(f"{folder}/tune-dock.png", canvas_only=False, flash=False)


def test_what_is_unticked_is_not_tuned(tuning, qtbot):
    _, dock, section = tuning
    section.settings.tick("dropout", on=False)
    section.trials.setValue(1)
    section.start()
    end(section, qtbot)
    assert dock.session.activities["tune"].state == "done", section.outcome.said
    assert set(dock.session.tuning.best.values) == {"learning_rate", "batch"}
    for name in ("learning_rate", "batch"):
        section.settings.tick(name, on=False)
    assert not section.start_button.isEnabled()
    assert section.hint.said == "Tick at least one setting."


def test_a_study_that_stands_there_is_seen_before_anything_begins(tuning, qtbot, file, tmp_path):
    _, dock, section = tuning
    section.trials.setValue(2)
    section.start()
    end(section, qtbot)
    best = dock.session.tuning.best
    section.open_file(file, tmp_path / "other")
    end(section, qtbot)
    assert section.best.said == ""
    assert section.start_button.text() == "Start"
    section.open_file(file)
    end(section, qtbot)
    assert section.start_button.text() == "Go on after 2 trials"
    assert dock.session.tuning.best.number == best.number
    assert section.picture.isVisibleTo(section)
    assert f"trial {best.number}" in section.best.said


def test_another_space_is_refused_in_words(tuning, qtbot):
    _, dock, section = tuning
    section.trials.setValue(1)
    section.start()
    end(section, qtbot)
    section.settings.tick("dropout", on=False)
    section.start()
    end(section, qtbot)
    assert dock.session.activities["tune"].state == "failed"
    assert "holds a study of something else: space.dropout" in section.outcome.said


def test_the_best_configuration_and_the_study_are_written_as_files(tuning, qtbot, tmp_path):
    _, dock, section = tuning
    session = dock.session
    section.trials.setValue(1)
    section.start()
    end(section, qtbot)
    section._start_as("tune", lambda: session.write_best(tmp_path / "best.toml"))
    end(section, qtbot)
    assert 'run = "classify"' in (tmp_path / "best.toml").read_text()
    wish = section.wish()
    section._start_as("tune", lambda: session.write_tune_run(tmp_path / "again.json", wish))
    end(section, qtbot)
    assert '"run": "tune"' in (tmp_path / "again.json").read_text()


def test_what_cannot_be_read_is_said(make_dock, qtbot, tmp_path):
    _, dock = make_dock()
    dock.tune.open_file(tmp_path / "none.toml")
    end(dock.tune, qtbot)
    assert "cannot be read" in dock.tune.outcome.said
    assert not dock.tune.start_button.isEnabled()
