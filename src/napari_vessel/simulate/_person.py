"""A simulated person: sees what is wrong in a slice, mends it with a brush, and takes time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_vessel.annotation import EditableLabels, Place
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.simulate._annotator import drive
from napari_vessel.simulate._pace import Pace, PersonConfig
from napari_vessel.simulate._strokes import Mask, Piece, drawn_by_hand, pieces_of

__all__ = ["Person", "Worked"]


@dataclass(frozen=True, slots=True)
class Worked:
    """What correcting a place took: seconds, strokes, the brush's way (pixels), wrong voxels."""

    seconds: float
    strokes: int
    path_px: float
    wrong: int


class Person:
    """Corrects places of a session's region by a truth of the volume's shape.

    Parameters
    ----------
    session
        What is open; all goes through it, as with a person's hand.
    truth
        Of the volume's shape.
    config
        How fast and how well they work.
    """

    def __init__(self, session: Session, truth: Mask, config: PersonConfig) -> None:
        self.session, self.truth, self.config = session, truth, config
        self.pace = Pace(config)
        self._rng = np.random.default_rng(config.seed)

    @property
    def seconds(self) -> float:
        """What all of it took so far."""
        return self.pace.seconds

    def correct(self, place: Place) -> Worked:
        """Mend what is wrong in a place, accept it, and tell what that took."""
        box, normal = place.box, place.plane.normal
        at = box.relative_to(self.session.region)
        shown = (self._labels()[at.slices] != 0).squeeze(normal)
        truth = self.truth[box.slices].squeeze(normal)
        pieces = list(self._seen(shown, truth))
        for piece in pieces:
            self._stroke(place, at, piece)
        self._accept(place, at)
        path = sum(piece.path_px(self.config.largest_brush) for piece in pieces)
        seconds = self.pace.time_of(box.size, path, len(pieces))
        return Worked(seconds, len(pieces), path, int(np.count_nonzero(shown != truth)))

    def _labels(self) -> EditableLabels:
        if self.session.labels is None:
            raise VesselError("Nothing is open: open a volume, then let the person correct it.")
        return self.session.labels

    def _seen(self, shown: Mask, truth: Mask) -> Iterator[Piece]:
        """Yield what they will mend: first what is missing, then what is too much."""
        config = self.config
        drawn = drawn_by_hand(truth, config.edge_px, self._rng)
        least = (config.least_piece, config.wall_px)
        yield from pieces_of(drawn & ~shown, truth, *least, value=1)
        yield from pieces_of(shown & ~drawn, truth, *least, value=0)

    def _stroke(self, place: Place, at: Box, piece: Piece) -> None:
        mask = np.expand_dims(piece.mask, place.plane.normal)
        start = list(at.start)
        axes = [axis for axis in range(3) if axis != place.plane.normal]
        for axis, offset in zip(axes, piece.corner, strict=True):
            start[axis] += offset
        stop = [a + n for a, n in zip(start, mask.shape, strict=True)]
        box = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
        self.session.begin_stroke("paint" if piece.value else "erase", place.plane)
        self.session.paint(box, mask, piece.value)
        self.session.end_stroke()

    def _accept(self, place: Place, at: Box) -> None:
        session = self.session
        if place.box == session.region.slice_at(place.plane, place.index):
            session.accept_slice(place.plane, place.index)
        else:
            list(drive(session, "tool", session.accept_box(at, "a place")))
