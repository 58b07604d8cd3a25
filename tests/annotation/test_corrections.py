"""The façade: what is painted, accepted, imported, undone, and what survives a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_vessel.annotation import Corrections, holders, replay
from napari_vessel.annotation._correction import decode
from napari_vessel.errors import JournalError, LabelsError
from napari_vessel.geometry import Box, Plane

Open = Callable[..., Corrections]
Paint = Callable[..., None]
SHAPE = (70, 66, 80)
WHOLE = Box.of(SHAPE)
BOX = Box((3, 4, 5), (5, 10, 12))
ALL = np.ones(BOX.shape, bool)


def states(corrections: Corrections) -> np.ndarray:
    """Return the codes of the whole volume."""
    return corrections.overlay.read(WHOLE)


def test_a_confirming_stroke_counts(opened: Open) -> None:
    corrections = opened()
    for expected_rows in (1, 2):
        corrections.paint(BOX, ALL, 1)
        assert corrections.flush()
        assert sum(corrections.position.values()) == expected_rows
    assert corrections.overlay.vessel == BOX.size


def test_undo_brings_back_untouched_and_redo_the_stroke(opened: Open) -> None:
    corrections = opened()
    with corrections.stroke("paint", Plane.XZ):
        corrections.paint(BOX, ALL, 1)
        corrections.paint(BOX.shifted((0, 2, 2)), ALL, 0)
    painted = states(corrections)
    changed = corrections.undo()
    assert changed == Box((3, 4, 5), (5, 12, 14))
    assert not states(corrections).any()
    corrections.redo()
    np.testing.assert_array_equal(states(corrections), painted)


def test_one_stroke_is_one_undo_step_however_many_rows_it_became(opened: Open) -> None:
    corrections = opened()
    with corrections.stroke("paint"):
        for step in range(4):
            corrections.paint(BOX.shifted((step, 0, 0)), ALL, 1)
            assert corrections.flush()  # a row is ended by its commit
    assert sum(corrections.position.values()) == 4
    corrections.undo()
    assert not states(corrections).any()
    assert not corrections.can_undo


def test_the_stamps_of_a_stroke_are_merged_to_one_row(opened: Open, folder: Path) -> None:
    corrections = opened()
    with corrections.stroke("paint"):
        for step in range(20):
            corrections.paint(BOX.shifted((0, step, 0)), ALL, step % 2)
    corrections.flush()
    assert sum(corrections.position.values()) < 20
    np.testing.assert_array_equal(replay(folder, SHAPE).overlay.read(WHOLE), states(corrections))


def test_undo_and_redo_work_after_reopening(opened: Open, paint_strokes: Paint) -> None:
    first = opened()
    paint_strokes(first, 3)
    empty, done = np.zeros(SHAPE, np.uint8), states(first)
    first.undo()
    once = states(first)
    first.close()
    second = opened()
    second.redo()
    np.testing.assert_array_equal(states(second), done)
    second.undo()
    np.testing.assert_array_equal(states(second), once)
    second.undo()
    second.undo()
    np.testing.assert_array_equal(states(second), empty)
    assert second.undo() is None


def test_a_new_stroke_ends_what_could_be_redone(opened: Open, paint_strokes: Paint) -> None:
    corrections = opened()
    paint_strokes(corrections, 2)
    corrections.undo()
    paint_strokes(corrections, 1, seed=5)
    assert corrections.redo() is None


def test_accepting_leaves_what_was_painted(opened: Open) -> None:
    corrections = opened()
    corrections.paint(BOX, ALL, 0)
    area = BOX.expanded((1, 1, 1))
    corrections.accept(area, np.ones(area.shape, np.uint8))
    assert (corrections.overlay.read(BOX) == 1).all()
    outside = corrections.overlay.read(area)
    outside[BOX.relative_to(area).slices] = 6
    assert (outside == 6).all()
    corrections.undo()
    assert corrections.overlay.reviewed == BOX.size


def test_accepting_again_takes_the_newer_proposal(opened: Open) -> None:
    corrections = opened()
    corrections.accept(BOX, ALL)
    corrections.accept(BOX, ~ALL)
    assert (corrections.overlay.read(BOX) == 5).all()


def test_painting_clears_the_accepted_flag(opened: Open) -> None:
    corrections = opened()
    corrections.accept(BOX, ALL)
    corrections.paint(BOX, ALL, 1)
    assert (corrections.overlay.read(BOX) == 2).all()


def test_a_brush_over_the_border_paints_what_lies_inside(opened: Open) -> None:
    corrections = opened()
    box = Box((-1, -2, 75), (1, 2, 85))
    corrections.paint(box, np.ones(box.shape, bool), 1)
    assert corrections.overlay.boxes() == [Box((0, 0, 75), (1, 2, 80))]
    assert corrections.paint(box.shifted((0, 0, 50)), np.ones(box.shape, bool), 1) is None


def test_an_import_larger_than_a_row_is_one_undo_step(tmp_path: Path) -> None:
    shape = (2, 3000, 3000)
    corrections = Corrections.open(tmp_path / "journal", shape)
    labels = np.zeros(shape, np.float32)
    labels[0, :, 5], labels[0, :, 6] = np.nan, 300
    corrections.import_labels(Box.of(shape), labels)
    assert (corrections.overlay.vessel, corrections.overlay.reviewed) == (3000, labels.size)
    assert corrections.flush(60)
    assert sum(corrections.position.values()) > 1
    corrections.undo()
    assert corrections.overlay.reviewed == 0
    assert corrections.close(60)


def test_only_the_wanted_labels_are_imported(opened: Open) -> None:
    corrections = opened()
    mask = np.zeros(BOX.shape, bool)
    mask[0, 0, 0] = True
    assert (
        corrections.import_labels(BOX, np.full(BOX.shape, 2**64 - 1, np.uint64), mask) is not None
    )
    assert corrections.overlay.vessel == corrections.overlay.reviewed == 1


@pytest.mark.parametrize("do", ["paint", "accept", "import_labels"])
def test_a_wrong_shape_is_refused_with_both_shapes(opened: Open, do: str) -> None:
    corrections = opened()
    arguments = (1,) if do == "paint" else ()
    with pytest.raises(LabelsError, match=r"\(2, 6, 6\) for the \(2, 6, 7\) voxels"):
        getattr(corrections, do)(BOX, np.ones((2, 6, 6), bool), *arguments)
    assert corrections.overlay.reviewed == 0


def test_labels_beyond_the_volume_are_refused(opened: Open) -> None:
    with pytest.raises(LabelsError, match="do not lie in the volume"):
        opened().import_labels(BOX.shifted(SHAPE), ALL)


def test_opening_makes_no_file(opened: Open, folder: Path, paint_strokes: Paint) -> None:
    opened()
    assert not folder.exists()
    writer = opened()
    paint_strokes(writer, 2)
    writer.close()
    before = sorted(folder.iterdir())
    assert before == list(folder.glob("*.sqlite"))
    reader = opened(read_only=True)
    replay(folder, SHAPE)
    assert reader.close()
    assert sorted(folder.iterdir()) == before


def test_what_is_opened_to_view_cannot_be_painted(opened: Open, folder: Path) -> None:
    corrections = opened(read_only=True)
    for change in (
        lambda: corrections.paint(BOX, ALL, 1),
        lambda: corrections.accept(BOX, ALL),
        lambda: corrections.begin_stroke("paint"),
        corrections.undo,
    ):
        with pytest.raises(JournalError, match="view only"):
            change()
    assert corrections.overlay.reviewed == 0


def test_sessions_write_files_of_their_own_and_are_united(opened: Open, folder: Path) -> None:
    one, other = opened(), opened()
    one.paint(BOX, ALL, 1)
    other.paint(BOX.shifted((20, 0, 0)), ALL, 0)
    assert one.flush()
    assert other.flush()
    assert len(list(folder.glob("*.sqlite"))) == 2
    assert len(holders(folder)) == 2
    both = opened()
    assert (both.overlay.vessel, both.overlay.background) == (BOX.size, BOX.size)
    assert one.close()
    assert len(holders(folder)) == 1


def test_a_session_continues_after_every_stroke_it_saw(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened()
    first.paint(BOX, ALL, 1)
    first.close()
    monkeypatch.setattr("time.time_ns", lambda: 0)  # the clock jumps back to 1970
    second = opened()
    second.paint(BOX, ALL, 0)
    second.close()
    assert (opened().overlay.read(BOX) == 1).all()


def test_an_exception_in_mid_stroke_keeps_what_was_painted(opened: Open, folder: Path) -> None:
    corrections = opened()
    with pytest.raises(KeyError), corrections.stroke("paint"):
        corrections.paint(BOX, ALL, 1)
        raise KeyError
    assert corrections.flush()
    assert replay(folder, SHAPE).overlay.vessel == BOX.size


def test_the_mask_given_may_be_used_again(opened: Open, folder: Path) -> None:
    corrections, mask = opened(), ALL.copy()
    corrections.paint(BOX, mask, 1)
    mask[:] = False
    assert corrections.flush()
    assert replay(folder, SHAPE).overlay.vessel == BOX.size


def test_a_row_never_holds_more_than_its_mask(opened: Open) -> None:
    corrections = opened()
    corrections.accept(BOX, ALL)
    mask = ALL.copy()
    mask[0] = False
    corrections.paint(BOX, mask, 0)
    (payload,) = [corrections._writer.pending(2)]
    row = decode(payload)
    assert not row.before[~row.mask].any()
    assert (row.before[row.mask] == 6).all()
