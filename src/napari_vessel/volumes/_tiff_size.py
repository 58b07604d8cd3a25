"""The voxel size that a TIFF stack tells: OME's, or ImageJ's."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import tifffile

from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes._units import micrometres

__all__ = ["tiff_voxel_size"]

# A pattern, not an XML parser: a file from anywhere must not be able to expand entities.
_PIXELS = re.compile(r"<(?:\w+:)?Pixels\b[^>]*>")
_ATTRIBUTE = re.compile(r"""\b(PhysicalSize[XYZ](?:Unit)?)\s*=\s*["']([^"']*)["']""")


def tiff_voxel_size(tiff: tifffile.TiffFile) -> VoxelSize | None:
    """Return the voxel size of a stack, or None where one of its three edges is not told."""
    if tiff.ome_metadata:
        return _of_ome(tiff.ome_metadata)
    if tiff.imagej_metadata:
        return _of_imagej(tiff.imagej_metadata, tiff.pages.first)
    return None


def _of_ome(xml: str) -> VoxelSize | None:
    pixels = _PIXELS.search(xml)
    told = dict(_ATTRIBUTE.findall(pixels.group())) if pixels else {}
    edges = []
    for axis in "ZYX":
        unit = micrometres(told.get(f"PhysicalSize{axis}Unit", "µm"))
        edges.append(_product(told.get(f"PhysicalSize{axis}"), unit))
    return _voxel_size(edges)


def _of_imagej(metadata: dict[str, Any], page: tifffile.TiffPage) -> VoxelSize | None:
    unit = micrometres(str(metadata.get("unit", "")))
    edges = [_product(metadata.get("spacing"), unit)]
    for name in ("YResolution", "XResolution"):
        tag = page.tags.get(name)
        pixels, length = tag.value if tag is not None else (0, 0)
        edges.append(_product(length / pixels if pixels else None, unit))
    return _voxel_size(edges)


def _product(number: object, unit: float | None) -> float | None:
    try:
        return float(str(number)) * unit if unit is not None else None
    except ValueError:
        return None


def _voxel_size(edges: list[float | None]) -> VoxelSize | None:
    known = [edge for edge in edges if edge is not None and isfinite(edge) and edge > 0]
    return VoxelSize(*known) if len(known) == 3 else None
