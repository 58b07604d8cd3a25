"""Find z, y and x among the axes of a stored array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_vessel.errors import CallerError, UnsupportedVolumeError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._dtypes import Voxels

__all__ = ["AxisPlan", "checked_axes", "plan_axes", "unnamed_axes"]


@dataclass(frozen=True)
class AxisPlan:
    """How a stored array of named axes is read as zyx.

    Attributes
    ----------
    zyx
        Positions of z, y and x among the stored axes.
    fixed
        For every other stored axis its position and the index at which it is read.
    channels
        How many channels there are to choose from.
    """

    zyx: Zyx
    fixed: tuple[tuple[int, int], ...]
    channels: int = 1

    def shape(self, stored: Sequence[int]) -> Zyx:
        """Pick the edges z, y, x from a stored shape (or chunk)."""
        z, y, x = (int(stored[axis]) for axis in self.zyx)
        return z, y, x

    def index(self, box: Box) -> tuple[slice | int, ...]:
        """Return the index that cuts ``box`` from the stored array."""
        parts: dict[int, slice | int] = dict(self.fixed)
        parts.update(zip(self.zyx, box.slices, strict=True))
        return tuple(parts[axis] for axis in range(len(parts)))

    def oriented(self, cut: Voxels) -> Voxels:
        """Turn what :meth:`index` cut into zyx order (a view)."""
        stored = sorted(self.zyx)
        return np.transpose(cut, [stored.index(axis) for axis in self.zyx])


def plan_axes(axes: Sequence[str], shape: Sequence[int], channel: int | None, uri: str) -> AxisPlan:
    """Plan to read an array whose axes are named (``t c z y x``, in any order).

    Raises
    ------
    UnsupportedVolumeError
        If z, y or x is missing, there are several time points or an axis this program does
        not know, or there are several channels and none or a wrong one is chosen.
    """
    names = [axis.lower() for axis in axes]
    if not {"y", "x"} <= set(names) or "z" not in names:
        message = (
            f"{uri} is 2-D: axes {','.join(axes)} of {tuple(shape)}, one slice without z; "
            "expected z, y and x. A folder of slices or an array (1, y, x) opens as a volume."
        )
        raise UnsupportedVolumeError(message)
    rest = {name: i for i, name in enumerate(names) if name not in "zyx"}
    channels = shape[rest["c"]] if "c" in rest else 1
    chosen = _chosen(channel, channels, uri)
    for name, i in rest.items():
        if name != "c" and shape[i] != 1:
            what = "time points" if name == "t" else f"steps along the axis {name!r}"
            message = f"{uri} holds {shape[i]} {what}; expected one. Save the one you need apart."
            raise UnsupportedVolumeError(message)
    fixed = tuple((i, chosen if name == "c" else 0) for name, i in rest.items())
    return AxisPlan((names.index("z"), names.index("y"), names.index("x")), fixed, channels)


def unnamed_axes(shape: Sequence[int], channel: int | None, uri: str) -> tuple[str, ...]:
    """Name the axes of an array that names none: zyx, or czyx where a channel is chosen.

    Raises
    ------
    UnsupportedVolumeError
        If the array has fewer than 3 or more than 4 axes, or has 4 and no channel is chosen.
    """
    if len(shape) == 3:
        return "z", "y", "x"
    if len(shape) == 4 and channel is not None:
        return "c", "z", "y", "x"
    if len(shape) == 2:
        advice = "one slice; a volume has z, y and x. One slice as a volume is (1, y, x)."
    elif len(shape) == 4:
        advice = "expected z, y, x. If the first axis is the channel, choose one of them."
    else:
        advice = "expected three axes: z, y, x."
    message = f"{uri} is {len(shape)}-D, shape {tuple(shape)}: {advice}"
    raise UnsupportedVolumeError(message)


def checked_axes(axes: str, shape: Sequence[int], where: str) -> Sequence[str]:
    """Return the axes a person named, one letter each.

    Raises
    ------
    CallerError
        If they are not as many as the array has.
    """
    if len(axes) != len(shape):
        message = f"{where} has {len(shape)} axes, {tuple(shape)}; {axes!r} names {len(axes)}."
        raise CallerError(message)
    return list(axes)


def _chosen(channel: int | None, channels: int, uri: str) -> int:
    if channel is None and channels > 1:
        message = f"{uri} holds {channels} channels; choose one of 0 to {channels - 1}."
        raise UnsupportedVolumeError(message)
    if channel is not None and channel >= channels:
        message = f"{uri} has no channel {channel}; there are channels 0 to {channels - 1}."
        raise UnsupportedVolumeError(message)
    return channel or 0
