"""What was painted, stroke by stroke: listed, looked at, muted, and any moment restored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from napari_vessel.annotation._correction import Correction
from napari_vessel.annotation._draft import Stroke, union_of
from napari_vessel.annotation._overlay import Overlay
from napari_vessel.annotation._recorder import Recorder
from napari_vessel.annotation._replay import Replay, applied, rows_of
from napari_vessel.annotation._stamp import Stamp
from napari_vessel.annotation._state import VESSEL, Codes, Mask, label_state
from napari_vessel.annotation._timeline import Timeline, timeline_of
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane

StrokeState = Literal["shown", "undone", "muted"]

_EVERY = 500  # rows between two words on progress


@dataclass(frozen=True, slots=True)
class StrokeEntry:
    """One stroke of the list.

    Attributes
    ----------
    stroke
        Its number, from 0, in the order of time.
    milliseconds
        When it was begun, since 1970 (UTC).
    tool, plane, box
        As in :class:`Correction`; the box holds all its rows.
    person
        Who made it; empty where the journal does not tell.
    state
        Whether it counts, was undone, or is muted.
    """

    stroke: int
    milliseconds: int
    tool: str
    plane: Plane | None
    box: Box
    person: str
    state: StrokeState


@dataclass(frozen=True, slots=True, eq=False)
class StrokePicture:
    """What a stroke covered, seen along the normal of its plane.

    Attributes
    ----------
    voxels, vessel
        How many it covered, and how many of them became vessel.
    picture
        Two-dimensional: 0 not covered, 1 background or untouched, 2 vessel.
    """

    voxels: int
    vessel: int
    picture: Codes


class Strokes:
    """The strokes of all journals. Methods may be called from any thread.

    Parameters
    ----------
    recorder
        What is known of them.
    lock
        Held while something is changed.
    to_change
        Called before: refuses, or ends a stroke that is being painted.
    paths
        The journals that were there at opening.
    """

    def __init__(
        self,
        recorder: Recorder,
        lock: threading.RLock,
        to_change: Callable[[], None],
        paths: Sequence[Path],
    ) -> None:
        self._recorder, self._lock, self._to_change = recorder, lock, to_change
        self._paths = list(paths)

    def __len__(self) -> int:
        return self._recorder.table.strokes()

    def __getitem__(self, stroke: int) -> StrokeEntry:
        """Return one entry.

        Raises
        ------
        CallerError
            If there is no such stroke.
        """
        table = self._recorder.table
        rows = table.rows_of(stroke).tolist() if 0 <= stroke < len(self) else []
        box = union_of([table.box(row) for row in rows])
        if box is None:
            raise CallerError(f"Stroke {stroke} is not in the journals: list them again.")
        return StrokeEntry(
            stroke=stroke,
            milliseconds=table.stroke_stamp(stroke).milliseconds,
            tool=table.tool(rows[0]),
            plane=table.plane(rows[0]),
            box=box,
            person=self._recorder.person(stroke),
            state=self.state(stroke),
        )

    def __iter__(self) -> Iterator[StrokeEntry]:
        lost = self._recorder.table.first_rows() < 0
        return (self[stroke] for stroke in np.flatnonzero(~lost).tolist())

    def numbers(self) -> list[int]:
        """Return the numbers of all strokes of which rows are left, oldest first."""
        return np.flatnonzero(self._recorder.table.first_rows() >= 0).tolist()

    def boxes_since(self, position: Mapping[str, int]) -> list[Box]:
        """Return what was changed since a position of the journals, as a checkpoint's card has it.

        Undone and muted rows, and those that undo and mute, too: something changed there.
        """
        with self._lock:
            return self._recorder.table.boxes_after(position)

    def state(self, stroke: int) -> StrokeState:
        """Tell whether a stroke counts, was undone, or is muted."""
        history = self._recorder.history
        if history.is_muted(stroke):
            return "muted"
        return "undone" if history.is_undone(stroke) else "shown"

    def timeline(self) -> Timeline:
        """Return when a person worked, and the slices they marked as reviewed."""
        with self._lock:
            return timeline_of(self._recorder.table, lambda stroke: self.state(stroke) == "shown")

    def picture(self, stroke: int, most: int = 64) -> StrokePicture:
        """Return what a stroke covered, its edges at most ``most`` pixels.

        Raises
        ------
        JournalError
            If it cannot be read any more.
        """
        entry = self[stroke]
        normal = (entry.plane or Plane.XY).normal
        step = max(-(-edge // most) for axis, edge in enumerate(entry.box.shape) if axis != normal)
        canvas = np.zeros([-(-n // step) for n in np.delete(entry.box.shape, normal)], np.uint8)
        voxels = vessel = 0
        for row in self.corrections(stroke):
            seen = np.where(row.mask, np.where(label_state(row.after) == VESSEL, 2, 1), 0)
            voxels += int(np.count_nonzero(seen))
            vessel += int(np.count_nonzero(seen == 2))
            flat = seen.max(axis=normal).astype(np.uint8)
            down, across = np.delete(row.box.relative_to(entry.box).start, normal)
            points = np.nonzero(flat)
            at = ((points[0] + down) // step, (points[1] + across) // step)
            np.maximum.at(canvas, at, flat[points])
        return StrokePicture(voxels, vessel, canvas)

    def corrections(self, stroke: int) -> Iterator[Correction]:
        """Yield the rows of a stroke, with their voxels, oldest first."""
        for row in self._recorder.table.rows_of(stroke).tolist():
            yield self._recorder.correction(row)

    def mute(self, stroke: int) -> Box | None:
        """Let everything be as if a stroke had never been painted, until it is unmuted.

        What others painted over it, or under it, shows. A row says so; none is changed.

        Returns
        -------
        Box or None
            The voxels whose state may have changed; None where it was muted already.

        Raises
        ------
        CallerError
            If there is no such stroke.
        JournalError
            If rows that are needed cannot be read any more. Nothing is changed then.
        """
        return self._set_muted(stroke, muted=True)

    def unmute(self, stroke: int) -> Box | None:
        """Let a muted stroke count again; as :meth:`mute`."""
        return self._set_muted(stroke, muted=False)

    def restore(self, stroke: int) -> Iterator[int]:
        """Bring back what everything was right after a stroke, as one stroke more.

        It can be undone like any other; what came between stays in the journals.

        Yields
        ------
        int
            The rows replayed so far, of ``rows_until(stroke)``.
        """
        then = Replay(Overlay(self._recorder.overlay.shape))
        moment = self._moment(stroke)
        with self._lock:
            self._to_change()
            self._recorder.writer.flush()
        for count, row in enumerate(rows_of(self._now_on_disk(), [])):
            if row.header.stamp > moment:
                break
            applied(row, then)
            if count % _EVERY == 0:
                yield count
        with self._lock:
            self._to_change()
            self._write_state(then.overlay)

    def person_of(self, stamp: Stamp) -> str:
        """Return who made the stroke that a stamp names; empty where nobody tells."""
        stroke = self._recorder.table.find(stamp)
        return "" if stroke is None else self._recorder.person(stroke)

    def rows_until(self, stroke: int) -> int:
        """Return how many rows were written up to the end of a stroke."""
        return int(self._recorder.table.rows_of(stroke)[-1]) + 1

    def _moment(self, stroke: int) -> Stamp:
        if not 0 <= stroke < len(self):
            raise CallerError(f"Stroke {stroke} is not in the journals: list them again.")
        return self._recorder.table.stamp(self.rows_until(stroke) - 1)

    def _now_on_disk(self) -> list[Path]:
        return [*self._paths, *self._recorder.writer.paths]

    def _write_state(self, then: Overlay) -> None:
        now, stroke = self._recorder.overlay, Stroke("restore", None)
        for box in {*then.boxes(), *now.boxes()}:
            codes = then.read(box)

            def differs(cell: Box, codes: Codes = codes, box: Box = box) -> Mask:
                wanted = codes[cell.relative_to(box).slices]
                mask: Mask = wanted != now.read(cell)
                return mask

            self._recorder.cover(stroke, box, codes, differs)
        self._recorder.writer.hurry()

    def _set_muted(self, stroke: int, *, muted: bool) -> Box | None:
        with self._lock:
            self._to_change()
            self[stroke]  # refuses one that is not there
            if self._recorder.history.is_muted(stroke) == muted:
                return None
            changed = self._recorder.step(stroke, "mute" if muted else "unmute")
            self._recorder.writer.hurry()
            return changed
