"""What can be undone, redone, muted: rebuilt from rows, so it survives a restart."""

from __future__ import annotations

from collections.abc import Callable

from napari_vessel.annotation._rows import KINDS, STROKE

_UNDO, _REDO, _MUTE, _UNMUTE = (KINDS.index(k) for k in ("undo", "redo", "mute", "unmute"))


class History:
    """A linear history over all rows: strokes push, undo pops, a new stroke clears redo.

    Muting stands beside it: a muted stroke keeps its place, and undo passes over it. Strokes are
    named by their places in a :class:`RowTable`.
    """

    def __init__(self) -> None:
        self._done: dict[int, None] = {}
        self._undone: dict[int, None] = {}  # the one undone last comes last
        self._gone: set[int] = set()  # undone, and then something else was painted
        self._muted: set[int] = set()

    def note(self, kind: int, stroke: int) -> None:
        """Take in a row that was written or replayed."""
        if kind == STROKE:
            self._note_stroke(stroke)
        elif kind == _MUTE:
            self._muted.add(stroke)
        elif kind == _UNMUTE:
            self._muted.discard(stroke)
        elif kind == _UNDO and stroke in self._done:  # else: a later row of the same undo
            del self._done[stroke]
            self._undone[stroke] = None
        elif kind == _REDO and self.is_undone(stroke):
            self._undone.pop(stroke, None)
            self._gone.discard(stroke)  # gone only here: who brought it again did not know
            self._done[stroke] = None

    def shows(self, stroke: int) -> bool:
        """Tell whether a stroke counts: neither undone nor muted."""
        return stroke in self._done and stroke not in self._muted

    def is_muted(self, stroke: int) -> bool:
        """Tell whether a stroke is muted."""
        return stroke in self._muted

    def is_undone(self, stroke: int) -> bool:
        """Tell whether a stroke was taken back."""
        return stroke in self._undone or stroke in self._gone

    def last_done(self, mine: Callable[[int], bool]) -> int | None:
        """Return the stroke that an undo takes back, of those for which ``mine`` holds."""
        return self._last(self._done, mine)

    def last_undone(self, mine: Callable[[int], bool]) -> int | None:
        """Return the stroke that a redo brings again."""
        return self._last(self._undone, mine)

    def _last(self, strokes: dict[int, None], mine: Callable[[int], bool]) -> int | None:
        return next((s for s in reversed(strokes) if s not in self._muted and mine(s)), None)

    def _note_stroke(self, stroke: int) -> None:
        if stroke not in self._done and stroke not in self._undone and stroke not in self._gone:
            self._done[stroke] = None
            self._gone.update(self._undone)
            self._undone.clear()
