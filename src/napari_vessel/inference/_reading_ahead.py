"""Read a block while the network is still at another."""

from __future__ import annotations

from collections.abc import Callable

from napari_vessel.geometry import Box
from napari_vessel.inference._ahead import ReadAhead
from napari_vessel.inference._config import InferenceConfig
from napari_vessel.inference._context import read_context
from napari_vessel.inference._levels import Levels, Read, levels_of
from napari_vessel.inference._seen import seen_of
from napari_vessel.inference._spill import Spill

__all__ = ["read_ahead"]


def read_ahead(
    read: Read | Levels,
    block: Box,
    bounds: Box,
    config: InferenceConfig,
    *,
    spill: Spill | None = None,
    wanted: Callable[[Box], bool] | None = None,
) -> ReadAhead:
    """Read what a block shows the network in its first plane, mostly in all.

    Parameters
    ----------
    read, block, bounds
        As for :func:`predict_block`, which is then given what this returns to read.
    config : InferenceConfig
        Names planes and zoom.
    spill, wanted : optional
        See :class:`ReadAhead`; arrays are in memory by default.

    Raises
    ------
    CallerError
        Where the block lies outside the bounds.
    WriteError
        Where the spill has no room.
    """
    levels, spill = levels_of(read), spill or Spill()
    settled = config.model_copy(update={"zoom": config.zoom_for()})
    names = config.planes_for(bounds.shape)
    first = seen_of(names[0], (block, bounds), names, settled)
    pixels = read_context(levels, first.context, first.grid, spill)
    return ReadAhead(
        levels.at,
        levels.shapes,
        levels.factors,
        context=first.context,
        grid=first.grid,
        pixels=pixels,
        spill=spill,
        wanted=wanted,
    )
