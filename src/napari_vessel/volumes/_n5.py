"""An N5 as a volume: one dataset, or the scales ``s0``, ``s1`` … of a group."""

from __future__ import annotations

from typing import Any

from napari_vessel.errors import UnsupportedVolumeError
from napari_vessel.volumes._ngff import Multiscale, Placement
from napari_vessel.volumes._ome_zarr import OmeZarrSource
from napari_vessel.volumes._options import VolumeOptions
from napari_vessel.volumes._reading_store import ReadingStore
from napari_vessel.volumes._units import micrometres
from napari_vessel.volumes._zarr_metadata import array_document, document

__all__ = ["open_n5"]

_MOST = 64  # levels
_USUAL = 6
_AXES = ("x", "y", "z", "c", "t")


def open_n5(store: ReadingStore, uri: str, options: VolumeOptions) -> OmeZarrSource | None:
    """Open what a store (seen through :class:`N5View`) holds; None where there is no N5.

    Raises
    ------
    UnsupportedVolumeError
        If it holds no volume, or its metadata is damaged.
    ReadError
        If metadata cannot be read.
    """
    attributes = document(store, ".zattrs", uri)
    paths = _levels(store, uri, attributes)
    if not paths:
        if attributes is None:
            return None
        message = (
            f"{uri} is an N5 group without scales s0, s1 …; open the dataset or group that "
            "holds them by its own path."
        )
        raise UnsupportedVolumeError(message)
    documents = [array_document(store, path, uri) or {} for path in paths]
    axes = len(documents[0]["shape"])
    if not 3 <= axes <= len(_AXES):
        message = f"{uri} is {axes}-D, {documents[0]['shape']}; expected x, y and z."
        raise UnsupportedVolumeError(message)
    size, unit = _resolution(attributes or {}, document(store, _at(paths[0], ".zattrs"), uri) or {})
    factors = [_factors(found, level, axes) for level, found in enumerate(documents)]
    outer = axes - 3
    levels = tuple(
        Placement(
            path,
            (*(1.0,) * outer, *(s * f for s, f in zip(size, factor, strict=True))),
            (*(0.0,) * outer, *(s * (f - 1) / 2 for s, f in zip(size, factor, strict=True))),
        )
        for path, factor in zip(paths, factors, strict=True)
    )
    names = tuple(reversed(_AXES[:axes]))
    multiscale = Multiscale(names, (*(None,) * outer, unit, unit, unit), levels)
    return OmeZarrSource(store, uri, options, multiscale)


def _at(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _levels(store: ReadingStore, uri: str, attributes: dict[str, Any] | None) -> list[str]:
    """Name the datasets, finest first: the root itself, or s0, s1 … as far as they go."""
    if attributes is not None and "dimensions" in attributes:
        return [""]
    store.prefetch([f"s{level}/.zarray" for level in range(_USUAL)])
    found: list[str] = []
    while len(found) < _MOST and array_document(store, f"s{len(found)}", uri) is not None:
        found.append(f"s{len(found)}")
    return found


def _factors(found: dict[str, Any], level: int, axes: int) -> tuple[float, float, float]:
    """Return the edges of a level's voxels in those of the finest, zyx."""
    told = found.get("downsampling")
    if isinstance(told, list) and len(told) == axes and all(_positive(edge) for edge in told):
        x, y, z = (float(edge) for edge in told[:3])
        return z, y, x
    step = float(2**level)
    return step, step, step


def _resolution(
    *attributes: dict[str, Any],
) -> tuple[tuple[float, float, float], float | None]:
    """Return voxel edges, zyx, and their unit in µm; ones of no unit where nothing is told."""
    for found in attributes:
        told: Any = found.get("pixelResolution", found.get("resolution"))
        unit: Any = found.get("units", [None])
        if isinstance(told, dict):
            unit, told = told.get("unit"), told.get("dimensions")
        if isinstance(told, list) and len(told) >= 3 and all(_positive(edge) for edge in told[:3]):
            x, y, z = (float(edge) for edge in told[:3])
            name = unit[0] if isinstance(unit, list) and unit else unit
            return (z, y, x), micrometres(name if isinstance(name, str) else None)
    return (1.0, 1.0, 1.0), None


def _positive(edge: object) -> bool:
    return isinstance(edge, (int, float)) and not isinstance(edge, bool) and 0 < edge < 1e30
