"""Each quick tool before and after, in a real window; pictures with ``--screenshots DIR``."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from qtpy.QtTest import QTest
from scipy.ndimage import gaussian_filter

from napari_vessel.geometry import Box, Plane
from napari_vessel.session import Stamp

pytestmark = pytest.mark.gui

SHAPE = (24, 96, 128)
MIDDLE, EDGE = 12, 300  # the slice that is shown; pixels of a picture


def vessel():
    """A bent tube of radius 6 as a mask, zyx."""
    z, y, x = np.indices(SHAPE)
    return (z - MIDDLE) ** 2 + (y - 48 - 16 * np.sin(x / 24)) ** 2 <= 36


def on_piece(name):
    return lambda session: session.on_piece(name, (MIDDLE, 63, 37))


def brushed(session):
    seen = session.seen_slice(Plane.XY, MIDDLE)
    like = session.likeness(seen, (63, 37))
    session.begin_stroke("vessel brush", Plane.XY)
    for x in range(20, 100, 3):
        stamp = Stamp.at(seen, (round(48 + 16 * np.sin(x / 24)), x), 21)
        mask = session.brush_mask(seen, stamp, like)
        rows, columns = stamp.rows, stamp.columns
        stop = (seen.first + len(mask), rows.stop, columns.stop)
        box = Box((seen.first, rows.start, columns.start), stop)
        session.paint(box, mask, 1)
    session.end_stroke()
    return iter(())


def thresholded(session):
    session.begin_local(Box((0, 20, 10), (24, 90, 70)))
    session.set_local(0.2)
    return session.apply_local()


def fitted(session):
    for event in session.fit_wall((MIDDLE, 63, 37)):
        session.deliver(event)
    session.set_local(0.3)
    return session.apply_local()


def through(session):
    """One stroke along the vessel, seen across, as the wheel turns."""
    session.begin_stroke("paint", Plane.YZ)
    for x in range(12, 116):
        slab = vessel()[:, :, x : x + 1]
        session.paint(Box((0, 0, x), (24, 96, x + 1)), slab, 1)
    session.end_stroke()
    return iter(())


def painted(session):
    for z in (MIDDLE - 3, MIDDLE + 3):
        session.begin_stroke("paint", Plane.XY)
        mask = vessel()[[z]]
        session.paint(Box((z, 0, 0), (z + 1, *SHAPE[1:])), mask, 1)
        session.end_stroke()
    return session.interpolate()


def sure():
    return np.where(vessel(), 220, 0)


def faint():
    return np.where(vessel(), 80, 4)


def half_sure():
    z, y, x = np.indices(SHAPE)
    thin = (z - MIDDLE) ** 2 + (y - 48 - 16 * np.sin(x / 24)) ** 2 <= 6
    return np.where(thin, 200, np.where(vessel(), 90, 0))


def doubtful():
    z, y, x = np.indices(SHAPE)
    seen = (z - MIDDLE) ** 2 + (y - 48 - 16 * np.sin(x / 24)) ** 2 <= 4
    return np.where(seen & (x > 20) & (x < 100), 200, np.where(vessel(), 20, 2))


def hollow():
    z, y, x = np.indices(SHAPE)
    lumen = (z - MIDDLE) ** 2 + (y - 48 - 16 * np.sin(x / 24)) ** 2 <= 9
    return np.where(vessel() & ~(lumen & (x > 20) & (x < 90)), 220, 0)


def rough():
    noise = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 1.2)
    return np.clip(128 + 110 * (gaussian_filter(vessel() * 2.0 - 1, 1.5)) + 350 * noise, 0, 255)


def broken():
    x = np.indices(SHAPE)[2]
    return np.where(vessel(), np.where((x > 50) & (x < 74), 60, 220), 0)


TOOLS = {
    "brush": (faint, brushed),
    "accept": (sure, on_piece("accept")),
    "reject": (sure, on_piece("reject")),
    "grow": (half_sure, on_piece("grow")),
    "threshold": (half_sure, thresholded),
    "wall": (doubtful, fitted),
    "through": (lambda: np.zeros(SHAPE), through),
    "fill": (hollow, lambda session: session.fill_holes((MIDDLE, 58, 37), Plane.XY)),
    "smooth": (rough, on_piece("smooth")),
    "join": (broken, lambda session: session.join((MIDDLE, 62, 49), (MIDDLE, 50, 75))),
    "between": (lambda: np.zeros(SHAPE), painted),
    "outline": (sure, lambda session: session.accept_box(Box((12, 20, 10), (13, 90, 80)), "a box")),
}


@pytest.fixture
def volume_path(tmp_path):
    noise = gaussian_filter(np.random.default_rng(1).normal(size=SHAPE), 0.8) * 4000
    voxels = np.where(vessel(), 20_000, 32_000) + noise
    path = tmp_path / "vessel.npy"
    np.save(path, voxels.astype(np.uint16))
    return path


def picture(viewer):
    QTest.qWait(250)
    shot = Image.fromarray(viewer.screenshot(canvas_only=True, flash=False)[..., :3])
    middle, edge = shot.width // 2, min(shot.size)
    top = (shot.height - edge) // 2
    square = shot.crop((middle - edge // 2, top, middle + edge // 2, top + edge))
    return square.resize((EDGE, EDGE))


def test_every_tool_changes_what_is_seen(opened, qtbot, request):
    viewer, dock = opened
    folder = request.config.getoption("--screenshots", default=None)
    session = dock.session
    viewer.dims.set_current_step(0, MIDDLE)
    viewer.scene.camera.zoom *= 1.6
    for name, (proposal, act) in TOOLS.items():
        session._work.view.put(Box.of(SHAPE), proposal().astype(np.uint8))
        session.set_threshold(0.51 if session.threshold == 0.5 else 0.5)
        if name in ("accept", "outline"):
            dock.correct.quick.outline.toggle()
        before = picture(viewer)
        for event in act(session):
            session.deliver(event)
        session.events.shown.emit(None)  # what is painted past the layer is not drawn by it
        after = picture(viewer)
        assert (np.asarray(before) != np.asarray(after)).any(), name
        if name in ("accept", "outline"):
            dock.correct.quick.outline.toggle()
        while session.undo():
            pass
        if folder:
            both = Image.new("RGB", (2 * EDGE + 6, EDGE), "white")
            both.paste(before, (0, 0))
            both.paste(after, (EDGE + 6, 0))
            Path(folder).mkdir(parents=True, exist_ok=True)
            both.save(Path(folder) / f"tool-{name}.webp", quality=60)
