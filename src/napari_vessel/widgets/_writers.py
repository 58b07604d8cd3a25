"""File ▸ Save: a labels layer in the formats that vessel masks travel in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import EXPORTERS, MaskSource
from napari_vessel.widgets._units import micrometres

__all__ = ["write_nifti", "write_nrrd", "write_ome_zarr", "write_rle", "write_tiff_slices"]


def write_ome_zarr(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """Write a labels layer as an OME-Zarr 0.5 label image; ≠ 0 is vessel."""
    return _write("ome-zarr", path, data, meta)


def write_tiff_slices(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """Write a labels layer as a folder of TIFF slices, 0 and 255."""
    return _write("tiff", path, data, meta)


def write_rle(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """Write a labels layer as a table of run lengths, a row for each slice."""
    return _write("rle", path, data, meta)


def write_nifti(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """Write a labels layer as NIfTI, sizes in millimetres."""
    return _write("nifti", path, data, meta)


def write_nrrd(path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    """Write a labels layer as NRRD, sizes in millimetres."""
    return _write("nrrd", path, data, meta)


def _write(form: str, path: str, data: Any, meta: Mapping[str, Any]) -> list[str]:  # noqa: ANN401
    finest = data[0] if meta.get("multiscale") else data
    if len(finest.shape) != 3:
        raise LabelsError(
            f"Labels of shape {tuple(finest.shape)} cannot be saved as a vessel mask: "
            "expected three axes, z, y and x."
        )

    def read(box: Box) -> np.ndarray:
        return np.asarray(finest[box.slices])

    source = MaskSource(
        Box.of(finest.shape).shape,
        micrometres(meta.get("scale"), meta.get("units")) or VoxelSize(1, 1, 1),
        read,
        name=str(meta.get("name") or "mask"),
    )
    for _ in EXPORTERS[form](source, Path(path)):
        pass
    return [path]
