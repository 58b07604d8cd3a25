"""In which two slices a hand painted vessel last: in this session, or in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from napari_vessel.annotation import ACCEPTED, VESSEL, Strokes, label_state
from napari_vessel.geometry import Box, Plane
from napari_vessel.session._tool_values import Mask, Scene

__all__ = ["PaintedSlices", "remembered"]

_LOOKED_AT = 2000  # strokes before the last one in which a painted slice is looked for
_HAND = frozenset({"paint", "vessel brush", "fill", "polygon"})  # tools that draw an outline


@dataclass(slots=True)
class PaintedSlices:
    """The last two slices in which a hand painted vessel, and where."""

    plane: Plane | None = None
    slices: dict[int, list[tuple[Box, Mask]]] = field(default_factory=dict)

    def note(self, plane: Plane, box: Box, mask: Mask) -> None:
        """Note what was painted as vessel in one slice (volume voxels)."""
        if plane is not self.plane:
            self.plane = plane
            self.slices.clear()
        index = box.start[plane.normal]
        self.slices[index] = [*self.slices.pop(index, []), (box, mask)]
        for old in list(self.slices)[:-2]:
            del self.slices[old]


def remembered(scene: Scene, painted: PaintedSlices) -> PaintedSlices:
    """Return the last two slices that were painted, the journal's where the session has fewer.

    Slices of strokes that were undone or muted do not count, nor those outside of the region.
    """
    if len(painted.slices) >= 2:
        return painted
    found = PaintedSlices(painted.plane, dict(painted.slices))
    for plane, box in _from_journal(scene, scene.labels.corrections.strokes):
        index = box.start[plane.normal]
        if found.plane not in (None, plane) or (index in painted.slices):
            continue
        mask = _painted_in(scene, box)
        if mask.any():
            found.plane = plane
            found.slices.setdefault(index, []).append((box, mask))
        if len(found.slices) == 2:
            break
    return found


def _from_journal(scene: Scene, strokes: Strokes) -> Iterator[tuple[Plane, Box]]:
    """Yield plane and box (volume voxels) of strokes that drew in one slice, newest first."""
    for number in strokes.numbers()[: -_LOOKED_AT - 1 : -1]:
        stroke = strokes[number]
        plane = stroke.plane
        if plane is None or stroke.tool not in _HAND or stroke.state != "shown":
            continue
        inside = stroke.box.intersection(scene.labels.region)
        if inside is not None and inside.shape[plane.normal] == 1:
            yield plane, inside


def _painted_in(scene: Scene, box: Box) -> Mask:
    """Return what of a box (volume voxels) is vessel by a hand that painted it."""
    codes = scene.labels.corrections.overlay.read(box)
    painted: Mask = (label_state(codes) == VESSEL) & ((codes & ACCEPTED) == 0)
    return painted
