"""The session's objects: opened, imported, exported, and what arrives of long work on them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

from napari_vessel.errors import CallerError
from napari_vessel.geometry import VoxelSize
from napari_vessel.runner import Runner
from napari_vessel.session._delivery import SessionDelivery
from napari_vessel.session._objects import Objects, ObjectsEvents
from napari_vessel.session._objects_book import Prediction
from napari_vessel.session._objects_done import Done, WhyThis
from napari_vessel.session._objects_judging import Taught
from napari_vessel.session._objects_lesson import delete_classifiers
from napari_vessel.session._objects_open import ObjectsOpened, open_objects_of
from napari_vessel.session._objects_table import Imported, Snapshot, read_points, write_table
from napari_vessel.session._opening import keep_array
from napari_vessel.session._values import Activity, ActivityName, Answer, Asked
from napari_vessel.session._waiting import called
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import ClassEpoch

__all__ = ["Answers", "SessionObjectsState"]

Answers = Generator[Asked | Answer, None, None]

_ENDED: tuple[ActivityName, ...] = ("classify", "teach", "explain")


class SessionObjectsState(SessionDelivery):
    """Opens and keeps the objects of a volume; apart from its mask.

    Methods that return a generator are long: for a worker's thread, as those of ``Session``.
    """

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.objects: Objects | None = None
        self.objects_events = ObjectsEvents()
        self.taught: Taught | None = None

    # -- long: generators for a worker's thread --------------------------------

    def open_objects(self, where: str, options: VolumeOptions | None = None) -> Answers:
        """Open the objects of a volume, or of a project by its folder."""
        question = object()
        yield Asked("objects", question, f"Opening {called(where)} …")
        before = self.objects
        if before is not None:
            before.flush()  # what was done now is on the disk before it is read
        opened = open_objects_of(where, options)
        yield Answer("objects", question, opened)

    def open_objects_array(
        self,
        array: Any,  # noqa: ANN401  numpy or dask
        voxel_size: VoxelSize | None,
        name: str,
    ) -> Answers:
        """Open the objects of voxels that only a viewer holds, after copying them to a file."""
        question = object()
        yield Asked("objects", question, f"Copying layer {name} to a file that can be reopened …")
        opened = open_objects_of(str(keep_array(array, voxel_size, name)))
        yield Answer("objects", question, opened)

    def import_objects(self, path: Path) -> Answers:
        """Take places, and classes where it has them, from a CSV file."""
        question, volume = object(), self._objects_now().opened.volume
        yield Asked("objects", question, f"Reading {path.name} …")
        imported = read_points(path, volume.shape, volume.voxel_size)
        yield Answer("objects", question, Done("", imported))

    def export_objects(self, out: Path, snapshot: Snapshot) -> Answers:
        """Write a table of all objects."""
        question, volume = object(), self._objects_now().opened.volume
        yield Asked("export", question, f"Writing {out.name} …")
        count = write_table(out, snapshot, volume.voxel_size)
        yield Answer("export", question, Done(f"Wrote {count:,} objects to {out}."))

    # -- at once ---------------------------------------------------------------

    def use_classifier(self, id_: str) -> None:
        """Take a classifier of the project into use that was in use before."""
        objects = self._objects_now()
        objects.configure(in_use=id_)

    def leave_objects(self) -> None:
        """Save what was done to the objects, and let go of them."""
        if self.objects is not None:
            self.objects.close()

    # -- inside ----------------------------------------------------------------

    def _objects_now(self) -> Objects:
        if self.objects is None:
            raise CallerError("No image is open for objects: choose one first.")
        return self.objects

    def _events(
        self, workflow: str, request: object, priority: int = 0
    ) -> Generator[Any, None, None]:
        with closing(self.runner.run(workflow, request, priority=priority)) as events:
            yield from events

    # -- what arrives ----------------------------------------------------------

    def _begin(self, asked: Asked) -> None:
        super()._begin(asked)
        if asked.name == "teach":
            self.objects_events.teaching.emit(None)

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, ObjectsOpened):
            self._install_objects(event)
        elif isinstance(event, ClassEpoch) and answer.name == "teach":
            self.objects_events.teaching.emit(event)
        elif isinstance(event, Done):
            sentence = self._take(event)
            self._show(Activity(answer.name, "done", sentence, 1.0))
        else:
            super()._show_answer(answer)

    def _install_objects(self, opened: ObjectsOpened) -> None:
        self.leave_objects()
        for name in _ENDED:
            if self._questions.pop(name, None) is not None and self._running(name):
                self._show(Activity(name, "cancelled", "Ended: another image was opened."))
        self.objects = Objects(opened, self.objects_events)
        self.taught = None
        count = len(self.objects.book)
        self._show(Activity("objects", "done", f"{count:,} objects." if count else "", 1.0))
        self.objects_events.opened.emit()
        for problem in opened.problems:
            self.events.failed.emit(CallerError(problem))

    def _take(self, done: Done) -> str:
        """Let what an answer brought come about; return what is said of it."""
        objects, brought = self._objects_now(), done.brought
        if isinstance(brought, Imported):
            return self._take_import(objects, brought)
        if isinstance(brought, Prediction):
            objects.predict(brought)
        elif isinstance(brought, WhyThis):
            self.objects_events.explained.emit(brought)
        elif brought is not None:
            self.taught, kept = brought
            if self.taught.adopted:
                config, gone = objects.config.taking(kept).spared()
                objects.configure(classifiers=config.classifiers, in_use=config.in_use)
                objects.later(lambda: delete_classifiers(objects.opened.places, config, gone))
            self.objects_events.taught.emit(self.taught)
        return done.sentence

    def _take_import(self, objects: Objects, imported: Imported) -> str:
        there = {tuple(point) for point in objects.book.points.tolist()}
        new = [
            (point, name)
            for point, name in zip(imported.points, imported.classes, strict=True)
            if point not in there
        ]
        objects.add_named([point for point, _ in new], [name for _, name in new])
        left = len(imported.points) - len(new)
        said = [f"Took {len(new):,} objects."]
        if left:
            said.append(f"{left:,} were marked already.")
        if imported.outside:
            said.append(f"{imported.outside:,} lie outside of the volume and were left out.")
        return " ".join(said)
