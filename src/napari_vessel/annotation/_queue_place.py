"""A place to correct: a slice, or a window of one, and what it is expected to bring and to take."""

from __future__ import annotations

from dataclasses import dataclass

from napari_vessel.annotation._queue_config import QueueConfig
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, Zyx

__all__ = ["Place", "work_seconds"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the review queue.

    Attributes
    ----------
    plane, box
        A slice or a window of it, one voxel thick, in volume voxels.
    wrong
        Voxels in it that are expected to be wrong.
    gain
        The same, less what corrections nearby have taught already.
    seconds
        What correcting it is expected to take, without going there.
    point
        Where in it the error shows most, in volume voxels; None: not looked yet.
    """

    plane: Plane
    box: Box
    wrong: float = 0.0
    gain: float = 0.0
    seconds: float = 0.0
    point: Zyx | None = None

    @property
    def id(self) -> str:
        """Name the place; the same as long as its box is.

        >>> Place(Plane.XZ, Box((0, 5, 0), (8, 6, 9))).id
        'xz 0:8,5:6,0:9'
        """
        return f"{self.plane.value} {self.box}"

    @property
    def index(self) -> int:
        """The slice's index in the volume."""
        return self.box.start[self.plane.normal]

    @property
    def at(self) -> tuple[float, float, float]:
        """Where to look: where the error shows most, else the middle."""
        if self.point is None:
            return self.box.centre
        z, y, x = self.point
        return float(z), float(y), float(x)

    @classmethod
    def of(cls, text: str) -> Place:
        """Read what :attr:`id` gave.

        Raises
        ------
        CallerError
            It is no place.
        """
        plane, _, box = text.partition(" ")
        try:
            return cls(Plane(plane), Box.parse(box))
        except ValueError as error:
            raise CallerError(f"Place {text!r}: expected a plane and a box.") from error


def work_seconds(wrong: float, pixels: int, config: QueueConfig) -> float:
    """Return what looking a place over and mending its voxels is expected to take."""
    return config.look_s + config.pixel_s * pixels + config.wrong_s * wrong
