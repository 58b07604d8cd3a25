"""Warn of lessons that show one class alone: they can be learned, and mislead."""

from __future__ import annotations

from napari_vessel.annotation import Overlay


def said_of_one_class(overlay: Overlay) -> str:
    """Return a warning where all that is reviewed is vessel, or all is background; else nothing.

    Only the corrections that a training reads count; replayed phantoms hold both classes, and
    soften this without mending it.
    """
    if overlay.vessel and not overlay.background:
        return (
            "All that is reviewed is vessel: the network may come to see vessel everywhere. Accept "
            "a slice, or erase what is none, and train again."
        )
    if overlay.background and not overlay.vessel:
        return (
            "All that is reviewed is background: the network may come to see no vessel at all. "
            "Accept a slice with vessels, or paint some, and train again."
        )
    return ""
