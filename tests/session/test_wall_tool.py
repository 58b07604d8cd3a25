"""Laws of *Fit wall*, of *Interpolate* after a restart, and of the brush on oblong voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_vessel.annotation import label_state
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.session import SeenSlice, Session, Stamp
from napari_vessel.simulate import drive

SHAPE = (12, 40, 50)  # of conftest's volume
LUMEN = (slice(3, 9), slice(12, 20), slice(5, 45))
SEEN = (slice(5, 7), slice(15, 17), slice(10, 30))  # what the network found of it


@pytest.fixture
def voxels() -> np.ndarray:
    """A dark lumen in grey."""
    made = np.random.default_rng(0).normal(40_000, 1500, SHAPE)
    made[LUMEN] -= 20_000
    return made.astype(np.uint16)


@pytest.fixture
def session(opened: Session) -> Session:
    probability = np.full(SHAPE, 3, np.uint8)
    probability[LUMEN], probability[SEEN] = 25, 200
    opened._work.view.put(Box.of(SHAPE), probability)
    opened.set_threshold(0.5)
    return opened


def run(session: Session, work: Any) -> str:
    list(drive(session, "tool", work))
    return session.activities["tool"].sentence


def shown(session: Session) -> np.ndarray:
    return np.asarray(session.labels) != 0


def lumen() -> np.ndarray:
    made = np.zeros(SHAPE, bool)
    made[LUMEN] = True
    return made


def stroke(session: Session, index: int, plane: Plane = Plane.XY, value: int = 1) -> Box:
    start, stop = [4, 20, 20], [9, 28, 29]
    start[plane.normal], stop[plane.normal] = index, index + 1
    box = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
    session.begin_stroke("paint", plane)
    session.paint(box, np.ones(box.shape, bool), value)
    session.end_stroke()
    return box


# -- fit wall ------------------------------------------------------------------------------


@pytest.mark.parametrize("click", [(5, 15, 12), (5, 17, 40)])
def test_a_wall_is_fitted_to_the_image_where_the_network_saw_little_or_nothing(session, click):
    session.tool_config = session.tool_config.model_copy(update={"reach": 20})
    said = run(session, session.fit_wall(click))
    assert "Move the slider" in said
    session.set_local(0.3)
    found = shown(session)
    both = np.count_nonzero(found & lumen())
    assert 2 * both / (found.sum() + lumen().sum()) > 0.9
    run(session, session.apply_local())
    assert session.corrections.strokes[0].tool == "fit wall"
    np.testing.assert_array_equal(shown(session), found)
    session.undo()
    assert not session.corrections.overlay.read(Box.of(SHAPE)).any()


def test_the_slider_moves_the_wall_in_and_nothing_comes_that_is_not_connected(session):
    from scipy.ndimage import label

    session._work.view.probability(Box((5, 24, 15), (7, 26, 18)))[...] = 120  # beside it
    run(session, session.fit_wall((5, 15, 12)))
    sizes = []
    for value in (0.05, 0.3, 0.6, 0.9):
        session.set_local(value)
        found = shown(session)
        sizes.append(int(found.sum()))
        assert label(found, np.ones((3, 3, 3)))[1] <= 1
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_fitting_a_wall_spares_what_was_erased(session):
    box = Box((3, 12, 10), (9, 14, 30))
    session.begin_stroke("erase", None)
    session.paint(box, np.ones(box.shape, bool), 0)
    session.end_stroke()
    run(session, session.fit_wall((5, 15, 12)))
    session.set_local(0.05)
    run(session, session.apply_local())
    assert not shown(session)[box.slices].any()
    assert "erased by hand" in run(session, session.fit_wall((5, 12, 15)))


# -- interpolating after a restart ---------------------------------------------------------


@pytest.mark.parametrize("later", [0, 1])
def test_slices_painted_in_an_earlier_session_are_filled_between(session, volume, later):
    session.set_threshold(1.0)
    indices = [3, 9]
    for index in indices[: 2 - later]:
        stroke(session, index)
    list(drive(session, "open", session.open(volume)))
    session.set_threshold(1.0)
    for index in indices[2 - later :]:
        stroke(session, index)
    assert "Filled 5 slices between 3 and 9" in run(session, session.interpolate())
    assert shown(session)[4:9, 20:28, 20:29].all()


def test_a_slice_that_was_undone_or_lies_in_another_plane_is_not_filled_from(session, volume):
    session.set_threshold(1.0)
    stroke(session, 9)
    stroke(session, 25, Plane.XZ)
    stroke(session, 3)
    session.undo()
    list(drive(session, "open", session.open(volume)))
    session.set_threshold(1.0)
    stroke(session, 7)
    assert "between 7 and 9" in run(session, session.interpolate())
    codes = session.corrections.overlay.read(Box.of(SHAPE))
    assert not label_state(codes)[3].any()


# -- a brush that is round in micrometres --------------------------------------------------


def test_the_brush_is_round_in_micrometres_in_its_slice_and_across():
    size = VoxelSize(5.0, 1.0, 2.0)
    bright = np.zeros((9, 41, 41), np.float32)
    seen = SeenSlice(Box.of((9, 41, 41)), Plane.XY, 4, 4, 0, bright, size.zyx)
    stamp = Stamp.at(seen, (20, 20), 13)
    assert (stamp.rows, stamp.columns) == (slice(14, 27), slice(17, 24))
    z, y, x = np.nonzero(stamp.ball)
    assert z.min() == 3
    assert z.max() == 5
    distances = np.sqrt((5 * (z - 4)) ** 2 + (y - 6) ** 2 + (2 * (x - 3)) ** 2)
    assert distances.max() <= 6.5
    assert stamp.ball[4, 6].all()
    assert stamp.ball[4, :, 3].all()
