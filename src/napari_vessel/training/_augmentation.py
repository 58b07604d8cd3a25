"""Patches varied as scans differ. Pure functions of an image and a generator.

Ranges follow what is common for CT-like greyscale images (Isensee et al. 2021,
nnU-Net), made milder, for a person's few corrections come from one scan.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["augment", "blurred", "noisy", "regraded", "turned"]

Image = NDArray[np.float32]
_Array = TypeVar("_Array", bound=NDArray[np.generic])


def augment(
    image: Image, labels: tuple[_Array, ...], rng: np.random.Generator
) -> tuple[Image, tuple[_Array, ...]]:
    """Turn an image and its labels alike, then vary the image's grey values.

    Parameters
    ----------
    image
        (n, n), in [0, 1], or where vessels are bright in [-1, 0] (see ``CheckpointCard``).
    labels
        Arrays of the same shape.
    rng
        Random numbers; the same ones give the same patch.

    Returns
    -------
    image, labels
        New arrays; the image in the range it was in.
    """
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    low = np.float32(-1 if image.min() < 0 else 0)
    varied = turned(image, turns, flip=flip) - low
    if rng.random() < 0.7:
        gamma = float(np.exp(rng.uniform(-0.3, 0.3)))
        contrast, brightness = rng.uniform(0.8, 1.25), rng.uniform(-0.1, 0.1)
        varied = regraded(varied, gamma=gamma, contrast=contrast, brightness=brightness)
    if rng.random() < 0.2:
        varied = blurred(varied, rng.uniform(0.3, 0.8))
    if rng.random() < 0.3:
        varied = noisy(varied, rng.uniform(0.0, 0.05), rng)
    return varied + low, tuple(turned(label, turns, flip=flip) for label in labels)


def turned(array: _Array, turns: int, *, flip: bool) -> _Array:
    """Turn a square array by quarter turns, then mirror its rows if ``flip``."""
    result = np.rot90(array, turns)
    return np.ascontiguousarray(result[::-1] if flip else result)  # type: ignore[return-value]


def regraded(image: Image, *, gamma: float, contrast: float, brightness: float) -> Image:
    """Return ``(image ** gamma - 0.5) * contrast + 0.5 + brightness``, clipped to [0, 1].

    >>> regraded(np.array([0.0, 0.5, 1.0]), gamma=1, contrast=2, brightness=0.1).tolist()
    [0.0, 0.6, 1.0]
    """
    graded: Image = np.clip((image**gamma - 0.5) * contrast + (0.5 + brightness), 0, 1)
    return graded


def blurred(image: Image, sigma: float) -> Image:
    """Blur by a Gaussian of ``sigma`` pixels, the image mirrored at its edges."""
    result: Image = gaussian_filter(image, sigma, mode="mirror")
    return result


def noisy(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Add Gaussian noise of standard deviation ``sigma`` and clip to [0, 1]."""
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(sigma)
    return np.clip(image + noise, 0, 1)
