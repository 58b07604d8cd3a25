"""The sparse array of states."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vessel.annotation import ACCEPTED, Overlay, label_state
from napari_vessel.geometry import Box

SHAPE = (70, 65, 130)
CODES = np.array([0, 1, 2, 5, 6], np.uint8)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    starts = [draw(st.integers(0, edge - 1)) for edge in SHAPE]
    stops = [draw(st.integers(a + 1, min(a + 40, e))) for a, e in zip(starts, SHAPE, strict=True)]
    return Box(tuple(starts), tuple(stops))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(boxes(), st.integers(0, 4), st.integers(0, 99)), max_size=6), boxes())
def test_the_overlay_equals_a_plain_array(writes: list, wanted: Box) -> None:
    overlay, model = Overlay(SHAPE), np.zeros(SHAPE, np.uint8)
    for box, code, seed in writes:
        mask = np.random.default_rng(seed).random(box.shape) < 0.5
        after = CODES[np.where(seed % 2, code, np.arange(box.size).reshape(box.shape) % 5)]
        overlay.write(box, mask, after)
        model[box.slices][mask] = after[mask]
        assert overlay.reviewed == np.count_nonzero(label_state(model))
    np.testing.assert_array_equal(overlay.read(wanted), model[wanted.slices])
    assert overlay.vessel == np.count_nonzero(label_state(model) == 2)
    assert overlay.background == np.count_nonzero(label_state(model) == 1)


@settings(max_examples=30, deadline=None)
@given(boxes(), st.integers(0, 99))
def test_boxes_are_tight_and_hold_every_reviewed_voxel(box: Box, seed: int) -> None:
    overlay = Overlay(SHAPE)
    mask = np.random.default_rng(seed).random(box.shape) < 0.2
    overlay.write(box, mask, 1 | ACCEPTED)
    count = 0
    for tight in overlay.boxes():
        codes = overlay.read(tight)
        count += np.count_nonzero(codes)
        assert all(codes.any(axis=tuple({0, 1, 2} - {a})).take([0, -1]).all() for a in range(3))
    assert count == mask.sum()


def test_what_an_undo_empties_has_no_box() -> None:
    overlay, box = Overlay(SHAPE), Box((1, 1, 1), (3, 3, 3))
    for code in (2, 0):
        overlay.write(box, np.ones(box.shape, bool), code)
    assert (overlay.boxes(), overlay.reviewed) == ([], 0)
