"""Make a store complete, telling how far it is."""

from __future__ import annotations

from collections.abc import Iterator

from napari_vessel.volumes import Store
from napari_vessel.workflows._events import Progress


def finish(store: Store) -> Iterator[Progress]:
    """Make the coarse levels of a store whose blocks are all done."""
    for step in store.finishing():
        yield Progress(step.done, step.total, "pieces", "Making the coarse levels")
