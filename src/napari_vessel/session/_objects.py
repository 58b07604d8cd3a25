"""The objects of one open volume: what a hand does to them is logged, undone and followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from psygnal import Signal, SignalGroup

from napari_vessel.errors import CallerError, VesselError
from napari_vessel.session._objects_book import Book, Prediction
from napari_vessel.session._objects_config import ObjectsConfig, write_config
from napari_vessel.session._objects_log import ObjectLog
from napari_vessel.session._objects_open import ObjectsOpened, person
from napari_vessel.session._objects_table import Snapshot
from napari_vessel.session._objects_values import (
    Added,
    ClassesChanged,
    Deed,
    Labelled,
    Moved,
    ObjectClass,
    Point,
    Removed,
    Verdict,
    inverse,
    new_class,
)

__all__ = ["Objects", "ObjectsEvents", "ObjectsSaved"]

ObjectsSaved = Literal["nothing", "saving", "saved", "aside", "failed"]


class ObjectsEvents(SignalGroup):
    """What followers of a session's objects hear; ``saved`` and ``failed`` from other threads."""

    opened = Signal(description="Objects of another volume are open; look at everything.")
    changed = Signal(object, description="The Deed that came about; None: look at all of them.")
    current = Signal(object, description="The id of the object that is worked on; None: none.")
    config = Signal(description="Settings, or the classifier in use, changed.")
    teaching = Signal(object, description="A ClassEpoch; None: a training began.")
    taught = Signal(object, description="A Taught: a training ended and was judged.")
    explained = Signal(object, description="A WhyThis: what an object's class rests on.")
    saved = Signal(str, description="ObjectsSaved.")
    failed = Signal(Exception, description="Something could not be kept; show it once.")


class Objects:
    """What a hand can do to the objects of a volume; none of it waits for the disk.

    Parameters
    ----------
    opened
        What opening brought.
    events
        Told of every change.
    """

    def __init__(self, opened: ObjectsOpened, events: ObjectsEvents) -> None:
        self.opened, self.events = opened, events
        self.config = opened.config
        self.book = Book()
        for row in opened.rows:
            self.book.apply(row.deed)
        self.book.predict(opened.prediction)
        self.save_state: ObjectsSaved = "saved" if opened.rows else "nothing"
        self.person = person()
        self.current: str | None = None
        self._log = ObjectLog(
            opened.places.made, opened.places.aside, opened.rows, self._on_saved, self._on_failed
        )
        self._done: list[Deed] = []
        self._undone: list[Deed] = []
        self._number = 0
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="objects-settings")

    # -- what a hand does ------------------------------------------------------

    def add(
        self, points: Iterable[Point], classes: Sequence[str | None] | None = None, by: str = ""
    ) -> tuple[str, ...]:
        """Mark objects at ``points`` (voxels); where classes are given, they are what they are."""
        places = tuple(points)
        names = classes or [None] * len(places)
        verdicts = tuple(Verdict(n, by or self.person) if n else None for n in names)
        ids = []
        for _ in places:
            self._number += 1
            ids.append(f"{self._log.session}-{self._number}")
        if ids:
            self._do(Added(tuple(ids), places, verdicts))
        return tuple(ids)

    def add_named(self, points: Sequence[Point], names: Sequence[str | None]) -> tuple[str, ...]:
        """Mark objects of classes by name; a class that is new joins the list."""
        new = list(dict.fromkeys(n for n in names if n and n not in self.book.class_names))
        if new:
            count = len(self.book.classes)
            self.set_classes(
                (*self.book.classes, *(new_class(n, count + i) for i, n in enumerate(new)))
            )
        return self.add(points, names)

    def remove(self, ids: Iterable[str]) -> None:
        """Take objects away."""
        there = [at for id_ in ids if (at := self.book.index(id_)) is not None]
        if there:
            book = self.book
            self._do(
                Removed(
                    tuple(book.ids[at] for at in there),
                    tuple(self._point(at) for at in there),
                    tuple(book.verdicts[at] for at in there),
                )
            )

    def move(self, points: dict[str, Point]) -> None:
        """Move objects to other places (voxels)."""
        there = {id_: at for id_ in points if (at := self.book.index(id_)) is not None}
        moved = {id_: at for id_, at in there.items() if self._point(at) != points[id_]}
        if moved:
            before = tuple(self._point(at) for at in moved.values())
            self._do(Moved(tuple(moved), tuple(points[id_] for id_ in moved), before))

    def label(self, ids: Iterable[str], name: str | None) -> None:
        """Say what objects are; None takes it back. A prediction never overwrites this."""
        if name is not None and name not in self.book.class_names:
            raise CallerError(f"No class is called {name!r}: add it to the list first.")
        there = [(id_, at) for id_ in ids if (at := self.book.index(id_)) is not None]
        verdict = None if name is None else Verdict(name, self.person)
        before = tuple(self.book.verdicts[at] for _, at in there)
        if there and any(old != verdict for old in before):
            names = tuple(id_ for id_, _ in there)
            self._do(Labelled(names, (verdict,) * len(there), before))

    def set_classes(
        self, classes: Sequence[ObjectClass], renamed: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Change the list of classes.

        Raises
        ------
        CallerError
            Two have one name, a name is empty, or a class that objects were labelled with is gone.
        """
        names = [one.name for one in classes]
        if any(not name.strip() for name in names) or len(set(names)) != len(names):
            raise CallerError("Every class needs a name of its own.")
        old_names = dict(renamed)
        used = {old_names.get(v.name, v.name) for v in self.book.verdicts if v is not None}
        if gone := sorted(used - set(names)):
            raise CallerError(f"Objects are labelled {gone[0]!r}: label them otherwise first.")
        if tuple(classes) != self.book.classes:
            self._do(ClassesChanged(tuple(classes), self.book.classes, tuple(renamed)))

    # -- undo ------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return bool(self._undone)

    def undo(self) -> Deed | None:
        """Take the last deed of this viewer back; return what was taken back."""
        return self._step(self._done, self._undone)

    def redo(self) -> Deed | None:
        """Do again what was taken back last."""
        return self._step(self._undone, self._done)

    def _step(self, source: list[Deed], target: list[Deed]) -> Deed | None:
        if not source:
            return None
        deed = source.pop()
        target.append(inverse(deed))
        self._come_about(deed)
        return deed

    # -- what else changes -----------------------------------------------------

    def choose(self, id_: str | None) -> None:
        """Let an object be the one that is worked on."""
        if id_ != self.current:
            self.current = id_
            self.events.current.emit(id_)

    def predict(self, prediction: Prediction | None) -> None:
        """Show what a classifier said."""
        self.book.predict(prediction)
        self.events.changed.emit(None)

    def configure(self, **changes: Any) -> None:  # noqa: ANN401
        """Change settings, which the project keeps.

        Raises
        ------
        CallerError
            A value is not allowed.
        """
        try:
            self.config = ObjectsConfig.model_validate(self.config.model_dump() | changes)
        except ValueError as error:
            raise CallerError(f"This setting is not allowed: {error}") from error
        self._keep_config()
        self.events.config.emit()

    def snapshot(self) -> Snapshot:
        """Return the objects as they are now, for work on another thread."""
        book = self.book
        return Snapshot(
            book.classes,
            tuple(book.ids),
            book.points.copy(),
            tuple(book.verdicts),
            book.probabilities.copy(),
        )

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all is on the disk, or could not be; return whether it is."""
        self._disk.submit(lambda: None).result(timeout)
        return self._log.flush(timeout)

    def close(self) -> None:
        """Save, and end the threads; never hangs."""
        self._log.close()
        self._disk.shutdown(wait=True)

    # -- inside ----------------------------------------------------------------

    def _point(self, at: int) -> Point:
        z, y, x = self.book.points[at].tolist()
        return z, y, x

    def _do(self, deed: Deed) -> None:
        self._done.append(inverse(deed))
        self._undone.clear()
        self._come_about(deed)

    def _come_about(self, deed: Deed) -> None:
        first = self.save_state == "nothing"
        self.book.apply(deed)
        self._tell_saved("saving")
        self._log.append(deed)
        if isinstance(deed, ClassesChanged) and deed.renamed:
            kept = tuple(one.renamed(deed.renamed) for one in self.config.classifiers)
            self.config = self.config.model_copy(update={"classifiers": kept})
            self._keep_config()
        elif first and self.config != ObjectsConfig():
            self._keep_config()
        if self.current is not None and self.book.index(self.current) is None:
            self.choose(None)
        self.events.changed.emit(deed)

    def _keep_config(self) -> None:
        """Write the settings, once there is a project: a setting alone makes none."""
        config, kept = self.config, self.save_state != "nothing"
        self.later(lambda: self._write_config(config, kept))

    def _write_config(self, config: ObjectsConfig, kept: bool) -> None:
        places = self.opened.places
        if kept or places.project is not None:
            places.made()
            write_config(places.config, config)

    def later(self, work: Callable[[], object]) -> None:
        """Do something on the disk, behind the person's back."""
        self._disk.submit(self._safely, work)

    def _safely(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (VesselError, OSError) as error:
            self.events.failed.emit(error)

    def _on_saved(self, aside: bool) -> None:
        if self._log.saved:
            self._tell_saved("aside" if aside else "saved")

    def _on_failed(self, error: Exception) -> None:
        self._tell_saved("failed")
        self.events.failed.emit(error)

    def _tell_saved(self, state: ObjectsSaved) -> None:
        self.save_state = state
        self.events.saved.emit(state)
