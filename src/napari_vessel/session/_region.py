"""The region of a volume larger than memory: moved by whoever looks elsewhere."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import EditableLabels
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.project import Proposal
from napari_vessel.session._disagreement import DisagreementMap
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._opening import REGION_VOXELS, box_around
from napari_vessel.session._overview import Overview
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.session._values import Activity, Answer, Asked, Opened
from napari_vessel.session._workspace import Workspace
from napari_vessel.workflows import Progress

__all__ = ["Looked", "Moved", "SessionRegion", "region_for"]

_PIECE: Zyx = (64, 256, 256)
_TOLD = 16  # words of progress for one move


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """What moving the region to ``box`` (volume voxels) brought, ready to be shown."""

    box: Box
    probability: np.ndarray
    proposal: Proposal | None
    asked_of: Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A part of the overview (``box``, volume voxels) was made: look there again."""

    box: Box


Moving = Generator[Asked | Answer | Moved, None, None]


def region_for(box: Box, shape: Zyx) -> Box:
    """Return the part of ``box`` inside a volume of ``shape``, if a region may be as large.

    Raises
    ------
    CallerError
        It lies outside, or holds more voxels than a region may.
    """
    inside = box.intersection(Box.of(shape))
    if inside is None:
        raise CallerError(f"Box {box} lies outside of the volume, which has {shape} voxels.")
    if inside.size > REGION_VOXELS:
        edges = " × ".join(str(edge) for edge in inside.shape)
        raise CallerError(
            f"A region of {edges} = {prod(inside.shape):,} voxels is too large: at most "
            f"{REGION_VOXELS:,} are open at full resolution. Draw a smaller box, or fewer slices."
        )
    return inside


class SessionRegion(SessionHand):
    """Moves the region, and looks over what lies outside of it."""

    _overview: Overview | None = None

    @property
    def is_partial(self) -> bool:
        """Whether something of the volume lies outside of the region."""
        opened = self.opened
        return opened is not None and opened.region.shape != opened.volume.shape

    @property
    def overview(self) -> Overview | None:
        """The mask outside of the region, at every coarseness, for looking; None: no outside."""
        work = self._work
        if work is None or not self.is_partial:
            return None
        if self._overview is None:
            self._overview = Overview(
                work.corrections.overlay, _proposal(work), work.view.threshold, work.region
            )
        return self._overview

    def region_around(self, point: tuple[float, ...]) -> Box:
        """Return the largest region around ``point`` (volume voxels)."""
        whole = Box.of(self._open_now().opened.volume.shape)
        return box_around(tuple(int(p) for p in point), whole)

    def region_holds(self, point: tuple[float, ...]) -> bool:
        """Tell whether ``point`` (volume voxels) is open at full resolution."""
        return all(
            a <= p < b for p, a, b in zip(point, self.region.start, self.region.stop, strict=True)
        )

    # -- long: generators for a worker's thread --------------------------------

    def move_region(self, box: Box) -> Moving:
        """Open ``box`` (volume voxels) at full resolution, in place of what is open now.

        What is painted is on the disk first; painting goes on meanwhile, in the old region. A
        prediction that is under way ends: what it did is kept.

        Raises
        ------
        CallerError
            Nothing is open, or the box lies outside, or is too large.
        """
        work = self._open_now()
        box = region_for(box, work.opened.volume.shape)
        yield Asked("region", box, f"Opening {box} at full resolution …")
        work.flush()
        proposal = _proposal(work)
        probability = np.zeros(box.shape, np.uint8)
        for done, total in _read(proposal, box, probability):
            yield Answer("region", box, Progress(done, total, "pieces", f"Reading {box} …"))
        work.keep_setting(region=box)
        yield Moved(box, probability, proposal, work)

    def look_over(self) -> Generator[Looked, None, None]:
        """Make the parts of the overview that were looked at and are not known yet."""
        overview = self._overview
        if overview is not None:
            for box in overview.make():
                yield Looked(box)

    # -- on the session's thread -----------------------------------------------

    def refresh_overview(self) -> None:
        """Make the overview anew where corrections or proposal have changed since."""
        if self._work is not None:
            self._look_anew(self._work, _proposal(self._work))

    def deliver(self, event: Asked | Answer | Opened | Moved | Looked) -> None:
        """Show what arrived; see :meth:`SessionDelivery.deliver`."""
        if isinstance(event, Moved):
            self._move(event)
        elif isinstance(event, Looked):
            self.events.overview.emit(event.box)
        else:
            if isinstance(event, Opened):
                self._overview = None
            elif isinstance(event, Asked) and event.name == "region":
                self._end_prediction()
            super().deliver(event)

    def _look_anew(self, work: Workspace, proposal: Proposal | None) -> None:
        if self._overview is not None:
            self._overview.show(proposal, work.view.threshold, work.region)
            self.events.overview.emit(None)

    def paint(self, box: Box, mask: NDArray[np.bool_], value: int) -> None:
        """Paint what the brush covered; see :meth:`SessionHand.paint`."""
        super().paint(box, mask, value)
        self.events.painted.emit(box.shifted(self.region.start))

    def _changed(self, box: Box) -> Box:
        if self._overview is not None:  # an undo may reach where the region was before
            self._overview.changed(box)
            self.events.overview.emit(box)
        return super()._changed(box)

    def _end_prediction(self) -> None:
        """Show no more of a prediction that began in another region."""
        if self._running("predict"):
            self._stop("predict", "cancelled", "Ended: the region moves. What was done is kept.")

    def _move(self, moved: Moved) -> None:
        work = self._work
        asked = self._questions.get("region")
        if work is None or work is not moved.asked_of or asked is not moved.box:
            return  # another volume was opened, or another move asked for, meanwhile
        self.end_stroke()
        self._held.clear()
        if work.view.local is not None:
            self.events.local.emit(None)  # it was of the old region
        _install(work, moved)
        self._questions.pop("region")
        self._look_anew(work, moved.proposal)
        self._show(Activity("region", "done", f"{moved.box} is open at full resolution.", 1.0))
        self.events.opened.emit()


def _install(work: Workspace, moved: Moved) -> None:
    """Let a workspace show another region of what it has open; corrections stay as they are."""
    threshold, region = work.view.threshold, moved.box
    work.opened = replace(
        work.opened,
        region=region,
        probability=moved.probability,
        proposal=moved.proposal,
        project=work.project,
        threshold=threshold,
    )
    work.view = ProposalView(region, moved.probability, threshold)
    work.disagreement = DisagreementMap(region, moved.proposal)
    work.labels = EditableLabels(work.corrections, region, work.view.mask)
    work.cleaned = moved.proposal is None or moved.proposal.is_cleaned


def _proposal(work: Workspace) -> Proposal | None:
    return work.project.open_proposal() if work.project else None


def _read(proposal: Proposal | None, box: Box, into: np.ndarray) -> Iterator[tuple[int, int]]:
    """Read what ``proposal`` shows of ``box``, piece by piece; tell how far it is."""
    layers = [layer.region for layer in proposal.layers] if proposal else []
    pieces = [p for p in box.cells(_PIECE) if any(layer.intersection(p) for layer in layers)]
    step = max(len(pieces) // _TOLD, 1)
    for done, piece in enumerate(pieces, start=1):
        if proposal is not None:
            into[piece.relative_to(box).slices] = proposal.probability(piece)
        if done % step == 0:
            yield done, len(pieces)
