"""A project's corrections as a workflow reads them: whoever waits for it is heard meanwhile."""

from __future__ import annotations

from napari_vessel.annotation import Corrections
from napari_vessel.inference import breathe
from napari_vessel.project import Project, corrections_places

__all__ = ["read_corrections"]


def read_corrections(project: Project) -> Corrections:
    """Open the corrections of ``project`` to read them; whoever asked closes them.

    Without a cache, many strokes are replayed for many seconds: it breathes every few hundred.
    """
    places = corrections_places(project.path)
    steps = Corrections.opening(
        places.journal,
        project.config.volume.shape,
        read_only=True,
        cache=places.cache,
        aside=places.aside,
    )
    while True:
        breathe()
        try:
            next(steps)
        except StopIteration as end:
            corrections: Corrections = end.value
            return corrections
