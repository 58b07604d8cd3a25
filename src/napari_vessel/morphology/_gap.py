"""The gap in a broken vessel, closed along the way that the probability leaves open."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Zyx

__all__ = ["bridged"]

_Mask = NDArray[np.bool_]
_Edges = tuple[float, float, float]

_FLOOR = 0.1  # probability of what the network holds for nothing: it costs a hundredfold
_AROUND = 3  # voxels around an end where its radius is looked for


def bridged(
    probability: NDArray[np.uint8], vessel: _Mask, ends: tuple[Zyx, Zyx], voxel_um: _Edges
) -> _Mask:
    """Return a tube from one end to the other, along the likeliest way.

    Its radius goes in proportion from what the vessel has at one end to what it has at
    the other; one voxel at least.

    Parameters
    ----------
    probability, vessel
        uint8 and mask, zyx: all that lies around the gap. What is vessel is passed freely.
    ends
        Two voxels.
    voxel_um
        Edges of a voxel, in µm.
    """
    radii = [_radius(vessel, end, voxel_um) for end in ends]
    path = _path(_likely(probability, vessel, sum(radii) / 2, voxel_um), ends, voxel_um)
    tube = np.zeros(vessel.shape, np.bool_)
    for voxel, radius in zip(path, np.linspace(radii[0], radii[1], len(path)), strict=True):
        _add_ball(tube, voxel, float(radius), voxel_um)
    return tube


def _likely(
    probability: NDArray[np.uint8], vessel: _Mask, radius: float, voxel_um: _Edges
) -> NDArray[np.float64]:
    """Blur by half the radius: a way along a wall would be as good as one in the middle."""
    from scipy.ndimage import gaussian_filter

    sharp = np.where(vessel, 1.0, probability / 255)
    blurred = gaussian_filter(sharp, [radius / 2 / um for um in voxel_um])
    likely: NDArray[np.float64] = np.maximum(blurred, _FLOOR)
    return likely


def _path(likely: NDArray[np.float64], ends: tuple[Zyx, Zyx], voxel_um: _Edges) -> list[Zyx]:
    from skimage.graph import MCP_Geometric

    ways = MCP_Geometric(likely**-2, sampling=voxel_um)
    ways.find_costs([ends[0]], [ends[1]])
    path: list[Zyx] = ways.traceback(ends[1])
    return path


def _radius(vessel: _Mask, end: Zyx, voxel_um: _Edges) -> float:
    """Return the radius of the vessel that ends here, in µm; half a voxel where none does."""
    from scipy.ndimage import distance_transform_edt

    wide = tuple(slice(max(0, e - 4 * _AROUND), e + 4 * _AROUND + 1) for e in end)
    inside = distance_transform_edt(vessel[wide], sampling=voxel_um)
    near = tuple(
        slice(max(0, e - s.start - _AROUND), e - s.start + _AROUND + 1)
        for e, s in zip(end, wide, strict=True)
    )
    # The distance is to the middle of a voxel outside, half a voxel beyond the surface.
    return max(float(inside[near].max()) - min(voxel_um) / 2, min(voxel_um) / 2)


def _add_ball(mask: _Mask, centre: Zyx, radius: float, voxel_um: _Edges) -> None:
    spans = [
        np.arange(max(0, c - int(radius / um)), min(n, c + int(radius / um) + 1))
        for c, um, n in zip(centre, voxel_um, mask.shape, strict=True)
    ]
    z, y, x = (
        (span - c) * um for span, c, um in zip(np.ix_(*spans), centre, voxel_um, strict=True)
    )
    mask[np.ix_(*spans)] |= z**2 + y**2 + x**2 <= radius**2
