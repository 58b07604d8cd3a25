"""Laws of what a tool covers at once."""

import numpy as np

from napari_vessel.annotation import ACCEPTED, BACKGROUND, VESSEL, Corrections
from napari_vessel.geometry import Box

SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)


def random_piece(seed=0, share=0.01):
    rng = np.random.default_rng(seed)
    return WHOLE, rng.random(SHAPE) < share, rng.random(SHAPE) < 0.5


def codes(mask, labels):
    return np.where(mask, np.where(labels, VESSEL, BACKGROUND), 0)


def test_what_a_tool_covers_is_one_stroke_over_many_chunks(opened, folder):
    corrections = opened()
    _, mask, labels = piece = random_piece()
    corrections.cover([piece], "component")
    np.testing.assert_array_equal(corrections.overlay.read(WHOLE), codes(mask, labels))
    corrections.undo()
    assert not corrections.overlay.read(WHOLE).any()
    assert not corrections.can_undo
    corrections.redo()
    corrections.close()
    again = Corrections.open(folder, SHAPE, read_only=True)
    np.testing.assert_array_equal(again.overlay.read(WHOLE), codes(mask, labels))
    again.close()


def test_a_hand_that_paints_meanwhile_makes_a_stroke_of_its_own(opened):
    corrections = opened()
    _, mask, labels = random_piece(1)
    dab = Box((0, 0, 0), (1, 5, 5))

    def pieces():
        corrections.begin_stroke("paint")
        corrections.paint(dab, np.ones(dab.shape, bool), 1)
        yield WHOLE, mask, labels
        corrections.paint(dab.shifted((2, 0, 0)), np.ones(dab.shape, bool), 1)
        corrections.end_stroke()

    corrections.cover(pieces(), "component")
    assert corrections.undo() is not None
    assert corrections.undo() is not None
    assert not corrections.can_undo
    assert not corrections.overlay.read(WHOLE).any()


def test_what_a_tool_accepts_leaves_what_was_painted(opened):
    corrections = opened()
    dab = Box((3, 3, 3), (4, 9, 9))
    corrections.paint(dab, np.ones(dab.shape, bool), 1)
    shown = np.zeros(SHAPE, bool)
    corrections.cover([(WHOLE, np.ones(SHAPE, bool), shown)], "accept-region", accepted=True)
    expected = np.full(SHAPE, BACKGROUND | ACCEPTED)
    expected[dab.slices] = VESSEL
    np.testing.assert_array_equal(corrections.overlay.read(WHOLE), expected)


def test_only_chunks_that_are_reached_are_written(opened):
    corrections = opened()
    mask = np.zeros(SHAPE, bool)
    mask[1, 1, 1] = True
    box = corrections.cover([(WHOLE, mask, mask)], "component")
    assert box == Box((0, 0, 0), (64, 64, 64))
    assert corrections.cover([(WHOLE, np.zeros(SHAPE, bool), mask)], "component") is None
    corrections.undo()
    assert not corrections.can_undo
