"""Fixtures of the widgets' tests."""

import gc
import importlib.util
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

# With --import-mode=importlib a test module cannot import its neighbour by itself.
_spec = importlib.util.spec_from_file_location("widgets_model", Path(__file__).parent / "_model.py")
_module = importlib.util.module_from_spec(_spec)
sys.modules["widgets_model"] = _module
_spec.loader.exec_module(_module)

SHAPE = (12, 40, 48)


def pytest_addoption(parser):
    """Let the end-to-end test leave pictures; known where pytest is pointed at this folder."""
    parser.addoption("--screenshots", metavar="DIR", help="save a PNG of each step of the loop")


@pytest.fixture
def painter():
    """A painter in plain numpy over 12 × 20 × 24 voxels, at (5, 6, 7) of its volume."""
    return _module.ModelPainter((12, 20, 24), (5, 6, 7))


@pytest.fixture
def qtbot(qtbot):
    """pytest-qt's, waiting a minute: whether something ends at all, on a busy machine too.

    A click waits for its widget to have room: a layout that is made anew gives it none at first.
    """
    qtbot.waitUntil = partial(qtbot.waitUntil, timeout=60_000)
    at_once = qtbot.mouseClick

    def click(widget, *args, **kwargs):
        qtbot.waitUntil(lambda: not widget.size().isEmpty())
        at_once(widget, *args, **kwargs)

    qtbot.mouseClick = click
    return qtbot


@pytest.fixture(scope="session", autouse=True)
def _imported_for_good():
    """Put what imports made out of the garbage collector's sight.

    napari collects at the end of every viewer; that takes a fifth of a second less so.
    """
    for name in ("napari._qt.qt_main_window", "napari_vessel.widgets._dock"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path, monkeypatch):
    """Keep what the program keeps for a person out of the real data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def volume_path(tmp_path):
    """A volume of 12 × 40 × 48 voxels as a .npy file, whose voxel size nobody knows."""
    voxels = np.random.default_rng(0).integers(18_000, 37_000, SHAPE).astype(np.uint16)
    path = tmp_path / "kidney.npy"
    np.save(path, voxels)
    return path


@pytest.fixture
def make_session():
    """Make sessions whose workflows are ``widgets_model``'s mapping of that name."""
    from napari_vessel.runner import InlineRunner, RunnerConfig
    from napari_vessel.session import Session

    def make(workflows="FAKES"):
        config = RunnerConfig(registry=f"widgets_model:{workflows}")
        return Session(InlineRunner(config))

    return make


@pytest.fixture
def make_dock(make_napari_viewer, make_session, qtbot):
    """Make a viewer with the dock in it, as (viewer, dock); shut at the end."""
    from napari_vessel.widgets import VesselsDock

    docks = []

    def make(workflows="FAKES", *, show=True):
        viewer = make_napari_viewer(show=show)
        dock = VesselsDock(viewer, make_session(workflows))
        viewer.window.add_dock_widget(dock, name="Vessels", area="right")
        docks.append(dock)
        return viewer, dock

    yield make
    for dock in docks:
        dock.shut()


@pytest.fixture
def opened(make_dock, volume_path, qtbot):
    """A viewer and its dock with the volume open, as (viewer, dock)."""
    viewer, dock = make_dock()
    dock.volume.open_path(str(volume_path))
    qtbot.waitUntil(lambda: dock.desk.link.labels is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not dock.desk.jobs.running("open"), timeout=20_000)
    return viewer, dock


@pytest.fixture
def shoot(request):
    """Save a picture of a viewer's window, where pictures are asked for."""
    folder = request.config.getoption("--screenshots", default=None)

    from qtpy.QtTest import QTest

    def save(viewer, name):
        QTest.qWait(200)
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            viewer.window._qt_window.grab().save(str(Path(folder) / f"{name}.png"))

    save.wanted = bool(folder)
    return save
