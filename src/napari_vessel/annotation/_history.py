"""What can be undone and redone: rebuilt from rows, so it survives a restart."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_vessel.annotation._correction import RowHeader
from napari_vessel.annotation._stamp import Stamp


@dataclass(slots=True)
class Step:
    """One undo step: the rows of a stroke, by their stamps; no voxels."""

    stroke: Stamp
    rows: list[Stamp] = field(default_factory=list)


class History:
    """A linear history over all rows: strokes push, undo pops, a new stroke clears redo."""

    def __init__(self) -> None:
        self._done: dict[Stamp, Step] = {}
        self._undone: dict[Stamp, Step] = {}

    def note(self, row: RowHeader) -> None:
        """Take in a row that was written or replayed."""
        if row.kind == "stroke":
            self._note_stroke(row)
        elif row.undoes is not None:
            here, there = self._done, self._undone
            if row.kind == "redo":
                here, there = there, here
            step = here.pop(row.undoes, None)
            if step is not None:  # None: a later row of the same undo
                there[row.undoes] = step

    @property
    def last_done(self) -> Step | None:
        """The step that an undo takes back."""
        return next(reversed(self._done.values()), None)

    @property
    def last_undone(self) -> Step | None:
        """The step that a redo brings again."""
        return next(reversed(self._undone.values()), None)

    def _note_stroke(self, row: RowHeader) -> None:
        step = self._done.get(row.stroke) or self._undone.get(row.stroke)
        if step is None:
            step = self._done[row.stroke] = Step(row.stroke)
            self._undone.clear()
        step.rows.append(row.stamp)
