"""At which size a volume's voxels are shown to a network. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from napari_vessel.geometry import Zyx
from napari_vessel.inference import InferenceConfig, zoom_per_edge
from napari_vessel.networks import CheckpointCard
from napari_vessel.tiling import SAME, Zoom
from napari_vessel.volumes import Volume

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
    return ScaleUsed(zoom, alike and zoom == SAME, scale_sentence(zoom, volume, card))


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
    learned = f"the {min(card.voxel_size_um[1:]):g} µm that the network learned at"
    if zoom != _auto(volume, card):
        return f"Rescaled as asked: {_text(zoom)} network pixels per voxel (z, y, x)."
    if not volume.voxel_size_known:
        return "Voxels are taken as they are: their size is unknown. Give it, if you know it."
    if not _LEAST <= _factor(volume, card) <= _MOST:
        return f"Voxels are taken as they are: {volume.voxel_size} is far from {learned}."
    if zoom == SAME:
        return f"Voxels are taken as they are: {volume.voxel_size}, as {learned}."
    return f"Rescaled from {volume.voxel_size} to {learned}: {_text(zoom)} pixels per voxel."


def extent_of(volume: Volume, zoom: Zoom) -> Zyx:
    """Return the volume's edges in the network's pixels."""
    z, y, x = (max(round(n * f), 1) for n, f in zip(volume.shape, zoom, strict=True))
    return z, y, x


def _auto(volume: Volume, card: CheckpointCard) -> Zoom:
    factor = _factor(volume, card)
    fits = volume.voxel_size_known and _LEAST <= factor <= _MOST
    return _per_edge(factor if fits else 1.0, volume)


def _factor(volume: Volume, card: CheckpointCard) -> float:
    """Return the volume's voxel edge in the checkpoint's; of several in a slice, the finest."""
    return min(volume.voxel_size.zyx[1:]) / min(card.voxel_size_um[1:])


def _per_edge(factor: float, volume: Volume) -> Zoom:
    z, y, x = (1.0 if abs(f - 1) <= _ALIKE else f for f in zoom_per_edge(factor, volume.voxel_size))
    return z, y, x


def _text(zoom: Zoom) -> str:
    return " × ".join(f"{factor:.3g}" for factor in zoom)
