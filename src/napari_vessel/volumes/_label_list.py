"""The list of labels of an OME-Zarr image that is there already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from napari_vessel.errors import ExportError
from napari_vessel.volumes._atomic import write_atomically
from napari_vessel.volumes._mask_source import MaskSource
from napari_vessel.volumes._ome_metadata import OLDER, VERSION
from napari_vessel.volumes._pyramid import level_shapes

__all__ = ["Version", "image_version", "list_labels"]

Version = Literal["0.4", "0.5"]


def image_version(image: Path, source: MaskSource) -> Version:
    """Return the version of an image that labels of ``source`` can be written into.

    Raises
    ------
    ExportError
        If there is no such image, or it has another size or other levels.
    """
    told, version = _attributes(image)
    scales = told.get("multiscales")
    if not isinstance(scales, list) or not scales:
        raise ExportError(f"{image} is no OME-Zarr image: export beside it, without inside.")
    shapes = _shapes(image, scales[0])
    expected = level_shapes(source.shape, len(shapes)) if shapes else []
    if shapes != [tuple(shape) for shape in expected] or len(shapes) != source.levels:
        found = ", ".join(map(str, shapes)) or "no level"
        raise ExportError(
            f"{image} has levels of {found} voxels; labels in it would have "
            f"{', '.join(map(str, expected)) or source.shape}. Export beside it instead."
        )
    return version


def list_labels(image: Path, name: str) -> None:
    """Add ``name`` to the list of an image's labels, once.

    Raises
    ------
    WriteError
        If the list cannot be written; it is as before.
    """
    _, version = _attributes(image)
    labels = image / "labels"
    if version == OLDER:
        place = labels / ".zattrs"
        found = _read(place)
        if not (labels / ".zgroup").exists():
            write_atomically(labels / ".zgroup", b'{"zarr_format": 2}')
        listing = found
    else:
        place = labels / "zarr.json"
        found = _read(place) or {"zarr_format": 3, "node_type": "group", "attributes": {}}
        listing = found.setdefault("attributes", {}).setdefault("ome", {"version": VERSION})
    names = listing.setdefault("labels", [])
    if name not in names:
        names.append(name)
        write_atomically(place, json.dumps(found, indent=2).encode())


def _attributes(image: Path) -> tuple[dict[str, Any], Version]:
    current = _read(image / "zarr.json").get("attributes", {}).get("ome")
    if isinstance(current, dict):
        return current, VERSION
    return _read(image / ".zattrs"), OLDER


def _shapes(image: Path, scale: dict[str, Any]) -> list[tuple[int, ...]]:
    names = [axis.get("name") for axis in scale.get("axes", [])]
    if names != ["z", "y", "x"]:
        raise ExportError(
            f"{image} has axes {names}; labels are written into images of z, y and x. "
            "Export beside it instead."
        )
    found = []
    for level in scale.get("datasets", []):
        place = image / str(level.get("path"))
        document = _read(place / "zarr.json") or _read(place / ".zarray")
        found.append(tuple(document.get("shape", ())))
    return found


def _read(place: Path) -> dict[str, Any]:
    try:
        found = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}  # not there, which its reader tells
    return found if isinstance(found, dict) else {}
