"""Overlay, history and journal, changed together: one row written is all three."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from napari_vessel.annotation._correction import (
    ROW_VOXELS,
    Correction,
    Kind,
    RowHeader,
    decode,
)
from napari_vessel.annotation._draft import Draft, Part, Stroke, union_of
from napari_vessel.annotation._known import Known
from napari_vessel.annotation._reading import person_of, read_rows
from napari_vessel.annotation._stamp import HybridClock
from napari_vessel.annotation._state import Codes, Mask
from napari_vessel.annotation._writer import JournalWriter
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box

_BLOCK = (256, 256, 256)  # what a bigger box is cut into; ROW_VOXELS


class Recorder:
    """What all journals of a folder say, and the one journal that is added to.

    One thread at a time.

    Parameters
    ----------
    known
        What the journals say.
    paths
        The journals.
    writer
        Of our own journal, whose name ends in the session's id.
    """

    def __init__(self, known: Known, paths: Sequence[Path], writer: JournalWriter) -> None:
        self.writer = writer
        self.known = known
        self.history, self.overlay, self.table = known.history, known.overlay, known.table
        self._clock = HybridClock(writer.path.stem.rpartition("-")[2])
        newest = known.table.newest()
        if newest is not None:
            self._clock.observe(newest)
        self._paths = {path.name: path for path in paths}
        self._persons = {path.name: person_of(path) for path in paths}
        self._before_us = len(known.table)
        self._toggled = -1  # the row of the last mute or unmute of this session

    def cover(
        self, stroke: Stroke, box: Box, after: Codes | int, covered: Callable[[Box], Mask]
    ) -> Box | None:
        """Write ``after`` into ``box`` as rows of ``stroke``, or a part of its last one.

        Parameters
        ----------
        stroke
            What the rows belong to.
        box
            Inside the volume.
        after
            One code, or an array of the box's shape.
        covered
            Gives the mask of a part of the box; where it is empty nothing is written.

        Returns
        -------
        Box or None
            The smallest box around what was written.
        """
        written = []
        for cell in [box] if box.size <= ROW_VOXELS else box.cells(_BLOCK):
            mask = covered(cell)
            if mask.any():
                codes = after if isinstance(after, int) else after[cell.relative_to(box).slices]
                self._write(stroke, self._applied(cell, mask.copy(), codes))
                written.append(cell)
        return union_of(written)

    def step(self, stroke: int, kind: Kind) -> Box | None:
        """Undo, redo, mute or unmute a stroke, in rows of their own.

        Returns
        -------
        Box or None
            The voxels whose state may have changed.

        Raises
        ------
        JournalError
            If a row that is needed cannot be read any more; nothing is changed then.
        """
        rows = self.table.rows_of(stroke).tolist()
        ordered = rows if kind in {"redo", "unmute"} else rows[::-1]
        # All are read before anything changes.
        corrections = [self._correction(row) for row in ordered]
        if kind in {"undo", "redo"} and not self._needs_others(rows):
            parts = [_own_part(row, kind) for row in corrections]
        else:
            shows = self._would_show(stroke, kind)
            parts = [self._part_among_others(row, kind, shows) for row in corrections]
        return self._write_step(stroke, kind, corrections, parts)

    def person(self, stroke: int) -> str:
        """Return who made a stroke; empty where its journal does not tell."""
        rows = self.table.rows_of(stroke)
        name = self.table.journal(int(rows[0])) if len(rows) else ""
        return self._persons.get(name, "" if name in self._paths else self.writer.person)

    def correction(self, row: int) -> Correction:
        """Return a row with its voxels.

        Raises
        ------
        JournalError
            If it cannot be read any more.
        """
        return self._correction(row)

    def state_without(self, box: Box, shows: Callable[[int], bool]) -> Codes:
        """Return the codes of ``box`` that the strokes for which ``shows`` holds come to."""
        codes = np.zeros(box.shape, np.uint8)
        rows = [r for r in self.table.touching(box).tolist() if shows(self.table.stroke_of(r))]
        for payload in self._payloads(rows):
            row = decode(payload)
            shared = row.box.intersection(box)
            if shared is not None:
                here, there = shared.relative_to(box).slices, shared.relative_to(row.box).slices
                np.copyto(codes[here], row.after[there], where=row.mask[there])
        return codes

    def _write(self, stroke: Stroke, part: Part) -> None:
        if stroke.first is not None and self.writer.merge(stroke, part):
            self.table.widen_last(part.box)
            return
        stamp = self._clock.tick()
        stroke.first = stroke.first or stamp
        header = RowHeader(
            stamp=stamp, stroke=stroke.first, tool=stroke.tool, plane=stroke.plane, box=part.box
        )
        self._append([Draft(header, [part])])

    def _applied(self, box: Box, mask: Mask, after: Codes | int) -> Part:
        before = self.overlay.read(box)
        self.overlay.write(box, mask, after)
        return Part(box, mask, before, after)

    def _append(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            self.known.note(draft.header, self.writer.path.name)
        self.writer.append(drafts)

    def _needs_others(self, rows: Sequence[int]) -> bool:
        """Tell whether what stood before these rows is not what should stand there now.

        It is, unless they are of before this session (somebody else may have painted there
        at the same time), or something was muted since.
        """
        return not rows or rows[0] < self._before_us or rows[0] < self._toggled

    def _would_show(self, stroke: int, kind: Kind) -> Callable[[int], bool]:
        shown = kind == "redo" or (kind == "unmute" and not self.history.is_undone(stroke))
        return lambda other: shown if other == stroke else self.history.shows(other)

    def _part_among_others(
        self, row: Correction, kind: Kind, shows: Callable[[int], bool]
    ) -> tuple[Mask, Codes]:
        codes = self.state_without(row.box, shows)
        if kind in {"undo", "redo"}:
            return row.mask, codes
        return row.mask & (codes != self.overlay.read(row.box)), codes

    def _write_step(
        self,
        stroke: int,
        kind: Kind,
        corrections: Sequence[Correction],
        parts: Sequence[tuple[Mask, Codes]],
    ) -> Box | None:
        about, drafts = self.table.stroke_stamp(stroke), list[Draft]()
        for row, (mask, codes) in zip(corrections, parts, strict=True):
            part = self._applied(row.box, mask, codes)
            stamp = self._clock.tick()
            first = drafts[0].header.stamp if drafts else stamp
            header = RowHeader(
                stamp=stamp, stroke=first, tool=row.tool, plane=row.plane, box=row.box,
                kind=kind, undoes=about,
            )  # fmt: skip
            drafts.append(Draft(header, [part]))
        self._append(drafts)
        if kind in {"mute", "unmute"}:
            self._toggled = len(self.table) - 1
        return union_of([draft.header.box for draft in drafts])

    def _correction(self, row: int) -> Correction:
        return decode(self._payloads([row])[0])

    def _payloads(self, rows: Sequence[int]) -> list[bytes]:
        """Return rows as they lie in the journals, or as they will."""
        found: dict[int, bytes] = {}
        stored: dict[Path, dict[int, int]] = {}  # by journal: sequence to row
        for row in rows:
            stamp = self.table.stamp(row)
            own = stamp.session == self._clock.session
            pending = self.writer.pending(stamp.sequence) if own else None
            if pending is not None:
                found[row] = pending
            else:
                path = self.writer.place_of(stamp.sequence) if own else self._path(row)
                stored.setdefault(path, {})[stamp.sequence] = row
        for path, sequences in stored.items():
            for sequence, payload in read_rows(path, sequences).items():
                found[sequences[sequence]] = payload
        return [found[row] for row in rows]

    def _path(self, row: int) -> Path:
        name = self.table.journal(row)
        if name not in self._paths:
            raise JournalError(f"The journal {name} is gone: what it held cannot be changed.")
        return self._paths[name]


def _own_part(row: Correction, kind: Kind) -> tuple[Mask, Codes]:
    return row.mask, row.after if kind == "redo" else row.before
