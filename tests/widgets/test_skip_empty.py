"""The dock's switch for what seems empty; in a real window."""

import pytest

pytestmark = pytest.mark.gui


def done(dock):
    return dock.session.activities["predict"].state not in ("idle", "running") and not (
        dock.desk.jobs.running("predict")
    )


@pytest.mark.parametrize(("ticked", "expected"), [(True, "auto"), (False, 0.0)])
def test_the_switch_for_what_seems_empty_reaches_the_project(opened, qtbot, ticked, expected):
    _, dock = opened
    assert dock.predict.skip_empty.isChecked()
    dock.predict.options.switch.setChecked(True)
    dock.predict.skip_empty.setChecked(ticked)
    dock.predict.predict.click()
    qtbot.waitUntil(lambda: done(dock))
    assert dock.session.project.config.inference.empty_below == expected
