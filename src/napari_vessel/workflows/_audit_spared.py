"""Nothing learns from the audit set: a training sees its windows as if nobody had looked there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_vessel.annotation import UNTOUCHED, Overlay
from napari_vessel.geometry import Box, Zyx
from napari_vessel.project import Project, ReviewRecords
from napari_vessel.training import Reviewed

__all__ = ["audit_spared", "spare_audit"]


def spare_audit(project: Project, overlay: Overlay) -> Overlay:
    """Blank the audit set, with its guard, in an overlay that only a training holds; return it.

    The journals, and what any viewer shows, stay as they are.
    """
    for box in _guarded(project, overlay):
        overlay.write(box, np.ones(box.shape, np.bool_), UNTOUCHED)
    return overlay


def audit_spared(project: Project, overlay: Reviewed) -> Reviewed:
    """Return corrections as :func:`spare_audit` leaves them, and leave ``overlay`` as it is.

    For one that a viewer shows, or of which what is reviewed has to be known, too.
    """
    guarded = _guarded(project, overlay)
    return _Spared(overlay, guarded) if guarded else overlay


def _guarded(project: Project, overlay: Reviewed) -> tuple[Box, ...]:
    """Return the windows of the audit set with their guard, clipped to the volume."""
    audit, whole = ReviewRecords(project.path).audit(), Box.of(overlay.shape)
    boxes = [box.intersection(whole) for box in audit.guarded] if audit else []
    return tuple(box for box in boxes if box is not None)


@dataclass(frozen=True, slots=True)
class _Spared:
    """Corrections, read-only and as they are at each reading, but for some boxes."""

    overlay: Reviewed
    guarded: tuple[Box, ...]

    @property
    def shape(self) -> Zyx:
        return self.overlay.shape

    def boxes(self) -> list[Box]:
        return self.overlay.boxes()

    def read(self, box: Box) -> NDArray[np.uint8]:
        codes = self.overlay.read(box)
        for guarded in self.guarded:
            both = guarded.intersection(box)
            if both is not None:
                codes[both.relative_to(box).slices] = UNTOUCHED
        return codes
