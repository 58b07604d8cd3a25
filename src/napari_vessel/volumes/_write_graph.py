"""The formats a graph can be written in, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._output import check_file, check_folder
from napari_vessel.volumes._vessel_graph import VesselGraph
from napari_vessel.volumes._write_amira import write_amira
from napari_vessel.volumes._write_graph_csv import RECIPE, write_graph_csv, write_vesselvio
from napari_vessel.volumes._write_swc import write_swc

__all__ = ["GRAPH_WRITERS", "GraphWriter", "check_graph_output"]


class GraphWriter(Protocol):
    """Refuses at once what cannot be done; writes while its events are drawn."""

    def __call__(
        self, graph: VesselGraph, source: MaskSource, out: Path, *, overwrite: bool = False
    ) -> Iterator[ExportProgress]:
        """Write ``graph``, measured on ``source``, to ``out``; see :func:`write_graph_csv`."""


GRAPH_WRITERS: Mapping[str, GraphWriter] = MappingProxyType(
    {
        "csv": write_graph_csv,
        "vesselvio": write_vesselvio,
        "swc": write_swc,
        "amira": write_amira,
    }
)
"""What ``measure --format`` and the dock offer for graphs."""

_FOLDERS = ("csv", "vesselvio")


def check_graph_output(kind: str, source: MaskSource, out: Path, *, overwrite: bool) -> None:
    """Refuse, before anything is measured, to write where that would harm something.

    Raises
    ------
    ExportError, OutputExistsError
        As the writer called ``kind`` does.
    """
    if kind in _FOLDERS:
        check_folder(source, out, overwrite=overwrite, marks=(RECIPE,))
    else:
        check_file(source, out, overwrite=overwrite)
