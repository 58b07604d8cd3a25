"""A graph as CSV: tables of nodes, branches and points, or the two that VesselVio reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.volumes._atomic import folder_beside
from napari_vessel.volumes._graph_text import write_table
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._output import check_folder
from napari_vessel.volumes._vessel_graph import VesselGraph

__all__ = ["RECIPE", "write_graph_csv", "write_vesselvio"]

RECIPE = "graph.json"
"""Beside the tables: what was measured, the recipe of the mask, and the summary."""

_Tables = dict[str, dict[str, NDArray[np.generic]]]


def write_graph_csv(
    graph: VesselGraph, source: MaskSource, out: Path, *, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write a folder of ``nodes.csv``, ``branches.csv``, ``points.csv`` and ``graph.json``.

    Parameters
    ----------
    graph
        What was measured.
    source
        The mask it was measured on: its recipe goes with it, and its files are not harmed.
    out
        The folder to make.
    overwrite
        Replace an earlier one, once the new one is whole.

    Returns
    -------
    Iterator[ExportProgress]
        To be drawn to its end; nothing stands at ``out`` before.

    Raises
    ------
    ExportError, OutputExistsError
        At once, if it cannot be written as asked.
    WriteError
        While drawing; what stood at ``out`` is kept.
    """
    check_folder(source, out, overwrite=overwrite, marks=(RECIPE,))
    return _write(graph, source, out, overwrite, _own_tables(graph))


def write_vesselvio(
    graph: VesselGraph, source: MaskSource, out: Path, *, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write a folder of the two tables that VesselVio opens, ``vertices.csv`` and ``edges.csv``.

    In VesselVio: Graph file format CSV, Vertex representation Branches, delimiter ``,``,
    resolution 1 µm; the names of its columns are the ones it offers.

    Parameters, returns and errors are those of :func:`write_graph_csv`.
    """
    check_folder(source, out, overwrite=overwrite, marks=(RECIPE,))
    return _write(graph, source, out, overwrite, _vesselvio_tables(graph))


def _write(
    graph: VesselGraph, source: MaskSource, out: Path, overwrite: bool, tables: _Tables
) -> Iterator[ExportProgress]:
    total = sum(len(next(iter(table.values()))) for table in tables.values()) + 1
    before = 0
    with folder_beside(out, overwrite=overwrite) as beside:
        for name, table in tables.items():
            with (beside / name).open("w", encoding="utf-8", newline="") as file:
                for rows in write_table(file, table):
                    yield ExportProgress(before + rows, total)
            before += len(next(iter(table.values())))
        document = {"mask": source.document, "box_zyx": str(graph.box), "summary": graph.summary}
        (beside / RECIPE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    yield ExportProgress(total, total)


def _own_tables(graph: VesselGraph) -> _Tables:
    point = np.arange(len(graph.points_um)) - np.repeat(graph.firsts[:-1], np.diff(graph.firsts))
    return {
        "nodes.csv": {
            "node": np.arange(len(graph.nodes_um)),
            **_places(graph.nodes_um),
            "radius_um": graph.node_radius_um,
            "branches": graph.degrees,
            "piece": graph.pieces,
        },
        "branches.csv": {
            "branch": np.arange(len(graph)),
            "from_node": graph.ends[:, 0],
            "to_node": graph.ends[:, 1],
            "length_um": graph.lengths_um,
            "chord_um": graph.chords_um,
            "tortuosity": graph.tortuosity,
            "radius_um": graph.radii_um,
            "volume_um3": graph.volumes_um3,
            "surface_um2": graph.surfaces_um2,
            "strahler": graph.orders,
        },
        "points.csv": {
            "branch": graph.owner,
            "point": point,
            **_places(graph.points_um),
            "radius_um": graph.radius_um,
        },
    }


def _vesselvio_tables(graph: VesselGraph) -> _Tables:
    z, y, x = graph.nodes_um.T
    return {
        "vertices.csv": {"X": x, "Y": y, "Z": z, "radius": graph.node_radius_um},
        "edges.csv": {
            "Source ID": graph.ends[:, 0],
            "Target ID": graph.ends[:, 1],
            "radius_avg": graph.radii_um,
            "length": graph.lengths_um,
            "tortuosity": np.nan_to_num(graph.tortuosity),  # a loop's, as VesselVio has it
            "volume": graph.volumes_um3,
            "surface_area": graph.surfaces_um2,
        },
    }


def _places(places_um: NDArray[np.float64]) -> dict[str, NDArray[np.generic]]:
    return {f"{axis}_um": places_um[:, i] for i, axis in enumerate("zyx")}
