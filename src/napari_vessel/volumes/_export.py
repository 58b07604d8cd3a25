"""The formats a mask can be exported to, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from napari_vessel.volumes._export_nifti import export_nifti
from napari_vessel.volumes._export_nrrd import export_nrrd
from napari_vessel.volumes._export_ome_zarr import export_ome_zarr
from napari_vessel.volumes._export_rle import export_rle
from napari_vessel.volumes._export_tiff import export_tiff_slices, export_tiff_stack
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource

__all__ = ["EXPORTERS", "Exporter"]


class Exporter(Protocol):
    """Refuses at once what cannot be done; writes while its events are drawn."""

    def __call__(
        self, source: MaskSource, out: Path, *, overwrite: bool = False, resume: bool = False
    ) -> Iterator[ExportProgress]:
        """Write ``source`` to ``out``; see :func:`export_ome_zarr`."""


EXPORTERS: Mapping[str, Exporter] = MappingProxyType(
    {
        "ome-zarr": export_ome_zarr,
        "ome-zarr-0.4": partial(export_ome_zarr, version="0.4"),
        "tiff": export_tiff_slices,
        "tiff-stack": export_tiff_stack,
        "nifti": export_nifti,
        "nrrd": export_nrrd,
        "rle": export_rle,
    }
)
"""What ``--format`` and the dock offer."""
