"""Open a volume as napari does: as an image layer, without the dock and without torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

__all__ = ["get_reader"]

LayerData = tuple[Any, dict[str, Any], str]

_ZARR = ("zarr.json", ".zattrs", ".zgroup", ".zarray", "attributes.json")
_SLICES = (".tif", ".tiff", ".jp2", ".j2k", ".jpx", ".j2c", ".jpf")
_SUFFIXES = (
    ".tif", ".tiff", ".npy", ".zarr", ".n5", ".nii", ".nii.gz", ".nrrd", ".nhdr",
    ".h5", ".hdf5", ".he5", ".hdf",
)  # fmt: skip
_LOOKED_AT = 64  # names of a folder; a folder of slices shows in its first ones


def get_reader(path: str | Sequence[str]) -> Callable[[str], list[LayerData]] | None:
    """Return a reader of ``path``, or None where it is not ours; looks at names only."""
    if not isinstance(path, (str, os.PathLike)):
        return None
    where = Path(path)
    ours = _holds_a_volume(where) if where.is_dir() else where.name.lower().endswith(_SUFFIXES)
    return read_volume if ours else None


def _holds_a_volume(folder: Path) -> bool:
    """Tell a zarr or a folder of slices from any other folder."""
    if any((folder / name).is_file() for name in _ZARR):
        return True
    with os.scandir(folder) as entries:
        names = [entry.name.lower() for entry in islice(entries, _LOOKED_AT)]
    return any(name.endswith(_SLICES) for name in names)


def read_volume(path: str) -> list[LayerData]:
    """Open ``path`` lazily, all its levels, with its voxel size.

    Raises
    ------
    VesselError
        It cannot be opened; the message says why.
    """
    from napari_vessel.volumes import open_volume

    volume = open_volume(path)
    levels = volume.pyramid()
    keywords = {
        "name": Path(path).name.split(".")[0],
        "scale": volume.voxel_size.zyx,
        "translate": volume.origin_um,
        "axis_labels": ("z", "y", "x"),
        "multiscale": len(levels) > 1,
        "metadata": {"napari-vessel": {"uri": volume.uri}},
    }
    if volume.voxel_size_known:
        keywords["units"] = ("um",) * 3
    return [(levels if len(levels) > 1 else levels[0], keywords, "image")]
