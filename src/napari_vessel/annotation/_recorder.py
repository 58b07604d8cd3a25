"""Overlay, history and journal, changed together: one row written is all three."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari_vessel.annotation._correction import ROW_VOXELS, Kind, RowHeader, decode
from napari_vessel.annotation._draft import Draft, Part, Stroke, union_of
from napari_vessel.annotation._history import History, Step
from napari_vessel.annotation._overlay import Overlay
from napari_vessel.annotation._reading import read_row
from napari_vessel.annotation._replay import Replay, replaying
from napari_vessel.annotation._stamp import HybridClock, Stamp
from napari_vessel.annotation._state import Codes, Mask
from napari_vessel.annotation._writer import JournalWriter
from napari_vessel.geometry import Box, Zyx

_BLOCK = (256, 256, 256)  # what a bigger box is cut into; ROW_VOXELS


class Recorder:
    """What all journals of a folder say, and the one journal that is added to.

    One thread at a time.

    Parameters
    ----------
    folder
        The journals' folder.
    shape
        The volume's edges, in voxels.
    writer
        Of our own journal, whose name ends in the session's id.
    """

    def __init__(self, folder: Path, shape: Zyx, writer: JournalWriter) -> None:
        self.writer = writer
        self.history = History()
        self.replayed = Replay(Overlay(shape))
        self.overlay = self.replayed.overlay
        self._clock = HybridClock(writer.path.stem.rpartition("-")[2])
        self._paths: dict[str, Path] = {}
        for row in replaying(folder, self.replayed):
            self.history.note(row.header)
            self._clock.observe(row.header.stamp)
            self._paths[row.header.stamp.session] = row.path
        self._paths[self._clock.session] = writer.path

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

    def _write(self, stroke: Stroke, part: Part) -> None:
        if stroke.first is not None and self.writer.merge(stroke, part):
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
            self.history.note(draft.header)
        self.writer.append(drafts)

    def write_step(self, step: Step, kind: Kind) -> Box | None:
        """Write what stood before a step (or, to redo, after it), in rows of their own.

        Raises
        ------
        JournalError
            If a row of the step cannot be read any more; nothing is changed then.
        """
        stamps = step.rows if kind == "redo" else step.rows[::-1]
        payloads = [self._payload(stamp) for stamp in stamps]  # all, before anything changes
        drafts: list[Draft] = []
        for payload in payloads:
            row = decode(payload)
            part = self._applied(row.box, row.mask, row.after if kind == "redo" else row.before)
            stamp = self._clock.tick()
            first = drafts[0].header.stamp if drafts else stamp
            header = RowHeader(
                stamp=stamp, stroke=first, tool=row.tool, plane=row.plane, box=row.box,
                kind=kind, undoes=step.stroke,
            )  # fmt: skip
            drafts.append(Draft(header, [part]))
        self._append(drafts)
        return union_of([draft.header.box for draft in drafts])

    def _payload(self, stamp: Stamp) -> bytes:
        if stamp.session == self._clock.session:
            pending = self.writer.pending(stamp.sequence)
            if pending is not None:
                return pending
        return read_row(self._paths[stamp.session], stamp.sequence)
