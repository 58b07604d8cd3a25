"""Nothing learns from the audit set: a training sees its windows as if nobody had looked there."""

from __future__ import annotations

import numpy as np

from napari_vessel.annotation import UNTOUCHED, Overlay
from napari_vessel.geometry import Box
from napari_vessel.project import Project, ReviewRecords


def spare_audit(project: Project, overlay: Overlay) -> Overlay:
    """Blank the audit set, with its guard, in an overlay that only a training holds; return it.

    The journals, and what any viewer shows, stay as they are.
    """
    audit = ReviewRecords(project.path).audit()
    for guarded in audit.guarded if audit else ():
        box = guarded.intersection(Box.of(overlay.shape))
        if box is not None:
            overlay.write(box, np.ones(box.shape, np.bool_), UNTOUCHED)
    return overlay
