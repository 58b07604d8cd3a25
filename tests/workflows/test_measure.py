import numpy as np
import pytest

from napari_vessel.errors import CallerError, ExportError, OutputExistsError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.morphology import MeasureConfig
from napari_vessel.volumes import VolumeOptions, read_amira, read_surface, read_swc, voxels_within
from napari_vessel.workflows import WORKFLOWS, Correct, Measure, Progress

SIZE = VoxelSize(20, 20, 20)
OPTIONS = VolumeOptions(voxel_size=SIZE)


def run(source, **kw):
    kw.setdefault("options", OPTIONS)
    return list(WORKFLOWS["measure"](Measure(str(source), **kw)))


@pytest.fixture
def mask(tmp_path):
    """Two straight vessels, a hollow one among them, and a speck."""
    _, y, x = np.indices((40, 48, 50))
    found = ((y - 12) ** 2 + (x - 14) ** 2 <= 25) | ((y - 33) ** 2 + (x - 30) ** 2 <= 9)
    found[20, 12, 14] = False
    found[3:5, 44:46, 2:4] = True
    np.save(tmp_path / "m.npy", found.astype(np.uint8) * 255)
    return tmp_path / "m.npy", found


def test_a_mask_is_measured_piece_by_piece(mask) -> None:
    path, found = mask
    config = MeasureConfig(smallest_um3=10 * 20**3, block=(16, 20, 24), halo=8)
    *progress, measured = run(path, config=config, keep_graph=True)
    assert (measured.pieces, measured.removed) == (3, 1)
    assert measured.summary["branches"] == 2
    assert measured.summary["vessel_mm3"] == pytest.approx(
        (found.sum() - 8 + 1) * 20**3 / 1e9, rel=1e-9
    )
    assert sorted(measured.graph.radii_um) == pytest.approx([60, 100], rel=0.1)
    assert {e.what for e in progress} >= {"Finding pieces", "Finding cavities", "Thinning"}
    assert all(isinstance(e, Progress) for e in progress)


def test_a_cavity_is_kept_only_if_that_is_asked(mask) -> None:
    path, found = mask
    for fill, voxels in ((True, found.sum() + 1), (False, found.sum())):
        *_, measured = run(path, config=MeasureConfig(fill_cavities=fill), keep_graph=True)
        assert measured.graph.vessel_voxels == voxels


@pytest.mark.parametrize("kind", ["csv", "vesselvio", "swc", "amira"])
def test_every_graph_format_holds_every_branch(tmp_path, mask, kind) -> None:
    out = tmp_path / "out"
    *_, measured = run(mask[0], out=out, format=kind)
    branches = measured.summary["branches"]
    if kind == "csv":
        assert len((out / "branches.csv").read_text().splitlines()) == branches + 1
    elif kind == "vesselvio":
        assert len((out / "edges.csv").read_text().splitlines()) == branches + 1
    elif kind == "swc":
        assert (read_swc(out)[:, 6] == -1).sum() == measured.summary["pieces"]
    else:
        assert len(read_amira(out)["EdgeConnectivity"]) == branches


def test_a_surface_without_small_pieces_holds_the_rest(tmp_path, mask) -> None:
    path, found = mask
    box = Box((2, 3, 1), (38, 47, 49))
    config = MeasureConfig(smallest_um3=10 * 20**3, block=(16, 20, 24))
    *_, measured = run(path, out=tmp_path / "s.stl", format="stl", box=box, config=config)
    assert (measured.summary, measured.removed) == ({}, 1)
    expected = found.copy()
    expected[3:5, 44:46, 2:4] = False
    inside = voxels_within(read_surface(tmp_path / "s.stl"), box, SIZE)
    np.testing.assert_array_equal(inside, expected[box.slices])


def test_a_project_is_measured_as_it_shows(project, labels, truth) -> None:
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), ((Plane.XY, 3),))))
    *_, measured = run(project.path, options=VolumeOptions())
    assert measured.summary["vessel_mm3"] > 0
    assert measured.box == Box.of(truth.shape)


def test_what_cannot_be_is_refused_before_anything_is_read(tmp_path, mask) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(ExportError, match="csv, vesselvio, swc, amira, stl, ply"):
        run(mask[0], format="xlsx")
    with pytest.raises(ExportError, match="where to"):
        run(mask[0], format="stl")
    with pytest.raises(OutputExistsError):
        next(WORKFLOWS["measure"](Measure(str(mask[0]), tmp_path / "there", "swc")))
    with pytest.raises(CallerError, match="outside"):
        run(mask[0], box=Box((0, 0, 0), (41, 1, 1)))
    with pytest.raises(ExportError, match="harm"):
        run(mask[0], out=mask[0], format="swc", overwrite=True)
