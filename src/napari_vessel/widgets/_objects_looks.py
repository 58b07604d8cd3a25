"""How objects look: class as colour and symbol, certainty as opacity, a label as an edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from napari.layers import Points
from numpy.typing import NDArray

from napari_vessel.session import Objects

__all__ = ["UNKNOWN", "Looks", "colour_of", "looks_of", "marker_size", "wear"]

_SAID_EDGE, _PLAIN_EDGE, _UNKNOWN_EDGE = (1.0, 1.0, 1.0, 1.0), 0.06, (0.85, 0.85, 0.85, 0.9)
_FAINT, _SAID_OPACITY = 0.12, 0.85
_UNSURE_SIZE = 0.7  # of the marker that a classifier is not sure of at all

UNKNOWN = "disc"
"""The symbol of what nobody and nothing has classified."""


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """One value for each object, as napari's points take them; sizes in voxels."""

    face: NDArray[np.float64]
    border: NDArray[np.float64]
    border_width: NDArray[np.float64]
    symbol: NDArray[np.object_]
    size: NDArray[np.float64]


def colour_of(text: str) -> tuple[float, float, float, float]:
    """Read a colour.

    >>> colour_of("#ff0080")
    (1.0, 0.0, 0.5019607843137255, 1.0)
    """
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, 1.0


def marker_size(objects: Objects) -> float:
    """Return how large a marker is, in voxels: so that the object under it can be seen."""
    edges = objects.config.crop.edges(objects.opened.volume)
    return max(max(edges) / 3, 2.0)


def looks_of(objects: Objects) -> Looks:
    """Return how each object looks.

    What a person said is filled, with a white edge, of full size. What a classifier said is as
    opaque and as large as the classifier is sure, with a thin edge of the class's colour. What
    neither has classified is an empty grey ring.
    """
    book, size = objects.book, marker_size(objects)
    said, predicted = book.said(), book.predicted()
    shown = np.where(said >= 0, said, predicted)
    colours = np.array([*(colour_of(c.colour) for c in book.classes), _UNKNOWN_EDGE])
    symbols = np.array([*(c.symbol for c in book.classes), UNKNOWN], object)
    sure = np.where(said >= 0, 1.0, np.nan_to_num(book.certainty()))
    face, border = colours[shown].copy(), colours[shown].copy()
    face[:, 3] = np.where(said >= 0, _SAID_OPACITY, _FAINT + (0.75 - _FAINT) * sure)
    face[shown < 0, 3] = 0
    border[said >= 0] = _SAID_EDGE
    return Looks(
        face=face,
        border=border,
        border_width=np.where(said >= 0, 2 * _PLAIN_EDGE, _PLAIN_EDGE),
        symbol=symbols[shown],
        size=size * np.where(shown < 0, 1.0, _UNSURE_SIZE + (1 - _UNSURE_SIZE) * sure),
    )


def wear(layer: Points, looks: Looks) -> None:
    """Let all points of a layer look so."""
    layer.face_color = looks.face
    layer.border_color = looks.border
    layer.symbol = looks.symbol
    layer.size = looks.size
    layer.border_width = looks.border_width
