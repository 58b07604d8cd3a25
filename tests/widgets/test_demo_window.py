"""The window of ``make demo``: it opens the volume and predicts by itself."""

import numpy as np
import pytest

from napari_vessel.widgets import _demo_window
from napari_vessel.widgets._demo_window import open_window

pytestmark = pytest.mark.gui


def test_the_demo_window_opens_the_volume_and_predicts_once(
    make_napari_viewer, tmp_path, monkeypatch, qtbot
):
    viewer = make_napari_viewer(show=True)
    monkeypatch.setattr(_demo_window.napari, "Viewer", lambda **_: viewer)
    np.save(tmp_path / "kidney.npy", np.arange(8 * 40 * 50, dtype=np.uint16).reshape(8, 40, 50))
    asked = []
    monkeypatch.setattr(
        "napari_vessel.widgets._predict_section.PredictSection.start", lambda self: asked.append(1)
    )
    _, dock = open_window(str(tmp_path / "kidney.npy"))
    qtbot.waitUntil(lambda: bool(asked), timeout=60_000)
    assert dock.session.volume.shape == (8, 40, 50)
    assert len(viewer.layers) == 2
    dock.session.events.opened.emit()
    qtbot.wait(50)
    assert asked == [1]


def test_the_layer_that_is_open_is_not_offered_to_be_opened(
    make_napari_viewer, tmp_path, monkeypatch, qtbot
):
    viewer = make_napari_viewer(show=True)
    monkeypatch.setattr(_demo_window.napari, "Viewer", lambda **_: viewer)
    np.save(tmp_path / "kidney.npy", np.arange(8 * 40 * 50, dtype=np.uint16).reshape(8, 40, 50))
    monkeypatch.setattr(
        "napari_vessel.widgets._predict_section.PredictSection.start", lambda self: None
    )
    _, dock = open_window(str(tmp_path / "kidney.npy"))
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=60_000)
    qtbot.wait(50)
    assert dock.desk.link.image is viewer.layers[0]
    names = [dock.volume.layers.itemText(i) for i in range(dock.volume.layers.count())]
    assert not [name for name in names if "kidney" in name]
