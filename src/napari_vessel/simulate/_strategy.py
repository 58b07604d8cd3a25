"""In which order a simulated person corrects: as the queue says, at random, or evenly spaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from napari_vessel.annotation import Place, cells_of
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Plane
from napari_vessel.session import Session
from napari_vessel.simulate._annotator import drive, evenly_spaced
from napari_vessel.workflows import Focus

__all__ = ["Strategy", "places_in_order"]

Strategy = Literal["queue", "random", "even"]


def places_in_order(session: Session, strategy: Strategy, count: int, seed: int) -> Iterator[Place]:
    """Yield places of a session's region, at most ``count``; no place twice.

    ``random`` and ``even`` take XY slices, of a region that is wider than a place windows of
    them, evenly spaced ones so that the first few are spread too. ``queue`` asks anew before
    each place, so that it follows the proposal in view.
    """
    if strategy == "queue":
        yield from _by_queue(session, count)
        return
    volume = session.volume
    if volume is None:
        raise VesselError("The volume is not open.")
    cells = cells_of(session.region, volume.shape, session.queue_config.window)
    slices = [
        Place(Plane.XY, cell.slice_at(Plane.XY, z))
        for cell in cells
        for z in range(cell.start[0], cell.stop[0])
    ]
    if strategy == "even":
        chosen = list(dict.fromkeys(evenly_spaced(len(slices), min(count, len(slices)))))
        yield from (slices[chosen[at]] for at in _spread_first(len(chosen)))
    else:
        order = np.random.default_rng(seed).permutation(len(slices))
        yield from (slices[at] for at in order[:count].tolist())


def _by_queue(session: Session, count: int) -> Iterator[Place]:
    focus: Focus | None = None
    done: set[str] = set()
    while len(done) < count:
        list(drive(session, "queue", session.find_places(focus)))
        places = session.queue.places if session.queue else ()
        place = next((place for place in places if place.id not in done), None)
        if place is None:
            return  # the network is sure of all the rest
        done.add(place.id)
        focus = Focus(place.at, place.plane)
        yield place


def _spread_first(count: int) -> list[int]:
    """Return 0 to ``count`` - 1, each far from those before it: by their bits reversed.

    After van der Corput (1935), whose sequence leaves no large gap at any time.
    """
    bits = max(count - 1, 1).bit_length()
    return sorted(range(count), key=lambda at: f"{at:0{bits}b}"[::-1])
