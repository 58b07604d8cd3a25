"""The places of the queue on the image: numbered rings, and diamonds for the audit set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.layers import Points
from qtpy.QtCore import QObject

from napari_vessel.annotation import Place
from napari_vessel.geometry import Box
from napari_vessel.widgets._placing import mask_placed
from napari_vessel.widgets._viewer import ViewerLink

__all__ = ["QueueLayer"]

_NAME = "Where next"
_NEARBY = 3  # slices before and behind in which a mark is seen, smaller
_SIZE = 24  # voxels of the finest edge: a ring, so that what it marks stays visible
_ABOVE = np.array([0, -_SIZE / 2, 0])
_QUEUE, _AUDIT = "#ffb02e", "#6fd3ff"


@dataclass(frozen=True, slots=True)
class _Ring:
    """One mark: where (volume voxels), how large, and what is written beside it."""

    point: tuple[float, float, float]
    size: float
    text: str
    normal: int

    @classmethod
    def of(cls, place: Place, text: str) -> _Ring:
        return cls(place.at, _SIZE, text, place.plane.normal)

    def with_neighbours(self) -> Iterator[_Ring]:
        """Yield the mark, and smaller ones in the slices before and behind: it comes in sight."""
        for step in range(-_NEARBY, _NEARBY + 1):
            point = list(self.point)
            point[self.normal] += step
            z, y, x = point
            yield replace(self, point=(z, y, x), size=self.size * (1 - abs(step) / (_NEARBY + 1)))


class QueueLayer(QObject):
    """Draws a mark where each place's error shows most, seen in the slices around it too.

    Parameters
    ----------
    link
        The viewer, and what is open in it.
    """

    def __init__(self, link: ViewerLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: Points | None = None
        self._link = link
        link.viewer.layers.events.removed.connect(self._on_removed)
        link.closing.append(self.close)

    def show(self, places: Sequence[Place], audit: Sequence[Place]) -> None:
        """Mark ``places``, numbered, and the windows of the audit set; none: no layer."""
        image = self._link.image
        self.clear()
        if image is None or not (places or audit):
            return
        numbers = [str(at + 1) for at in range(len(places))] + ["audit"] * len(audit)
        rings = [_Ring.of(*named) for named in zip((*places, *audit), numbers, strict=True)]
        nearby = [ring for each in rings for ring in each.with_neighbours()]
        layer = Points(
            np.array([ring.point for ring in nearby], float),
            ndim=3,
            name=_NAME,
            symbol=["diamond" if ring.text == "audit" else "disc" for ring in nearby],
            size=np.array([ring.size for ring in nearby], float),
            face_color="transparent",
            border_color=[_AUDIT if ring.text == "audit" else _QUEUE for ring in nearby],
            border_width=0.05,
            text={
                "string": [ring.text for ring in nearby],
                "color": "white",
                "size": 9,
                "translation": _ABOVE,
            },
            **mask_placed(image, Box.of((1, 1, 1))),
        )
        layer.editable = False
        layers = self._link.viewer.layers
        active = layers.selection.active
        layers.append(layer)
        layers.selection.active = active  # the brush stays in the hand
        self.layer = layer

    def clear(self) -> None:
        """Take the marks away."""
        layer, self.layer = self.layer, None
        layers = self._link.viewer.layers
        if layer is not None and layer in layers:
            active = layers.selection.active
            layers.remove(layer)
            if active in layers:
                layers.selection.active = active

    def close(self) -> None:
        """Let go of the viewer."""
        self._link.viewer.layers.events.removed.disconnect(self._on_removed)
        self.clear()

    def _on_removed(self, event: Any) -> None:  # noqa: ANN401  napari's event
        if event.value is self.layer:
            self.layer = None
