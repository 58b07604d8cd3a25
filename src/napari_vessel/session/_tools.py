"""The quick tools of a session: each covers much at once, as one stroke."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.morphology import Likeness, belonging, likeness_at
from napari_vessel.runner import Runner
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._local import LocalThreshold
from napari_vessel.session._seen_slice import (
    ReviewedMap,
    SeenSlice,
    Stamp,
    seen_slice,
    slab_of,
)
from napari_vessel.session._tool_config import ToolConfig
from napari_vessel.session._tool_painted import PaintedSlices
from napari_vessel.session._tool_pieces import (
    accept_piece,
    fill_holes,
    grow_piece,
    local_piece,
    reject_piece,
    smooth_piece,
)
from napari_vessel.session._tool_places import (
    applied,
    between,
    join,
    next_unreviewed,
    slice_of,
)
from napari_vessel.session._tool_values import Cover, Found, Nothing, Scene, ToolDone
from napari_vessel.session._tool_wall import fit_wall
from napari_vessel.session._values import Activity, ActivityName, Answer, Asked, Opened
from napari_vessel.session._workspace import Workspace

Working = Generator[Asked | Answer, None, None]
PieceTool = Literal["accept", "reject", "grow", "smooth"]

_ON_PIECES: dict[PieceTool, tuple[str, Callable[[Scene, Zyx], Cover | Nothing]]] = {
    "accept": ("Accepting a piece …", accept_piece),
    "reject": ("Rejecting a piece …", reject_piece),
    "grow": ("Growing a piece …", grow_piece),
    "smooth": ("Smoothing a piece …", smooth_piece),
}
_SLAB = 16  # slices accepted between two looks at whether to go on


class SessionTools(SessionHand):
    """Tools that a click sets to work.

    Methods that return a generator run on a worker's thread, as a prediction does; each ends
    in a sentence, and what it covers is one stroke of the journal. Voxels and boxes are the
    region's. What a person corrected before is changed by rejecting and smoothing alone.
    """

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.tool_config = ToolConfig()
        self._painted = PaintedSlices()

    # -- long: generators for a worker's thread --------------------------------

    def on_piece(self, tool: PieceTool, voxel: Zyx) -> Working:
        """Accept, reject, grow or smooth the three-dimensional piece at ``voxel``."""
        sentence, work = _ON_PIECES[tool]
        yield from self._covering(sentence, lambda scene: work(scene, voxel))

    def fill_holes(self, voxel: Zyx, plane: Plane) -> Working:
        """Fill the holes of the piece at ``voxel``: cavities, and those in slices of ``plane``."""
        yield from self._covering("Filling holes …", lambda scene: fill_holes(scene, voxel, plane))

    def join(self, first: Zyx, second: Zyx) -> Working:
        """Close the gap between two ends of vessels, along the likeliest way."""
        yield from self._covering("Joining …", lambda scene: join(scene, first, second))

    def interpolate(self) -> Working:
        """Fill the slices between the last two in which a hand painted vessel, today or before."""
        painted = self._painted
        yield from self._covering("Filling between …", lambda scene: between(scene, painted))

    def local_piece(self, voxel: Zyx) -> Working:
        """Give the piece at ``voxel`` a threshold of its own, to be set and then applied."""
        question = object()
        yield Asked("tool", question, "Finding the piece …")
        yield Answer("tool", question, local_piece(self._scene(), voxel))

    def fit_wall(self, voxel: Zyx) -> Working:
        """Fit the wall of the vessel at ``voxel`` to the image, to be moved and then applied."""
        question = object()
        yield Asked("tool", question, "Fitting the wall …")
        yield Answer("tool", question, fit_wall(self._scene(), voxel))

    def apply_local(self) -> Working:
        """Keep what the local threshold shows, as one stroke."""
        local = self.local_threshold
        if local is None:
            raise CallerError("No threshold is being set: draw a box, or click a piece first.")
        yield from self._covering("Keeping …", lambda scene: applied(scene, local), local=True)

    def accept_box(self, box: Box, what: str, *, learned: bool = True) -> Working:
        """Mark ``box`` as reviewed, as it is shown: ``what`` it is, in words.

        A slice, or a window of one, is told to who improves the slices around, unless nothing may
        be ``learned`` from it, as from the audit set.

        Raises
        ------
        CallerError
            A proposal of it is still being made, so what is shown is not final.
        """
        question, work, scene = object(), self._open_now(), self._scene()
        yield Asked("tool", question, f"Accepting {what} …")
        place = box.shifted(scene.labels.region.start)
        if work.view.awaited_in(place):
            raise CallerError(
                f"Of {what} not all is predicted yet: accept it when the prediction is done, "
                "or cancel that."
            )
        work.made_project()
        shown = _slabs(scene, box)
        changed = work.corrections.cover(shown, "accept", accepted=True)
        accepted = slice_of(place) if learned else None
        yield Answer("tool", question, ToolDone(changed, f"Accepted {what}.", accepted=accepted))

    def next_unreviewed(self, plane: Plane, index: int) -> Working:
        """Find the next slice of ``plane`` after ``index`` that is not reviewed all over."""
        question = object()
        yield Asked("tool", question, "Looking for what is not reviewed …")
        for found in next_unreviewed(self._scene(), plane, index):
            yield Answer("tool", question, found)

    # -- at once ---------------------------------------------------------------

    @property
    def local_threshold(self) -> LocalThreshold | None:
        """The local threshold that is being set."""
        return self._work.view.local if self._work else None

    def begin_local(self, box: Box) -> None:
        """Give ``box`` a threshold of its own, to be set and then applied."""
        scene = self._scene()
        inside = box.intersection(scene.bounds)
        if inside is None:
            raise CallerError("The box lies outside of the region: draw it inside.")
        where = np.ones(inside.shape, np.bool_)
        edges = " × ".join(map(str, inside.shape))
        self._show_local(LocalThreshold(inside, where, self.threshold, f"a box of {edges} voxels"))

    def set_local(self, threshold: float) -> None:
        """Show what the local threshold would make; nothing is kept yet."""
        local = self.local_threshold
        if local is not None and threshold != local.threshold:
            self._show_local(local.at(threshold))

    def drop_local(self) -> None:
        """Show everything at the one threshold again; nothing was kept."""
        self._show_local(None)

    def paint(self, box: Box, mask: NDArray[np.bool_], value: int) -> None:
        """Paint what the brush covered, ``mask`` of ``box`` in region voxels; 0 erases."""
        super().paint(box, mask, value)
        for plane in Plane:
            if value and self._plane is plane and box.shape[plane.normal] == 1:
                self._painted.note(plane, box.shifted(self.region.start), mask)

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        """Begin a stroke: all that is painted until it ends is one step to undo."""
        super().begin_stroke(tool, plane)
        self._plane = plane

    def ended_by(self, opened: Opened) -> tuple[ActivityName, ...]:
        """Return the activities that make no sense any more once ``opened`` is shown."""
        return (*super().ended_by(opened), "tool")

    def seen_slice(self, plane: Plane, index: int) -> SeenSlice:
        """Read what slice ``index`` shows to the vessel brush; on a worker's thread."""
        return seen_slice(self._open_now(), plane, index, self.tool_config.brush_depth)

    def brush_mask(self, seen: SeenSlice, stamp: Stamp, like: Likeness) -> NDArray[np.bool_]:
        """Return what of a brush's stamp belongs to what the stroke began on; at once."""
        at = (slice(None), stamp.rows, stamp.columns)
        seen_there = seen.intensity[at], self._in_slab(seen)[at]
        tolerance = self.tool_config.tolerance
        return belonging(*seen_there, stamp.ball, stamp.core, like, tolerance)

    def likeness(self, seen: SeenSlice, at: tuple[int, int]) -> Likeness:
        """Return what a slice shows at a pixel: what a stroke begins on."""
        middle = seen.index - seen.first
        return likeness_at(seen.intensity[middle], self._in_slab(seen)[middle], at)

    def reviewed_map(self) -> ReviewedMap | None:
        """Return where the region is reviewed, as an array that reads the corrections."""
        work = self._work
        return ReviewedMap(work.corrections, work.region) if work else None

    # -- inside ----------------------------------------------------------------

    _plane: Plane | None = None

    def _install(self, opened: Opened) -> None:
        self._painted = PaintedSlices()
        super()._install(opened)

    def _in_slab(self, seen: SeenSlice) -> NDArray[np.uint8]:
        box = slab_of(seen.region, seen.plane, seen.index, seen.depth)
        return np.moveaxis(self._open_now().view.probability(box), seen.plane.normal, 0)

    def _scene(self) -> Scene:
        work = self._open_now()
        size, start = work.opened.volume.voxel_size, work.region.start

        def brightness(box: Box) -> NDArray[np.float32]:
            opened = work.opened
            return opened.window.apply(opened.volume.read(box.shifted(start)))

        return Scene(work.labels, work.view, size, self.tool_config, brightness)

    def _covering(
        self, sentence: str, find: Callable[[Scene], Cover | Nothing], *, local: bool = False
    ) -> Working:
        """Find what a tool covers, and write it unless the person cancels meanwhile."""
        question, work = object(), self._open_now()
        yield Asked("tool", question, sentence)
        scene = self._scene()
        found = find(scene)
        yield Answer("tool", question, None)
        if isinstance(found, Nothing):
            yield Answer("tool", question, found)
        else:
            yield Answer("tool", question, _written(work, scene, found, local=local))

    def _step(self, kind: Literal["undo", "redo"]) -> Box | None:
        if self._running("tool"):
            raise CallerError("A tool is at work: wait until it is done, or cancel it.")
        return super()._step(kind)

    def _show_answer(self, answer: Answer) -> None:
        event: Any = answer.event
        if isinstance(event, ToolDone):
            self._finish_tool(event)
        elif isinstance(event, Nothing):
            self._show(Activity("tool", "done", event.sentence, 1.0))
        elif isinstance(event, Found):
            self.events.found.emit(event)
            self._show(Activity("tool", "done", event.sentence, 1.0))
        elif isinstance(event, LocalThreshold):
            self._show_local(event)
            self._show(Activity("tool", "done", event.sentence, 1.0))
        else:
            super()._show_answer(answer)

    def _finish_tool(self, done: ToolDone) -> None:
        if done.applied_local and self._work:
            self._work.view.local = None
            self.events.local.emit(None)
        if done.box is not None:
            self._changed(done.box)
        if done.accepted is not None:
            self.events.accepted.emit(*done.accepted)
        self._show(Activity("tool", "done", done.sentence, 1.0))

    def _show_local(self, local: LocalThreshold | None) -> None:
        work = self._open_now()
        before, work.view.local = work.view.local, local
        for each in {id(each): each for each in (before, local) if each is not None}.values():
            self.events.shown.emit(each.box.shifted(work.region.start))
        self.events.local.emit(local)


def _written(work: Workspace, scene: Scene, cover: Cover, *, local: bool) -> ToolDone:
    work.made_project()
    box = cover.box.shifted(scene.labels.region.start)  # the view may have moved on meanwhile
    changed = work.corrections.cover([(box, cover.mask, cover.vessel)], cover.tool, cover.plane)
    return ToolDone(changed, cover.sentence, applied_local=local)


def _slabs(scene: Scene, box: Box) -> Iterator[tuple[Box, Any, Any]]:
    """Cut ``box`` into slabs as they are shown, so that memory stays bounded."""
    for slab in box.cells((_SLAB, *box.stop[1:])):
        everywhere = np.ones(slab.shape, np.bool_)
        yield slab.shifted(scene.labels.region.start), everywhere, scene.shown(slab)
