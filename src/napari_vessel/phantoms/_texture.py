"""Noise with structure: tissue texture, specks, rings and streaks. All in grey, about 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_vessel.geometry import Zyx

Grey = NDArray[np.float32]


def correlated_noise(shape: Zyx, scale: float, rng: np.random.Generator) -> Grey:
    """Gaussian noise of variance about 1 whose structures are ``scale`` voxels wide.

    Drawn on a grid as coarse as the scale allows and interpolated, so that
    wide structures cost no more than fine ones.
    """
    coarse = [max(2, int(np.ceil(n / max(scale, 1.0))) + 2) for n in shape]
    noise = rng.standard_normal(coarse, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, 0.7, mode="nearest")
    noise /= max(float(noise.std()), 1e-6)
    if scale <= 1.0:
        return np.ascontiguousarray(noise[tuple(slice(n) for n in shape)])
    for axis, n in enumerate(shape):
        noise = _stretched(noise, n, axis, scale)
    return noise


def _stretched(noise: Grey, length: int, axis: int, scale: float) -> Grey:
    """Interpolate along ``axis`` to ``length`` voxels, ``scale`` to a grid step.

    By a matrix of two weights a row, which is faster than taking neighbours.
    """
    steps = noise.shape[axis]
    at = np.clip(np.arange(length, dtype=np.float32) / np.float32(scale), 0, steps - 1.001)
    low = at.astype(int)
    rest = (at - low).astype(np.float32)
    rest = rest * rest * (3 - 2 * rest)  # smooth at the grid's points
    weights = np.zeros((length, steps), np.float32)
    rows = np.arange(length)
    weights[rows, low] = 1 - rest
    weights[rows, low + 1] += rest
    if axis == 0:
        flat = weights @ noise.reshape(steps, -1)
        return np.asarray(flat.reshape(length, *noise.shape[1:]))
    if axis == 1:
        return np.asarray(np.matmul(weights, noise))
    return np.asarray(noise @ weights.T)


def stretched_to(coarse: Grey, shape: tuple[int, ...]) -> Grey:
    """Interpolate a coarse picture to ``shape`` voxels."""
    for axis, n in enumerate(shape):
        have = coarse.shape[axis]
        if have != n:
            padded = np.concatenate([coarse, coarse.take([-1, -1], axis)], axis)
            coarse = _stretched(padded, n, axis, n / have)
    return coarse


def tissue_texture(shape: Zyx, rng: np.random.Generator) -> Grey:
    """Correlated noise at three scales, of variance about 1."""
    parts = ((0.6, 1.5), (0.6, 4.0), (0.5, 12.0))
    total = np.zeros(shape, np.float32)
    for weight, scale in parts:
        total += np.float32(weight) * correlated_noise(shape, scale, rng)
    return total


def specks(shape: Zyx, rng: np.random.Generator) -> Grey:
    """Small spots, most dark (capillaries, tubules) and some bright (glomeruli), within ±1."""
    seeds = rng.random(shape, dtype=np.float32)
    dark = ndimage.gaussian_filter((seeds < 0.004).astype(np.float32), 0.8)
    bright = ndimage.gaussian_filter((seeds > 0.9993).astype(np.float32), 1.1)
    grey = -dark * np.float32(8) + bright * np.float32(20)
    return np.asarray(np.clip(grey, -1, 1), dtype=np.float32)


def rings(shape: Zyx, rng: np.random.Generator) -> Grey:
    """Concentric rings about an axis along z, ``(1, y, x)``, of variance about 1."""
    _, rows, columns = shape
    centre = rng.uniform(0.2, 0.8, size=2) * (rows, columns)
    radius = np.hypot(np.arange(rows)[:, None] - centre[0], np.arange(columns)[None, :] - centre[1])
    profile = rng.standard_normal(int(radius.max()) + 2)
    profile = ndimage.gaussian_filter1d(profile, 0.6) * (rng.random(profile.size) < 0.4)
    return np.asarray(np.interp(radius, np.arange(profile.size), profile)[None], np.float32)


def streaks(shape: Zyx, rng: np.random.Generator) -> Grey:
    """Rays from one bright spot, fading away from it, ``(1, y, x)``."""
    _, rows, columns = shape
    spot = rng.uniform(-0.3, 1.3, size=2) * (rows, columns)
    dy, dx = np.arange(rows)[:, None] - spot[0], np.arange(columns)[None, :] - spot[1]
    rays = ndimage.gaussian_filter1d(rng.standard_normal(720), 1.0, mode="wrap")
    angle = (np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * 719
    fade = 1 / (1 + np.hypot(dy, dx) / (0.3 * max(rows, columns)))
    return np.asarray((np.interp(angle, np.arange(720), rays) * fade)[None], np.float32)
