"""One probability from those of several planes. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane
from napari_vessel.inference._config import InferenceConfig

__all__ = ["disagreement", "fuse", "to_uint8"]


def to_uint8(probability: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Store a probability in [0, 1] as round(255 p)."""
    scaled = probability * 255
    stored: NDArray[np.uint8] = np.rint(scaled, out=scaled).astype(np.uint8)
    return stored


def fuse(planes: Mapping[Plane, NDArray[np.uint8]], config: InferenceConfig) -> NDArray[np.uint8]:
    """Fuse the planes' probabilities.

    Stored planes fuse to what was stored with them, to the last bit, so that
    another way of fusing can be tried without the network.

    Parameters
    ----------
    planes : mapping of Plane to ndarray of uint8, all of one shape
        Probabilities × 255.
    config : InferenceConfig
        ``fuse``, ``vote`` and ``weights`` are followed. Voting takes the k-th
        largest probability: it passes a threshold where k planes pass it.

    Returns
    -------
    ndarray of uint8

    Raises
    ------
    CallerError
        Where there are fewer planes than must agree, or others than have weights.
    """
    votes = config.vote if config.fuse == "vote" else 1
    if len(planes) < votes:
        raise CallerError(f"{len(planes)} planes were given where {votes} must agree.")
    if config.fuse == "mean":
        return _mean(planes, config)
    fused: NDArray[np.uint8] = np.sort(np.stack(list(planes.values())), axis=0)[-votes]
    return fused


def _mean(planes: Mapping[Plane, NDArray[np.uint8]], config: InferenceConfig) -> NDArray[np.uint8]:
    weights = dict.fromkeys(planes, 1.0)
    if config.weights and config.planes != "auto":
        weights = dict(zip(config.planes, config.weights, strict=True))
        if set(planes) != set(weights):
            raise CallerError(
                f"Planes {', '.join(planes)} were given where {', '.join(weights)} have weights."
            )
    total = np.zeros(next(iter(planes.values())).shape, np.float32)
    for plane, probability in planes.items():
        total += probability * np.float32(weights[plane])
    np.divide(total, np.float32(sum(weights.values())), out=total)
    fused: NDArray[np.uint8] = np.rint(total, out=total).astype(np.uint8)
    return fused


def disagreement(planes: Mapping[Plane, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return how far the planes' probabilities lie apart: largest less smallest, × 255.

    0 everywhere for one plane.
    """
    probabilities = list(planes.values())
    apart: NDArray[np.uint8] = np.maximum.reduce(probabilities) - np.minimum.reduce(probabilities)
    return apart
