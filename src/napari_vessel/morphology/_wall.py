"""The wall of a vessel, fitted to the image: how like its lumen each voxel around it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["lumen_likelihood", "reached_from"]

_Mask = NDArray[np.bool_]
_Floats = NDArray[np.float32]

_BESIDE = 1.5  # shortest edges from a piece to where its surroundings begin
_NO_VESSEL = 26  # of 255: what is more likely is another vessel, or what is missing of this one
_LEAST = 50  # voxels of no vessel, below which all that surrounds it counts
_GRAIN = 0.03  # least spread of brightness, of the window: fewer grey values say less
_MOST = 4.0  # of what brightness may say, as a logarithm of odds: one grain does not decide
_WEIGHT = 0.5  # of brightness against the network, which saw the image too
_BLUR = 0.6  # voxels
_NORMAL = 1.4826  # of the median deviation to the standard deviation


def lumen_likelihood(
    intensity: _Floats,
    probability: NDArray[np.uint8],
    vessel: _Mask,
    voxel_um: tuple[float, float, float],
    threshold: float = 0.5,
) -> NDArray[np.uint8]:
    """Say how like the middle of ``vessel`` each voxel is, rather than like what is around it.

    Brightness is told by two normal distributions of one spread, that of the vessel and that
    of its surroundings; where those are alike, as with many small arteries, it says nothing
    and the network's probability is left. Both are added as logarithms of odds, brightness
    with half its weight: the network saw it too.

    Parameters
    ----------
    intensity, probability
        From 0 to 1 within the volume's window, and uint8; zyx.
    vessel
        What is known of it; not empty.
    voxel_um
        Edges of a voxel, in µm.
    threshold
        Of the probability (0 to 1): where brightness says nothing, it comes out as one half.

    Returns
    -------
    NDArray[np.uint8]
        128 is as likely lumen as not; the arrays' shape.
    """
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(intensity, _BLUR)
    around = _around(vessel, voxel_um)
    unlikely = around & (probability < _NO_VESSEL)
    outside = unlikely if np.count_nonzero(unlikely) >= _LEAST else around
    odds = _WEIGHT * _odds_of_brightness(smooth, smooth[vessel], smooth[outside])
    odds += _odds_of_probability(probability, threshold)
    likelihood: NDArray[np.uint8] = np.round(255 / (1 + np.exp(-odds))).astype(np.uint8)
    return likelihood


def reached_from(likelihood: NDArray[np.uint8], seeds: _Mask) -> NDArray[np.uint8]:
    """Lower ``likelihood`` to the level at which a voxel is connected with ``seeds``.

    So at every threshold what is left is 26-connected with a seed, and one slider moves the
    wall of one vessel in and out without any other appearing (grey reconstruction by dilation,
    L. Vincent, IEEE Transactions on Image Processing 2, 1993).

    Parameters
    ----------
    likelihood
        uint8, zyx.
    seeds
        Voxels that count as connected at their own level.
    """
    from skimage.morphology import reconstruction

    start = np.where(seeds, likelihood, 0)
    found = reconstruction(  # type: ignore[no-untyped-call]  # scikit-image has no types here
        start, likelihood, method="dilation", footprint=np.ones((3, 3, 3))
    )
    reached: NDArray[np.uint8] = found.astype(np.uint8)
    return reached


def _around(vessel: _Mask, voxel_um: tuple[float, float, float]) -> _Mask:
    from scipy.ndimage import distance_transform_edt

    far = distance_transform_edt(~vessel, sampling=voxel_um)
    around: _Mask = far > _BESIDE * min(voxel_um)
    return around


def _odds_of_probability(probability: NDArray[np.uint8], threshold: float) -> _Floats:
    values = np.arange(256)
    odds = np.log((values + 1) / (256 - values)).astype(np.float32)
    at = float(np.clip(round(threshold * 255), 0, 255))
    told: _Floats = odds[probability] - np.float32(np.log((at + 1) / (256 - at)))
    return told


def _odds_of_brightness(smooth: _Floats, inside: _Floats, outside: _Floats) -> _Floats:
    if not len(outside):
        return np.zeros_like(smooth)
    (lumen, narrow), (around, wide) = _middle_and_spread(inside), _middle_and_spread(outside)
    spread = max(((narrow**2 + wide**2) / 2) ** 0.5, _GRAIN)
    odds = (smooth - (lumen + around) / 2) * (lumen - around) / spread**2
    told: _Floats = np.clip(odds, -_MOST, _MOST).astype(np.float32)
    return told


def _middle_and_spread(values: _Floats) -> tuple[float, float]:
    """Take medians: part of what surrounds a vessel is vessel that is missing yet."""
    middle = float(np.median(values))
    return middle, _NORMAL * float(np.median(np.abs(values - middle)))
