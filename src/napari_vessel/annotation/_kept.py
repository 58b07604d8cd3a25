"""Corrections as they are kept: opened, saved, undone, whoever paints them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal, Self, Unpack

from napari_vessel.annotation._aside import aside_name
from napari_vessel.annotation._draft import Stroke
from napari_vessel.annotation._journal import holders, journal_name, journal_paths
from napari_vessel.annotation._known import Known, Replaying, keep, learn
from napari_vessel.annotation._opening import (
    OpenOptions,
    can_write,
    found_aside,
    somebody,
    user,
    view_only,
)
from napari_vessel.annotation._recorder import Recorder
from napari_vessel.annotation._strokes import Strokes
from napari_vessel.annotation._writer import JournalWriter
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box, Zyx


class KeptCorrections:
    """What all journals of a volume come to, and the one journal that is added to.

    Attributes
    ----------
    overlay
        State codes of every voxel.
    strokes
        What was painted, stroke by stroke: to list, mute and restore.
    problems
        What could not be read when opening, in sentences.
    news
        What was done when opening, in sentences.
    view_only
        Why changes are refused, and what to do; empty where they are not.
    """

    def __init__(
        self,
        folder: Path,
        known: Known,
        paths: Sequence[Path],
        writer: JournalWriter,
        view_only: str = "",
    ) -> None:
        self.folder = folder
        self.view_only = view_only
        self._writer, self._paths = writer, list(paths)
        self._lock = threading.RLock()
        self._stroke: Stroke | None = None
        self._recorder = Recorder(known, paths, writer)
        self._history = known.history
        self._cannot_write = not view_only and not can_write(folder)
        self.overlay = known.overlay
        self.strokes = Strokes(self._recorder, self._lock, self._to_change, paths)
        self.problems = known.replayed.problems
        self.news: list[str] = []

    @classmethod
    def open(cls, folder: Path, shape: Zyx, **options: Unpack[OpenOptions]) -> Self:
        """Replay the journals in ``folder``; a journal of our own comes with the first stroke.

        Parameters
        ----------
        folder
            The journals' folder; it is made with the first stroke.
        shape
            The volume's edges, in voxels.
        options
            See :class:`OpenOptions`.
        """
        steps = cls.opening(folder, shape, **options)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                opened: Self = end.value
                return opened

    @classmethod
    def opening(
        cls, folder: Path, shape: Zyx, **options: Unpack[OpenOptions]
    ) -> Generator[Replaying, None, Self]:
        """As :meth:`open`, yielding how far it is; to cancel it, ask no more."""
        read_only, cache = bool(options.get("read_only")), options.get("cache")
        aside, person = options.get("aside"), options.get("person")
        left, news = found_aside(aside, folder, read_only=read_only)
        news += [somebody(name) for name in holders(folder)]
        paths = [*journal_paths(folder), *left]
        known = yield from learn(paths, shape, cache)
        path = folder / journal_name(uuid.uuid4().hex)
        writer = JournalWriter(
            path,
            shape,
            on_saved=options.get("on_saved"),
            on_failed=options.get("on_failed"),
            aside=aside and aside / aside_name(path.name),
            person=user() if person is None else person,
        )
        opened = cls(folder, known, paths, writer, view_only(options, folder, paths))
        opened.news = news
        if cache and not opened.read_only and known.deserves_a_cache:
            opened.keep_cache(cache)
        return opened

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""
        return bool(self.view_only)

    @property
    def shape(self) -> Zyx:
        """The volume's edges, in voxels."""
        return self.overlay.shape

    @property
    def saved(self) -> bool:
        """Whether everything painted so far is durable, where it belongs."""
        return self._writer.saved

    @property
    def safe(self) -> bool:
        """Whether everything painted so far is durable, if only aside."""
        return self._writer.safe

    @property
    def aside(self) -> Path | None:
        """The journal outside of the folder that holds what could not be saved in it."""
        return self._writer.aside

    @property
    def paused(self) -> str | None:
        """Why a person cannot paint on as if nothing was wrong; None where they can."""
        if self.view_only or self._writer.is_moved:
            return self.view_only or None
        if self._writer.failing:
            return f"Corrections cannot be saved in {self.folder}."
        if self._cannot_write:
            return f"{self.folder.parent} cannot be written: it is open to view."
        return None

    @property
    def private(self) -> bool:
        """Whether a person chose to paint into a journal outside of the folder."""
        return self._writer.is_moved

    @property
    def journals(self) -> list[Path]:
        """The journals that are open, our own included once it holds a row."""
        return [*self._paths, *self._writer.paths]

    @property
    def position(self) -> dict[str, int]:
        """Journal name to its last row that was replayed, or of our own, is durable."""
        return self._recorder.known.replayed.position | self._writer.position

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to take back."""
        return self._history.last_done(self._is_mine) is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a stroke to bring again."""
        return self._history.last_undone(self._is_mine) is not None

    def move_aside(self) -> None:
        """Paint on into a private journal, outside of the project, until it is opened again.

        Raises
        ------
        JournalError
            If no place for one was given, or changes are refused anyway.
        """
        self._refuse_if_read_only()
        if not self._writer.move_aside():
            raise JournalError("There is no place for a private journal: make the folder writable.")

    @property
    def deserves_a_cache(self) -> bool:
        """Whether replaying the journals again would take a person's time."""
        return self._recorder.known.deserves_a_cache

    def undo(self) -> Box | None:
        """Take back this person's last stroke, also one of before a restart.

        Returns
        -------
        Box or None
            The voxels whose state may have changed; None where nothing is left to undo.

        Raises
        ------
        JournalError
            If rows that are needed cannot be read any more. Nothing is changed then.
        """
        return self._step_through("undo")

    def redo(self) -> Box | None:
        """Bring again the stroke last undone; as :meth:`undo`."""
        return self._step_through("redo")

    def keep_cache(self, cache: Path) -> bool:
        """Write the cache anew; return whether it was. Painting waits meanwhile."""
        with self._lock:
            self.end_stroke()
            flushed = self._writer.flush()
            return flushed and keep(self._recorder.known, self.journals, cache, self.position)

    def flush(self, timeout: float = 2.0) -> bool:
        """Make everything durable; return whether it is, within ``timeout`` seconds."""
        return self._writer.flush(timeout)

    def close(self, timeout: float = 2.0) -> bool:
        """End the stroke, save and end the writer's thread; never hangs.

        Returns
        -------
        bool
            Whether everything is durable. If not, it is still in memory: make
            room and call this again.
        """
        self.end_stroke()
        return self._writer.close(timeout)

    def end_stroke(self) -> None:
        """End the stroke, as a mouse release does, and commit it without waiting."""
        with self._lock:
            if self._stroke is not None:
                self._stroke = None
                self._writer.hurry()

    def _step_through(self, kind: Literal["undo", "redo"]) -> Box | None:
        with self._lock:
            self._to_change()
            history = self._history
            last = history.last_done if kind == "undo" else history.last_undone
            stroke = last(self._is_mine)
            if stroke is None:
                return None
            changed = self._recorder.step(stroke, kind)
            self._writer.hurry()
            return changed

    def _is_mine(self, stroke: int) -> bool:
        return self._recorder.person(stroke) in {"", self._writer.person}

    def _to_change(self) -> None:
        """End the stroke before something else is changed."""
        self._refuse_if_read_only()
        self.end_stroke()

    def _refuse_if_read_only(self) -> None:
        if self.view_only:
            raise JournalError(self.view_only)
