"""A simulated person: sees what is wrong in a slice, mends it with a brush, and takes time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field

from napari_vessel.annotation import EditableLabels, Place
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box
from napari_vessel.session import Session
from napari_vessel.simulate._annotator import drive
from napari_vessel.simulate._strokes import Mask, Piece, drawn_by_hand, pieces_of

__all__ = ["PERFECT", "Person", "PersonConfig", "Worked"]


class PersonConfig(BaseModel, frozen=True, extra="forbid"):
    """How a person works; lengths in voxels of the slice, times in seconds."""

    look_s: float = Field(4.0, ge=0, description="To look a slice over.")
    pixel_s: float = Field(1e-4, ge=0, description="More for each of its pixels.")
    go_s: float = Field(1.5, ge=0, description="To go to the next place.")
    aim_s: float = Field(0.7, ge=0, description="Before each stroke, with the brush's size set.")
    brush_px_s: float = Field(40.0, gt=0, description="Of the brush's way in a second.")
    largest_brush: int = Field(15, ge=1, description="Diameter; wider pieces take several passes.")
    accept_s: float = Field(1.0, ge=0, description="To accept a slice.")
    pause_every_s: float = Field(60.0, gt=0, description="Of work between two pauses, on average.")
    pause_s: float = Field(6.0, ge=0, description="A pause, on average.")
    edge_px: float = Field(0.5, ge=0, description="How far off the drawn edges are, on average.")
    wall_px: float = Field(1.0, ge=0, description="Errors no farther from the wall are left.")
    least_piece: int = Field(3, ge=1, description="Pixels of the smallest error that is seen.")
    seed: int = Field(0, ge=0, description="Of edges and pauses.")


PERFECT = PersonConfig(edge_px=0, wall_px=0, least_piece=1, pause_s=0)
"""Sees all and draws exactly."""


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
        self.seconds = 0.0
        self._rng = np.random.default_rng(config.seed)
        self._until_pause = self._rng.exponential(config.pause_every_s)

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
        seconds = self._timed(box.size, path, len(pieces))
        self.seconds += seconds
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

    def _timed(self, pixels: int, path_px: float, strokes: int) -> float:
        config = self.config
        work = config.go_s + config.look_s + config.pixel_s * pixels + config.accept_s
        work += config.aim_s * strokes + path_px / config.brush_px_s
        pauses = 0.0
        self._until_pause -= work
        while self._until_pause <= 0:
            self._until_pause += self._rng.exponential(config.pause_every_s) + 1e-3
            pauses += float(self._rng.exponential(config.pause_s)) if config.pause_s else 0.0
        return work + pauses
