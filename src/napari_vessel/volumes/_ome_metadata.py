"""OME-Zarr 0.5 and 0.4 metadata of a zyx image whose levels this package makes.

See https://ngff.openmicroscopy.org/0.5/. In 0.4 the same words stand without the key ``ome``,
and every multiscale carries the version. A coarse voxel is centred on the fine
ones it holds, so every level but the finest carries a translation.
"""

from __future__ import annotations

from typing import Any, Final

from napari_vessel.geometry import VoxelSize, Zyx

__all__ = ["OLDER", "OURS", "VERSION", "image_metadata", "label_metadata", "multiscales", "older"]

VERSION: Final = "0.5"
OLDER: Final = "0.4"
Place = tuple[float, float, float]
OURS = "napari-vessel"
"""The key under which a group's attributes carry our own recipe."""


def multiscales(
    name: str,
    voxel_size: VoxelSize,
    factors: list[Zyx],
    *,
    folder: str = "",
    origin_um: Place = (0.0, 0.0, 0.0),
) -> list[dict[str, Any]]:
    """Describe levels stored as arrays ``folder + "0"``, ``folder + "1"`` …, in µm.

    ``origin_um`` is where the centre of the first voxel of the finest level lies.
    """
    datasets = [
        {
            "path": f"{folder}{level}",
            "coordinateTransformations": _transformations(voxel_size, factor, origin_um),
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


def older(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in a group's attributes in OME-Zarr 0.4 for 0.5's ``ome``."""
    told = {key: value for key, value in metadata.items() if key != "version"}
    scales = told.get("multiscales", [])
    if scales:
        told["multiscales"] = [{"version": OLDER, **scale} for scale in scales]
    if "image-label" in told:
        told["image-label"] = {"version": OLDER, **told["image-label"]}
    return told


def _transformations(voxel_size: VoxelSize, factors: Zyx, origin_um: Place) -> list[dict[str, Any]]:
    edges = voxel_size.zyx
    found: list[dict[str, Any]] = [
        {"type": "scale", "scale": [e * f for e, f in zip(edges, factors, strict=True)]}
    ]
    if max(factors) > 1 or any(origin_um):
        parts = zip(edges, factors, origin_um, strict=True)
        offsets = [first + e * (f - 1) / 2 for e, f, first in parts]
        found.append({"type": "translation", "translation": offsets})
    return found
