"""How far from the slice in view points are still seen: the viewer's margins, given back later."""

from __future__ import annotations

from typing import Any

__all__ = ["Margin"]


class Margin:
    """Widens a viewer's slice so that a point is seen in the slices around it, too.

    Images and masks show one slice as before: they take no notice of margins unless a person
    asked for a projection. A person's own margins are left alone.

    Parameters
    ----------
    viewer
        napari's viewer, or its model.
    """

    def __init__(self, viewer: Any) -> None:  # noqa: ANN401
        self._dims = viewer.dims
        self._ours: tuple[float, ...] | None = None
        self._before: tuple[Any, Any] | None = None

    def widen(self, world: float) -> None:
        """Show points up to ``world`` (the viewer's units) from the slice."""
        dims = self._dims
        own = tuple(dims.margin_left)
        if any(own) and own != self._ours:
            return
        if self._before is None:
            self._before = tuple(dims.margin_left), tuple(dims.margin_right)
        self._ours = (float(world),) * dims.ndim
        if own != self._ours:
            dims.margin_left = dims.margin_right = self._ours

    def restore(self) -> None:
        """Give the margins back, unless a person changed them."""
        if self._before is not None and tuple(self._dims.margin_left) == self._ours:
            self._dims.margin_left, self._dims.margin_right = self._before
        self._before = self._ours = None
