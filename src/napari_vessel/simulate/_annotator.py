"""A person of perfect sight: paints what the proposal missed, erases what it invented, accepts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane
from napari_vessel.session import ActivityName, Answer, Session


def drive(session: Session, name: ActivityName, work: Iterator[Any]) -> Iterator[Any]:
    """Do on one thread what a viewer does on two: deliver each event, yield what was answered.

    An error is told to the session, and raised.
    """
    try:
        for event in work:
            session.deliver(event)
            yield event.event if isinstance(event, Answer) else event
    except Exception as error:
        session.failed(name, error)
        raise


def evenly_spaced(length: int, count: int) -> tuple[int, ...]:
    """Choose ``count`` slices in the middles of equal parts.

    >>> evenly_spaced(96, 3)
    (16, 48, 80)
    """
    return tuple(int((i + 0.5) * length / count) for i in range(count))


@dataclass(frozen=True)
class Annotator:
    """Corrects slices of a session's region by a truth of the volume's shape."""

    session: Session
    truth: NDArray[np.bool_]

    def correct_slice(self, plane: Plane, index: int) -> int:
        """Correct all errors of a slice (volume voxels), accept it, return how many voxels."""
        box = self.session.region.slice_at(plane, index)
        place = box.relative_to(self.session.region)
        shown = np.asarray(self._labels()[place.slices]) != 0
        truth = self.truth[box.slices]
        self._stroke("paint", plane, place, truth & ~shown, 1)
        self._stroke("erase", plane, place, shown & ~truth, 0)
        self.session.accept_slice(plane, index)
        return int(np.count_nonzero(truth != shown))

    def _labels(self) -> Any:  # noqa: ANN401  an array-like
        return self.session.labels

    def _stroke(
        self, tool: str, plane: Plane, box: Box, mask: NDArray[np.bool_], value: int
    ) -> None:
        if not mask.any():
            return
        self.session.begin_stroke(tool, plane)
        self.session.paint(box, mask, value)
        self.session.end_stroke()
