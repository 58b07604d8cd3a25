"""A graph as Amira and Avizo read it: SpatialGraph, in ASCII."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError
from napari_vessel.volumes._atomic import file_beside
from napari_vessel.volumes._graph_text import lines
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._output import check_file
from napari_vessel.volumes._vessel_graph import VesselGraph

__all__ = ["read_amira", "write_amira"]

_HEADER = "# AmiraMesh 3D ASCII 2.0"


def write_amira(
    graph: VesselGraph, source: MaskSource, out: Path, *, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write a ``.am`` file: coordinates xyz in µm, thickness is the radius at every point.

    Parameters, returns and errors are those of :func:`write_graph_csv`.
    """
    check_file(source, out, overwrite=overwrite)
    return _write(graph, source, out, overwrite)


def _write(
    graph: VesselGraph, source: MaskSource, out: Path, overwrite: bool
) -> Iterator[ExportProgress]:
    fields = _fields(graph)
    total = sum(len(columns[0]) for _, columns in fields.values()) + 1
    done = 0
    with file_beside(out, overwrite=overwrite) as beside:
        with beside.open("w", encoding="ascii", newline="\n") as file:
            file.write(_head(graph, source, [declared for declared, _ in fields.values()]))
            for number, (_, columns) in enumerate(fields.values(), start=1):
                file.write(f"\n@{number}\n")
                for text in lines(columns, " "):
                    file.write(text)
                    done += text.count("\n")
                    yield ExportProgress(done, total)
        if sum(len(column) for column in read_amira(beside).values()) != total - 1:
            raise ReadError(f"{out} does not come back as written: check the disk.")
    yield ExportProgress(total, total)


def _head(graph: VesselGraph, source: MaskSource, declared: list[str]) -> str:
    document = json.dumps(json.dumps(source.document))  # a quoted string, ASCII
    return "\n".join(
        [
            _HEADER,
            "",
            f"define VERTEX {len(graph.nodes_um)}",
            f"define EDGE {len(graph)}",
            f"define POINT {len(graph.points_um)}",
            "",
            "Parameters {",
            f"    Mask {document},",
            '    Units { Coordinates "um" }',
            '    ContentType "HxSpatialGraph"',
            "}",
            "",
            *(f"{each} @{number}" for number, each in enumerate(declared, start=1)),
            "",
            "# Data section follows",
            "",
        ]
    )


def _fields(graph: VesselGraph) -> dict[str, tuple[str, list[NDArray[np.generic]]]]:
    counts = np.diff(graph.firsts)
    columns: dict[str, tuple[str, list[NDArray[np.generic]]]] = {
        "VertexCoordinates": ("VERTEX { float[3] VertexCoordinates }", _xyz(graph.nodes_um)),
        "EdgeConnectivity": ("EDGE { int[2] EdgeConnectivity }", list(graph.ends.T)),
        "NumEdgePoints": ("EDGE { int NumEdgePoints }", [counts]),
        "EdgePointCoordinates": ("POINT { float[3] EdgePointCoordinates }", _xyz(graph.points_um)),
        "thickness": ("POINT { float thickness }", [graph.radius_um]),
        "MeanRadius": ("EDGE { float MeanRadius }", [graph.radii_um]),
        "StrahlerOrder": ("EDGE { int StrahlerOrder }", [graph.orders]),
    }
    return columns


def _xyz(places_um: NDArray[np.float64]) -> list[NDArray[np.generic]]:
    return [places_um[:, axis] for axis in (2, 1, 0)]


def read_amira(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read the fields of an ASCII SpatialGraph by their names, ``(rows,)`` or ``(rows, n)``.

    Raises
    ------
    ReadError
        It is none, or a field is shorter than it says.
    """
    with path.open(encoding="utf-8") as file:
        text = file.read()
    head, marker, body = text.partition("# Data section follows")
    if "HxSpatialGraph" not in head or not marker:
        raise ReadError(f"{path} is no SpatialGraph in ASCII.")
    counts: dict[str, int] = {}
    declared: dict[int, tuple[str, str, int]] = {}
    for line in head.splitlines():
        words = line.split()
        if words[:1] == ["define"]:
            counts[words[1]] = int(words[2])
        elif words and words[-1].startswith("@"):
            kind, name = words[2], words[3]
            width = int(kind[kind.index("[") + 1 : -1]) if "[" in kind else 1
            declared[int(words[-1][1:])] = words[0], name, width
    return {
        name: _block(path, body, number, (counts[kind], width))
        for number, (kind, name, width) in declared.items()
    }


def _block(path: Path, body: str, number: int, shape: tuple[int, int]) -> NDArray[np.float64]:
    mark = f"\n@{number}\n"
    start = body.find(mark) + len(mark)
    if start < len(mark):
        raise ReadError(f"{path}: @{number} is not there, expected {shape}.")
    stop = body.find("\n@", start)
    values = np.array(body[start : stop if stop >= 0 else None].split(), np.float64)
    if values.size != shape[0] * shape[1]:
        raise ReadError(f"{path}: @{number} has {values.size} numbers, expected {shape}.")
    return values if shape[1] == 1 else values.reshape(shape)
