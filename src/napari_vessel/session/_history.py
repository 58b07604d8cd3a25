"""The past of a session's corrections: strokes muted, moments restored, other hands' strokes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_vessel.annotation import (
    Overlap,
    Strokes,
    find_overlaps,
    give_journals,
    label_state,
    take_journal,
)
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box, Plane
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._values import Activity, Answer, Asked
from napari_vessel.workflows import Progress

Answers = Generator[Asked | Answer, None, None]

_OFFER = (
    "Make room or write access there; or paint into a private journal (Correct, History): it is "
    "taken into the project once that can be written."
)


@dataclass(frozen=True, slots=True, eq=False)
class HistoryChanged:
    """What came of a wish: the box whose state may have changed (volume voxels), and a sentence.

    ``overlaps`` where they were looked for.
    """

    box: Box | None
    sentence: str
    overlaps: tuple[Overlap, ...] | None = None


class SessionHistory(SessionHand):
    """Lists strokes, mutes them, restores moments, and puts the work of several hands together.

    Methods that return a generator are long: for a worker's thread, as those of ``Session``.
    """

    overlaps: tuple[Overlap, ...] = ()

    @property
    def strokes(self) -> Strokes | None:
        """The strokes of all journals that were there at opening, and our own."""
        return self._work.corrections.strokes if self._work else None

    @property
    def news(self) -> list[str]:
        """What opening did about the journals, a sentence each."""
        return list(self._work.corrections.news) if self._work else []

    @property
    def paused(self) -> str | None:
        """Why painting is paused, or None."""
        return self._work.corrections.paused if self._work else None

    @property
    def view_only(self) -> str:
        """Why corrections are for viewing only, and what to do; empty where they are not."""
        return self._work.corrections.view_only if self._work else ""

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        """Begin a stroke: all that is painted until it ends is one step to undo.

        Raises
        ------
        CallerError
            Nothing is open, or something else is just being opened.
        JournalError
            Painting is paused, as the project cannot be written; or that is open to view only.
        """
        if self.paused and not self.view_only:
            raise JournalError(f"Painting is paused: {self.paused} {_OFFER}")
        super().begin_stroke(tool, plane)

    def paint_privately(self) -> None:
        """Paint on into a journal in the user's own folder, as the project cannot be written.

        Raises
        ------
        JournalError
            There is no place for one.
        """
        self._open_now().corrections.move_aside()
        self._saving()

    # -- long: generators for a worker's thread --------------------------------

    def mute(self, stroke: int, *, muted: bool = True) -> Answers:
        """Mute a stroke, or let it count again."""
        corrections = self._editable().corrections
        question = ("mute", stroke, muted)
        yield Asked("history", question, "Muting …" if muted else "Unmuting …")
        change = corrections.strokes.mute if muted else corrections.strokes.unmute
        box = change(stroke)
        done = "is muted: all is as if it had not been painted" if muted else "counts again"
        yield Answer("history", question, HistoryChanged(box, f"Stroke {stroke + 1} {done}."))

    def restore(self, stroke: int) -> Answers:
        """Bring back what everything was right after a stroke, as one step to undo."""
        strokes = self._editable().corrections.strokes
        question = ("restore", stroke)
        yield Asked("history", question, "Going back …")
        total = strokes.rows_until(stroke)
        for rows in strokes.restore(stroke):
            yield Answer("history", question, Progress(rows, total, "rows", "Going back"))
        sentence = (
            f"All is as right after stroke {stroke + 1}. What came later is kept: undo brings it."
        )
        whole = Box.of(self._open_now().corrections.shape)
        yield Answer("history", question, HistoryChanged(whole, sentence))

    def look_for_overlaps(self) -> Answers:
        """Find where two hands painted different things without knowing of each other."""
        work = self._open_now()
        corrections = work.corrections
        question = ("overlaps",)
        yield Asked("history", question, "Comparing the journals …")
        corrections.flush()
        total = max(sum(corrections.position.values()), 1)
        for scanned in find_overlaps(corrections.journals, corrections.shape):
            if scanned.overlaps is None:
                progress = Progress(scanned.rows, total, "rows", "Comparing the journals")
                yield Answer("history", question, progress)
            else:
                sentence = _overlaps_found(scanned.overlaps)
                yield Answer("history", question, HistoryChanged(None, sentence, scanned.overlaps))

    def take_journal(self, path: Path) -> Answers:
        """Copy a colleague's journal into the project; opening it again puts it in order."""
        work = self._open_now()
        question = ("take", path)
        yield Asked("history", question, f"Taking in {path.name} …")
        project = work.made_project()
        project.require_changeable()
        folder = project.journal
        taken = take_journal(path, folder, work.corrections.shape)
        sentence = f"{path.name} was here already." if taken is None else f"Took in {taken.name}."
        yield Answer("history", question, HistoryChanged(None, sentence))

    def give_journals(self, out: Path) -> Answers:
        """Copy all journals of the project into a folder, for a colleague."""
        work = self._open_now()
        question = ("give", out)
        yield Asked("history", question, f"Copying the journals to {out} …")
        work.flush()
        given = give_journals(work.made_project().journal, out)
        sentence = f"Copied {len(given)} journals to {out}."
        yield Answer("history", question, HistoryChanged(None, sentence))

    def settle(self, overlap: Overlap, *, later: bool) -> Box:
        """Decide an overlap: take the later hand's version, or the earlier's, as a stroke."""
        corrections = self._editable().corrections
        codes = overlap.versions[1 if later else 0]
        with corrections.stroke("review"):
            for value, state in ((1, 2), (0, 1)):
                mask = overlap.mask & (label_state(codes) == state)
                if np.any(mask):
                    corrections.paint(overlap.box, mask, value, tool="review")
        self.overlaps = tuple(other for other in self.overlaps if other is not overlap)
        return self._changed(overlap.box)

    # -- inside ----------------------------------------------------------------

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if not isinstance(event, HistoryChanged):
            super()._show_answer(answer)
            return
        if event.overlaps is not None:
            self.overlaps = event.overlaps
        if event.box is not None:
            self._changed(event.box)
        self._show(Activity("history", "done", event.sentence, 1.0))

    def _on_saved(self, *_: object) -> None:
        with self._light:
            work = self._work
            if work is not None and work.corrections.private and work.corrections.saved:
                place = work.corrections.aside
                self._tell_saved("aside", f"Saved in your private journal, {place}.")
            else:
                super()._on_saved()

    def _on_failed(self, error: Exception) -> None:
        if self._work is not None and self._work.corrections.safe:
            self._tell_saved("aside", f"Painting is paused: {error}")
        else:
            super()._on_failed(error)


def _overlaps_found(overlaps: tuple[Overlap, ...]) -> str:
    if not overlaps:
        return "Nobody painted over another's stroke without having seen it."
    voxels = sum(overlap.voxels for overlap in overlaps)
    return f"{len(overlaps)} overlaps, {voxels:,} voxels, wait for a decision."
