"""A graph as SWC: trees of samples, each with its parent."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError
from napari_vessel.volumes._atomic import file_beside
from napari_vessel.volumes._graph_text import lines
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._output import check_file
from napari_vessel.volumes._vessel_graph import VesselGraph

__all__ = ["read_swc", "write_swc"]

_Floats = NDArray[np.float64]


def write_swc(
    graph: VesselGraph, source: MaskSource, out: Path, *, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write an SWC file: a tree for every piece, xyz and radius in µm.

    SWC knows no rings: a branch that closes one (of Strahler order 0) ends free, just
    before the node that it would close at. The root of a tree is its widest free end.

    Parameters, returns and errors are those of :func:`write_graph_csv`.
    """
    check_file(source, out, overwrite=overwrite)
    return _write(graph, source, out, overwrite)


def _write(
    graph: VesselGraph, source: MaskSource, out: Path, overwrite: bool
) -> Iterator[ExportProgress]:
    samples = _Samples(graph)
    samples.gather()
    number = np.arange(1, len(samples.places) + 1)
    places = np.array(samples.places, np.float64).reshape(-1, 4)
    x, y, z, radius = (places[:, i] for i in (2, 1, 0, 3))
    parent = np.array(samples.parents, np.int64)
    columns = [number, np.zeros_like(number), x, y, z, radius, parent]
    total = len(number) + 1
    with file_beside(out, overwrite=overwrite) as beside:
        done = 0
        with beside.open("w", encoding="ascii", newline="\n") as file:
            file.write(f"# {json.dumps(source.document)}\n")
            file.write("# n type x_um y_um z_um radius_um parent; rings are cut where they close\n")
            for text in lines(columns, " "):
                file.write(text)
                done += text.count("\n")
                yield ExportProgress(done, total)
        if len(read_swc(beside)) != len(number):
            raise ReadError(f"{out} does not come back as written: check the disk.")
    yield ExportProgress(total, total)


@dataclass
class _Samples:
    """The samples of a graph's trees, parents before children."""

    graph: VesselGraph
    places: list[tuple[float, float, float, float]] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)

    def gather(self) -> None:
        """Go through every piece from its root, then add what closes rings."""
        graph = self.graph
        around: list[list[tuple[int, int]]] = [[] for _ in graph.nodes_um]
        for index in np.flatnonzero(graph.orders > 0).tolist():
            one, other = graph.ends[index].tolist()
            around[one].append((index, other))
            around[other].append((index, one))
        sample: dict[int, int] = {}
        for root in np.lexsort((-graph.node_radius_um, graph.degrees != 1)).tolist():
            if root in sample:
                continue
            sample[root] = self._add([*graph.nodes_um[root], graph.node_radius_um[root]], -1)
            queue = deque([root])
            while queue:
                node = queue.popleft()
                for index, other in around[node]:
                    if other not in sample:
                        backwards = graph.ends[index, 0] != node
                        sample[other] = self._follow(index, sample[node], backwards=backwards)
                        queue.append(other)
        for index in np.flatnonzero(graph.orders == 0).tolist():
            self._follow(index, sample[int(graph.ends[index, 0])], whole=False)

    def _follow(
        self, index: int, parent: int, *, backwards: bool = False, whole: bool = True
    ) -> int:
        """Add the points of a branch but the first, which is there; return the last one."""
        at = self.graph.branch(index)
        points = np.column_stack([self.graph.points_um[at], self.graph.radius_um[at]])
        points = points[::-1] if backwards else points
        for point in points[1:] if whole else points[1:-1]:
            parent = self._add(point.tolist(), parent)
        return parent

    def _add(self, sample: list[float], parent: int) -> int:
        z, y, x, radius = sample
        self.places.append((z, y, x, radius))
        self.parents.append(parent)
        return len(self.parents)


def read_swc(path: Path) -> _Floats:
    """Read the samples of an SWC file: n, type, x, y, z, radius, parent, ``(samples, 7)``.

    Raises
    ------
    ReadError
        A row is none, or its parent does not stand before it.
    """
    with path.open(encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    try:
        samples = np.array(rows, np.float64).reshape(-1, 7)
    except ValueError as error:
        raise ReadError(f"{path} is no SWC file: {error}.") from error
    if (samples[:, 6] >= samples[:, 0]).any():
        raise ReadError(f"{path}: a sample stands before its parent.")
    return samples
