import csv
import json

import numpy as np
import pytest

from napari_vessel.errors import ExportError, OutputExistsError, ReadError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import GRAPH_WRITERS, MaskSource, VesselGraph, read_amira, read_swc

SIZE = VoxelSize(2, 1, 1)


def course(*points):
    return np.array(points, float)


@pytest.fixture
def graph() -> VesselGraph:
    """A trunk that parts in two, a ring at one end, and a lone voxel."""
    nodes = course([0, 0, 0], [10, 0, 0], [20, 5, 0], [20, -5, 0.123456789], [50, 50, 50])
    ends = np.array([[0, 1], [1, 2], [1, 3], [2, 3], [3, 3]])
    middle = [[5, 0, 1], [15, 3, 0], [15, -3, 0], [22, 0, 0], [25, -9, 3]]
    points = [np.vstack([nodes[a], m, nodes[b]]) for (a, b), m in zip(ends, middle, strict=True)]
    radii = np.repeat([4.0, 3, 2, 1, 0.5], 3)
    return VesselGraph(
        Box.of((30, 20, 10)),
        SIZE,
        99,
        nodes,
        np.array([4.0, 4, 3, 2, 1]),
        ends,
        np.arange(0, 16, 3),
        np.concatenate(points),
        radii,
        np.array([2, 1, 1, 0, 0]),
    )


@pytest.fixture
def nothing(graph) -> VesselGraph:
    none = np.zeros((0, 3))
    ends, firsts = np.zeros((0, 2), np.int64), np.zeros(1, np.int64)
    flat, orders = np.zeros(0), np.zeros(0, np.int64)
    return VesselGraph(graph.box, SIZE, 0, none, flat, ends, firsts, none, flat, orders)


@pytest.fixture
def source() -> MaskSource:
    empty = np.zeros((30, 20, 10), bool)
    return MaskSource(empty.shape, SIZE, lambda box: empty[box.slices], recipe={"a": "é\n"})


def write(kind, graph, source, out, **options):
    *_, last = GRAPH_WRITERS[kind](graph, source, out, **options)
    assert last.done == last.total
    return out


def table(path):
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    columns = np.array([[float(cell or "nan") for cell in row] for row in rows]).T
    return dict(zip(header, columns, strict=True))


def test_csv_tables_hold_the_graph(tmp_path, graph, source) -> None:
    out = write("csv", graph, source, tmp_path / "g")
    nodes, branches, points = (table(out / f"{n}.csv") for n in ("nodes", "branches", "points"))
    np.testing.assert_allclose([nodes[f"{a}_um"] for a in "zyx"], graph.nodes_um.T, rtol=1e-8)
    np.testing.assert_array_equal(nodes["branches"], [1, 3, 2, 4, 0])
    np.testing.assert_array_equal([branches["from_node"], branches["to_node"]], graph.ends.T)
    np.testing.assert_allclose(branches["length_um"], graph.lengths_um, rtol=1e-8)
    np.testing.assert_allclose(branches["tortuosity"], graph.tortuosity, rtol=1e-8)
    assert np.isnan(branches["tortuosity"]).tolist() == [False] * 4 + [True]
    np.testing.assert_array_equal(branches["strahler"], graph.orders)
    np.testing.assert_allclose([points[f"{a}_um"] for a in "zyx"], graph.points_um.T, rtol=1e-8)
    np.testing.assert_array_equal(points["point"], [0, 1, 2] * 5)
    document = json.loads((out / "graph.json").read_text())
    assert document["summary"]["branches"] == 5
    assert document["mask"]["recipe"] == {"a": "é\n"}


def test_vesselvio_finds_the_columns_that_it_offers(tmp_path, graph, source) -> None:
    out = write("vesselvio", graph, source, tmp_path / "g")
    vertices, edges = table(out / "vertices.csv"), table(out / "edges.csv")
    assert list(vertices) == ["X", "Y", "Z", "radius"]
    assert {"Source ID", "Target ID", "radius_avg", "length"} <= set(edges)
    np.testing.assert_allclose(vertices["X"], graph.nodes_um[:, 2], rtol=1e-8)
    np.testing.assert_array_equal(edges["Source ID"], graph.ends[:, 0])
    np.testing.assert_allclose(edges["volume"], graph.volumes_um3, rtol=1e-8)


def test_amira_reads_back_as_the_graph(tmp_path, graph, source) -> None:
    found = read_amira(write("amira", graph, source, tmp_path / "g.am"))
    np.testing.assert_allclose(found["VertexCoordinates"], graph.nodes_um[:, ::-1], rtol=1e-8)
    np.testing.assert_array_equal(found["EdgeConnectivity"], graph.ends)
    np.testing.assert_array_equal(found["NumEdgePoints"], np.diff(graph.firsts))
    np.testing.assert_allclose(found["EdgePointCoordinates"], graph.points_um[:, ::-1], rtol=1e-8)
    np.testing.assert_allclose(found["thickness"], graph.radius_um)
    text = (tmp_path / "g.am").read_text(encoding="ascii")
    assert text.startswith("# AmiraMesh 3D ASCII 2.0\n")
    assert 'ContentType "HxSpatialGraph"' in text
    assert "EDGE { int NumEdgePoints } @3" in text


def test_swc_is_trees_of_all_points_with_rings_cut(tmp_path, graph, source) -> None:
    samples = read_swc(write("swc", graph, source, tmp_path / "g.swc"))
    # Five nodes, a point along each branch; the two that close rings are cut before their end.
    assert len(samples) == 5 + 5
    assert (samples[:, 6] == -1).sum() == 2
    number, parent = samples[:, 0].astype(int), samples[:, 6].astype(int)
    np.testing.assert_array_equal(number, np.arange(1, 11))
    inner = parent > 0
    steps = np.linalg.norm(samples[inner, 2:5] - samples[parent[inner] - 1, 2:5], axis=1)
    kept = graph.lengths_um[:3].sum() + np.linalg.norm(graph.points_um[9] - graph.points_um[10])
    kept += np.linalg.norm(graph.points_um[12] - graph.points_um[13])
    assert steps.sum() == pytest.approx(kept)
    assert samples[0, 2:6].tolist() == [0, 0, 0, 4]  # the widest free end is the root


@pytest.mark.parametrize("kind", sorted(GRAPH_WRITERS))
def test_a_graph_of_nothing_is_written(tmp_path, nothing, source, kind) -> None:
    assert write(kind, nothing, source, tmp_path / "g").exists()


@pytest.mark.parametrize("kind", sorted(GRAPH_WRITERS))
def test_what_stands_there_is_kept_until_the_new_one_is_whole(
    tmp_path, graph, source, kind
) -> None:
    out = write(kind, graph, source, tmp_path / "g")
    before = sorted(p.stat().st_mtime_ns for p in (out, *out.rglob("*")))
    with pytest.raises(OutputExistsError):
        GRAPH_WRITERS[kind](graph, source, out)
    events = GRAPH_WRITERS[kind](graph, source, out, overwrite=True)
    next(events)
    events.close()
    assert sorted(p.stat().st_mtime_ns for p in (out, *out.rglob("*"))) == before
    assert [p.name for p in tmp_path.iterdir()] == ["g"]
    write(kind, graph, source, out, overwrite=True)


def test_a_folder_that_is_no_graph_is_not_replaced(tmp_path, graph, source) -> None:
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match="earlier result"):
        GRAPH_WRITERS["csv"](graph, source, tmp_path / "g", overwrite=True)


def test_cut_files_are_refused(tmp_path, graph, source) -> None:
    out = write("amira", graph, source, tmp_path / "g.am")
    out.write_text(out.read_text()[:-30])
    with pytest.raises(ReadError, match="expected"):
        read_amira(out)
    (tmp_path / "g.swc").write_text("1 0 1 1 1 1 5\n")
    with pytest.raises(ReadError, match="parent"):
        read_swc(tmp_path / "g.swc")
