"""At which size a volume's voxels are shown to a network. Imports no torch."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from napari_vessel.geometry import VoxelSize, Zyx
from napari_vessel.inference import InferenceConfig, zoom_per_edge
from napari_vessel.networks import CheckpointCard
from napari_vessel.tiling import SAME, Zoom
from napari_vessel.volumes import Volume

_log = logging.getLogger(__name__)

_LEAST, _MOST = 1 / 4, 4  # beyond, it is another modality: 1 µm voxels are no kidney at 50 µm
_ALIKE = 0.05  # less than what scans of one kind differ by: not worth a resampling
_COARSE = 0.5  # from here on blocks may be larger, as the network sees little of them


@dataclass(frozen=True, slots=True)
class ScaleUsed:
    """At which size a network sees a volume, and why, as a sentence.

    ``zoom`` is the network's pixels per voxel (z, y, x). ``as_learned`` is whether the
    volume's voxels are known to be of the size that the network learned at.
    """

    zoom: Zoom
    as_learned: bool
    reason: str


def scale_used(config: InferenceConfig, volume: Volume, card: CheckpointCard) -> ScaleUsed:
    """Return at which size ``volume`` is shown to the network of ``card``."""
    zoom = with_zoom(config, volume, card).zoom_for(volume.voxel_size)
    alike = volume.voxel_size_known and abs(_factor(volume, card) - 1) <= _ALIKE
    told = (scale_sentence(zoom, volume, card), level_sentence(zoom, volume, card))
    return ScaleUsed(zoom, alike and zoom == SAME, " ".join(filter(None, told)))


def with_zoom(config: InferenceConfig, volume: Volume, card: CheckpointCard) -> InferenceConfig:
    """Return ``config`` with the network's pixels per voxel along each axis.

    Where auto, the volume is shown at the voxel size that the checkpoint learned at,
    as long as both are within four times of each other; else, and where the volume's
    is unknown, as it is. Axes that differ by less than 5 % are not resampled. Where
    pixels are at least two voxels wide, blocks are twice as long.
    """
    if isinstance(config.zoom, tuple):
        return config
    zoom = _auto(volume, card) if config.zoom == "auto" else _per_edge(config.zoom, volume)
    z, y, x = (
        edge * (2 if factor <= _COARSE else 1)
        for edge, factor in zip(config.block, zoom, strict=True)
    )
    return config.model_copy(update={"zoom": zoom, "block": (z, y, x)})


def scale_sentence(zoom: Zoom, volume: Volume, card: CheckpointCard) -> str:
    """Say, for a person, at which size the network sees the volume, and why."""
    learned = f"the {_own(card):g} µm that the network learned at"
    if zoom != _auto(volume, card):
        return f"Rescaled as asked: {_text(zoom)} network pixels per voxel (z, y, x)."
    if not volume.voxel_size_known:
        return "Voxels are taken as they are: their size is unknown. Give it, if you know it."
    if not _fits(_factor(volume, card)):
        return f"Voxels are taken as they are: {volume.voxel_size} is far from {learned}."
    if zoom == SAME:
        return f"Voxels are taken as they are: {volume.voxel_size}, as {learned}."
    return f"Rescaled from {volume.voxel_size} to {learned}: {_text(zoom)} pixels per voxel."


def level_sentence(zoom: Zoom, volume: Volume, card: CheckpointCard) -> str:
    """Name the level of a pyramid to open instead of one that is too fine or coarse to rescale.

    The coarsest that is fine enough for what the network learned, else the finest within four
    times of it; empty where there is none, or it is not needed.
    """
    if zoom != _auto(volume, card) or not volume.voxel_size_known or _fits(_factor(volume, card)):
        return ""
    sizes = _level_sizes(volume)
    fitting = {level: f for level, size in sizes.items() if _fits(f := _finest(size) / _own(card))}
    if not fitting:
        return ""
    fine = [level for level, factor in fitting.items() if factor <= 1 + _ALIKE]
    level = max(fine) if fine else min(fitting)
    return (
        f"Level {level} of this volume, {sizes[level]}, is not: where that still shows your "
        "vessels, open it instead (How it is read, Level, Open again with these; or "
        f"--level {level})."
    )


def tell_level(config: InferenceConfig, volume: Volume, card: CheckpointCard) -> None:
    """Warn, in the log, where another level of ``volume`` suits the network; scale settled."""
    zoom = config.zoom_for(volume.voxel_size)
    if told := level_sentence(zoom, volume, card):
        _log.warning("%s %s", scale_sentence(zoom, volume, card), told)


def extent_of(volume: Volume, zoom: Zoom) -> Zyx:
    """Return the volume's edges in the network's pixels."""
    z, y, x = (max(round(n * f), 1) for n, f in zip(volume.shape, zoom, strict=True))
    return z, y, x


def _auto(volume: Volume, card: CheckpointCard) -> Zoom:
    factor = _factor(volume, card)
    fits = volume.voxel_size_known and _fits(factor)
    return _per_edge(factor if fits else 1.0, volume)


def _factor(volume: Volume, card: CheckpointCard) -> float:
    """Return the volume's voxel edge in the checkpoint's; of several in a slice, the finest."""
    return _finest(volume.voxel_size) / _own(card)


def _fits(factor: float) -> bool:
    return _LEAST <= factor <= _MOST


def _finest(size: VoxelSize) -> float:
    return min(size.zyx[1:])


def _own(card: CheckpointCard) -> float:
    return min(card.voxel_size_um[1:])


def _level_sizes(volume: Volume) -> dict[int, VoxelSize]:
    """Return the voxel edges of every level that the volume can be opened at, by its number."""
    levels = volume.source.factors
    own = levels[volume.options.level]
    z, y, x = (edge / f for edge, f in zip(volume.voxel_size.zyx, own, strict=True))
    finest = VoxelSize(z, y, x)
    return {level: finest.scaled(factors) for level, factors in enumerate(levels)}


def _per_edge(factor: float, volume: Volume) -> Zoom:
    z, y, x = (1.0 if abs(f - 1) <= _ALIKE else f for f in zoom_per_edge(factor, volume.voxel_size))
    return z, y, x


def _text(zoom: Zoom) -> str:
    return " × ".join(f"{factor:.3g}" for factor in zoom)
