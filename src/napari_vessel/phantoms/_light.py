"""What scanners and microscopes add to a picture of tissue; in place, in grey."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_vessel.phantoms._config import PhantomConfig
from napari_vessel.phantoms._texture import Grey, correlated_noise, rings, streaks, stretched_to


def blur(grey: Grey, config: PhantomConfig) -> Grey:
    """Blur alike in µm along all axes, and more along z where the optics ask for it."""
    finest = min(config.voxel_size_um)
    sigma = [config.blur * finest / edge for edge in config.voxel_size_um]
    sigma[0] = float(np.hypot(sigma[0], config.axial_blur))
    if max(sigma) <= 0:
        return grey
    return np.asarray(ndimage.gaussian_filter(grey, sigma, mode="nearest"), dtype=np.float32)


def add_light(grey: Grey, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Haze, loss with depth, shadows and counted photons: what light adds."""
    if config.haze > 0:
        _add_haze(grey, config)
    if config.attenuation > 0:
        lost = np.linspace(0, config.attenuation, config.shape[0], dtype=np.float32)
        grey *= np.exp(-lost)[:, None, None]
    if config.stripes > 0:
        grey *= _shadows(config, rng)
    if config.lines > 0:
        slices, rows, _ = config.shape
        gains = rng.standard_normal((slices, rows, 1), dtype=np.float32)
        grey *= np.maximum(1 + np.float32(config.lines) * gains, 0)
    if config.photons > 0:
        _count_photons(grey, config, rng)


def add_scanner(grey: Grey, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Rings, streaks, seams and noise: what a scanner adds."""
    if config.rings > 0:
        grey += np.float32(config.rings) * rings(config.shape, rng)
    if config.streaks > 0:
        grey += np.float32(config.streaks) * streaks(config.shape, rng)
    if config.noise > 0:
        grey += np.float32(config.noise) * correlated_noise(config.shape, config.grain, rng)
    if config.seams > 0 or config.misalignment > 0:
        _add_seams(grey, config, rng)


def _add_haze(grey: Grey, config: PhantomConfig) -> None:
    """Mix with a picture of much less sharpness, made at a quarter of the resolution."""
    coarse = ndimage.gaussian_filter(grey[:, ::4, ::4], (2, 4, 4), mode="nearest")
    wide = stretched_to(coarse, grey.shape)
    grey *= np.float32(1 - config.haze / 2)
    grey += np.float32(config.haze) * wide


def _shadows(config: PhantomConfig, rng: np.random.Generator) -> Grey:
    """Gain, below 1 behind things that stop the sheet of light, which comes along x."""
    depth, rows, columns = config.shape
    noise = correlated_noise((depth, rows, 2), 2.0, rng)[:, :, :1]
    deep = np.float32(config.stripes / 2) * np.clip(noise, 0, 2)
    begins = correlated_noise((depth, rows, 2), 6.0, rng)[:, :, :1] * np.float32(columns / 2)
    x = np.arange(columns, dtype=np.float32)
    behind = 1 / (1 + np.exp(-np.clip((x - begins) / 4, -30, 30)))
    return np.asarray(1 - deep * behind, dtype=np.float32)


def _count_photons(grey: Grey, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Noise whose variance follows the light, as that of counts does."""
    deviation = np.sqrt(np.maximum(grey, 0) / np.float32(config.photons))
    grey += deviation * rng.standard_normal(grey.shape, dtype=np.float32)


def _add_seams(grey: Grey, config: PhantomConfig, rng: np.random.Generator) -> None:
    """Add steps of offset and gain between slabs or tiles, and ghosts where these overlap."""
    first = int(rng.integers(3))
    for axis in (first, (first + int(rng.integers(1, 3))) % 3)[: int(rng.integers(1, 3))]:
        size = config.shape[axis]
        cuts = np.sort(rng.integers(0, size, size=int(rng.integers(1, 4))))
        part = np.searchsorted(cuts, np.arange(size), side="right")
        steps = rng.normal(0, config.seams, size=(2, len(cuts) + 1))
        offset, gain = steps.astype(np.float32)
        along = [-1 if a == axis else 1 for a in range(3)]
        grey *= 1 + np.float32(0.5) * gain[part].reshape(along)
        grey += offset[part].reshape(along)
        if config.misalignment > 0:
            for cut in cuts:
                _ghost(grey, axis, int(cut), config.misalignment, rng)


def _ghost(grey: Grey, axis: int, cut: int, shift: float, rng: np.random.Generator) -> None:
    """Mix the slices at a cut with a shifted copy of themselves."""
    here = [slice(None)] * 3
    here[axis] = slice(max(cut - 2, 0), cut + 3)
    zone = grey[tuple(here)]
    aside = np.where(np.arange(3) == axis, 0.0, rng.normal(size=3))
    shifts = aside * shift / max(float(np.linalg.norm(aside)), 1e-6)
    zone += np.float32(0.5) * (ndimage.shift(zone, shifts, order=1, mode="nearest") - zone)
