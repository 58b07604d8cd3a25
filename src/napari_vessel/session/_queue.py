"""Where to correct next: a session's list of places, kept up to date behind the person's back."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any

from napari_vessel.annotation import Place, QueueConfig, Standpoint
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box, Plane
from napari_vessel.project import Mark, Proposal, ReviewRecords
from napari_vessel.runner import Runner
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._queue_picture import Pictured, picture_of
from napari_vessel.session._values import Activity, ActivityName, Answer, Asked, Opened
from napari_vessel.session._workspace import Workspace
from napari_vessel.workflows import Focus, PlaceScan, PlaceScene, Progress, Ranked, ranked, scan_of

__all__ = ["NothingProposed", "Outdated", "SessionQueue"]

_LEAST_S = 0.1  # between two words of progress
_AHEAD = 3  # places that should be predicted before the person gets there
_MARGIN = 4  # slices around a place that are predicted with it

Finding = Generator[Asked | Answer, None, None]


@dataclass(frozen=True, slots=True)
class NothingProposed:
    """There is no list, as nothing was predicted."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """Boxes (volume voxels) of the next places whose proposal is not of the network in use."""

    boxes: tuple[Box, ...]


class SessionQueue(SessionHand):
    """Ranks the places of the proposal; reads only what changed since it did so last."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.queue_config = QueueConfig()
        self.queue: Ranked | None = None
        self.place: Place | None = None  # where the person was sent last
        self.outdated: tuple[Box, ...] = ()
        self._scan: PlaceScan | None = None
        self.events.shown.connect(self._queue_changed)
        self.events.painted.connect(self._queue_changed)

    def find_places(self, focus: Focus | None = None) -> Finding:
        """Rank the places worth correcting; a generator for a worker's thread.

        Parameters
        ----------
        focus
            Where the person looks: what is near comes sooner.
        """
        work, question, started = self._open_now(), object(), monotonic()
        yield Asked("queue", question, "Looking where to correct next …")
        project = work.project
        proposal = project.open_proposal() if project else None
        if project is None or proposal is None:
            yield Answer("queue", question, NothingProposed())
            return
        records = ReviewRecords(project.path)
        work.settle()  # what was said of places just now is heeded
        audit = records.audit()
        spared = audit.boxes if audit else ()
        scene = PlaceScene(proposal, work.corrections.overlay, work.view.threshold, spared)
        scan = self._scan_for(work, proposal)
        for progress in _sometimes(scan.update(scene, focus.point if focus else None)):
            yield Answer("queue", question, progress)
        start = Standpoint(focus.point, focus.plane, work.region) if focus else None
        found = ranked(scan, scene, start, records, started)
        yield Answer("queue", question, found)
        outdated = _outdated(work, proposal, found, self.checkpoint)
        yield Answer("queue", question, Outdated(outdated))
        for place in found.places:
            pictured = picture_of(work, scene, place, self.queue_config)
            yield Answer("queue", question, pictured)

    def next_place(self) -> Place | None:
        """Return the place to go to now, the one after that gone to last; None: there is none."""
        places = self.queue.places if self.queue else ()
        if not places:
            return None
        names, before = [place.id for place in places], self.place.id if self.place else ""
        at = names.index(before) + 1 if before in names else 0
        self.place = places[at % len(places)]
        return self.place

    def mark_place(self, place: Place, mark: Mark) -> None:
        """Keep what the person said of a place with the project; written behind their back."""
        work = self._open_now()
        if work.project is not None:
            work.later(partial(self._keep_mark, ReviewRecords(work.project.path), place, mark))

    # -- inside ----------------------------------------------------------------

    def _keep_mark(self, records: ReviewRecords, place: Place, mark: Mark) -> None:
        try:
            records.mark(place.id, mark)
        except VesselError as error:
            self.events.failed.emit(error)

    def ended_by(self, opened: Opened) -> tuple[ActivityName, ...]:
        """Return the activities that make no sense any more once ``opened`` is shown."""
        return (*super().ended_by(opened), "queue")

    def accept_slice(self, plane: Plane, index: int) -> Box:
        """Mark a slice as reviewed; see :meth:`SessionHand.accept_slice`."""
        box = super().accept_slice(plane, index)
        self._queue_changed(box)
        return box

    def _scan_for(self, work: Workspace, proposal: Proposal) -> PlaceScan:
        """Return what is known of the proposal's cells; of others nothing is."""
        fresh = scan_of(proposal, work.opened.volume.shape, self.queue_config)
        if self._scan is None or not self._scan.same_as(fresh):
            self._scan = fresh
        return self._scan

    def _queue_changed(self, box: Box | None) -> None:
        if self._scan is not None:
            self._scan.stale(box)

    def _install(self, opened: Opened) -> None:
        self._scan, self.queue, self.place, self.outdated = None, None, None, ()
        super()._install(opened)

    def _show_answer(self, answer: Answer) -> None:
        event: Any = answer.event
        if answer.name != "queue" or isinstance(event, Progress):
            super()._show_answer(answer)
        elif isinstance(event, Ranked | NothingProposed):
            self.queue = event if isinstance(event, Ranked) else None
            self.events.queue.emit(self.queue)
            self._show(Activity("queue", "done", _sentence(event), 1.0))
        elif isinstance(event, Outdated):
            self.outdated = event.boxes
        elif isinstance(event, Pictured):
            self.events.pictured.emit(event)


def _sometimes(events: Iterator[Progress]) -> Iterator[Progress]:
    """Let a few words of progress through a second."""
    told = -_LEAST_S
    for progress in events:
        if (now := monotonic()) - told >= _LEAST_S:
            told = now
            yield progress


def _outdated(
    work: Workspace, proposal: Proposal, found: Ranked, checkpoint: str
) -> tuple[Box, ...]:
    """Return where the next places should be predicted with the network in use.

    None that reaches out of the region: predicted in part, it would be so for ever.
    """
    boxes = []
    for place in found.places[:_AHEAD]:
        if not work.region.contains(place.box):
            continue
        shown = next((layer for layer in proposal.layers if layer.region.contains(place.box)), None)
        if shown is None or shown.recipe.get("checkpoint") != checkpoint:
            halo = [0, 0, 0]
            halo[place.plane.normal] = _MARGIN
            around = place.box.expanded((halo[0], halo[1], halo[2]))
            boxes.append(around)
    return tuple(boxes)


def _sentence(event: Ranked | NothingProposed) -> str:
    if isinstance(event, NothingProposed):
        return "Predict first: places are ranked by what the network is unsure of."
    if not event.places:
        return "Nothing is left that the network is unsure of where nobody reviewed."
    return (
        f"{len(event.places)} places; about {event.wrong:,.0f} voxels are expected to be wrong "
        "where nobody reviewed."
    )
