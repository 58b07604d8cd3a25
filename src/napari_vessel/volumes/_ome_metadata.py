"""OME-Zarr 0.5 metadata of a zyx image whose levels this package makes.

See https://ngff.openmicroscopy.org/0.5/. A coarse voxel is centred on the fine
ones it holds, so every level but the finest carries a translation.
"""

from __future__ import annotations

from typing import Any

from napari_vessel.geometry import VoxelSize, Zyx

__all__ = ["OURS", "VERSION", "image_metadata", "label_metadata", "multiscales"]

VERSION = "0.5"
OURS = "napari-vessel"
"""The key under which a group's attributes carry our own recipe."""


def multiscales(
    name: str, voxel_size: VoxelSize, factors: list[Zyx], *, folder: str = ""
) -> list[dict[str, Any]]:
    """Describe levels stored as arrays ``folder + "0"``, ``folder + "1"`` …, in µm."""
    datasets = [
        {
            "path": f"{folder}{level}",
            "coordinateTransformations": _transformations(voxel_size, factor),
        }
        for level, factor in enumerate(factors)
    ]
    axes = [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "zyx"]
    return [{"name": name, "axes": axes, "datasets": datasets}]


def image_metadata(scales: list[dict[str, Any]], *, highest: int | None) -> dict[str, Any]:
    """Describe an image of one channel, shown from 0 to ``highest`` or as a viewer likes."""
    image = {"version": VERSION, "multiscales": scales}
    if highest is None:
        return image
    window = {"start": 0, "end": highest, "min": 0, "max": highest}
    channel = {"label": scales[0]["name"], "color": "FFFFFF", "active": True, "window": window}
    return {**image, "omero": {"channels": [channel]}}


def label_metadata(scales: list[dict[str, Any]], *, source: str) -> dict[str, Any]:
    """Describe labels in which 1 is vessel; ``source`` is the relative path to their image."""
    return {
        "version": VERSION,
        "multiscales": scales,
        "image-label": {
            "colors": [{"label-value": 1, "rgba": [255, 64, 64, 255]}],
            "properties": [{"label-value": 1, "class": "vessel"}],
            "source": {"image": source},
        },
    }


def _transformations(voxel_size: VoxelSize, factors: Zyx) -> list[dict[str, Any]]:
    edges = voxel_size.zyx
    found: list[dict[str, Any]] = [
        {"type": "scale", "scale": [e * f for e, f in zip(edges, factors, strict=True)]}
    ]
    if max(factors) > 1:
        offsets = [e * (f - 1) / 2 for e, f in zip(edges, factors, strict=True)]
        found.append({"type": "translation", "translation": offsets})
    return found
