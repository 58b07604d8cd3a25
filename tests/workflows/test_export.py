import numpy as np
import pytest
import tifffile

from napari_vessel.errors import ExportError, OutputExistsError, ProjectError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.volumes import StoreSpec, create_store, open_volume, read_rle
from napari_vessel.workflows import WORKFLOWS, Correct, Export, Progress, Propose

WHOLE = Box.of((16, 64, 64))


def run(source, out, **kw):
    return list(WORKFLOWS["export"](Export(str(source), out, **kw)))


@pytest.fixture
def proposed(project, labels):
    """A project with a proposal and a corrected slice."""
    list(WORKFLOWS["propose"](Propose(project.path)))
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), ((Plane.XY, 3),))))
    return project


@pytest.fixture
def shown(proposed, truth):
    """What that project shows: corrections over the proposal."""
    mask = proposed.open_proposal().mask(WHOLE, 0.5)
    mask[3] = truth[3]
    return mask


@pytest.mark.parametrize("format_", ["ome-zarr", "tiff", "tiff-stack"])
def test_what_is_exported_is_what_is_shown(proposed, shown, tmp_path, format_):
    out = tmp_path / {"ome-zarr": "m.ome.zarr", "tiff": "slices", "tiff-stack": "m.tif"}[format_]
    events = run(proposed.path, out, format=format_)
    np.testing.assert_array_equal(open_volume(out).read(WHOLE) != 0, shown != 0)
    assert (events[-1].voxels, events[-1].vessel_voxels) == (shown.size, shown.sum())
    assert any(isinstance(event, Progress) for event in events)


def test_run_lengths_are_of_what_is_shown(proposed, shown, tmp_path):
    run(proposed.path, tmp_path / "m.csv", format="rle")
    np.testing.assert_array_equal(read_rle(tmp_path / "m.csv", shown.shape), shown)


def test_slices_are_named_as_the_input_s(tmp_path, truth):
    (tmp_path / "scan").mkdir()
    for z, voxels in enumerate(truth):
        tifffile.imwrite(tmp_path / "scan" / f"kidney_{z + 7}.tif", voxels)
    run(tmp_path / "scan", tmp_path / "out", format="tiff")
    names = {path.name for path in (tmp_path / "scan").iterdir()}
    assert names <= {path.name for path in (tmp_path / "out").iterdir()}


def test_corrections_alone_can_be_exported_and_it_says_so(project, labels, truth, tmp_path, caplog):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels))))
    run(project.path, tmp_path / "m.ome.zarr")
    assert "has no proposal" in caplog.text
    np.testing.assert_array_equal(open_volume(tmp_path / "m.ome.zarr").read(WHOLE), truth)


def test_the_provenance_travels_along(proposed, tmp_path):
    run(proposed.path, tmp_path / "m.ome.zarr")
    text = (tmp_path / "m.ome.zarr" / "zarr.json").read_text()
    for what in (proposed.open_proposal().recipe["checkpoint_sha256"], "corrections", "threshold"):
        assert what in text


def test_a_stored_probability_is_exported_as_a_mask(tmp_path, truth):
    spec = StoreSpec(shape=truth.shape, voxel_size=VoxelSize(1, 1, 1), attrs={"threshold": 0.5})
    store = create_store(tmp_path / "p.ome.zarr", spec)
    store.write("probability", WHOLE, np.where(truth, 200, 90).astype(np.uint8))
    run(store.path, tmp_path / "m.ome.zarr")
    np.testing.assert_array_equal(open_volume(tmp_path / "m.ome.zarr").read(WHOLE), truth)


def test_nothing_is_exported_over_something_unless_told(labels, tmp_path):
    run(labels, tmp_path / "m.ome.zarr")
    with pytest.raises(OutputExistsError):
        run(labels, tmp_path / "m.ome.zarr")
    assert run(labels, tmp_path / "m.ome.zarr", overwrite=True)[-1].voxels == WHOLE.size


def test_nothing_is_exported_over_its_source_even_when_told(proposed, volume, labels, tmp_path):
    for source, out in (
        (labels, labels),
        (proposed.path, proposed.path),
        (proposed.path, proposed.path / "proposals" / "m.ome.zarr"),
        (proposed.path, volume),
    ):
        with pytest.raises(ExportError):
            run(source, out, overwrite=True, format="ome-zarr")
    assert open_volume(volume).shape == WHOLE.shape
    assert proposed.open_proposal().complete


def test_a_format_that_is_not_known_is_refused_with_those_that_are(labels, tmp_path):
    with pytest.raises(
        ExportError, match=r"inside, nifti, nrrd, ome-zarr, ome-zarr-0\.4, rle, tiff, tiff-stack"
    ):
        run(labels, tmp_path / "m", format="bmp")


def test_a_project_of_another_volume_is_refused(proposed, volume, tmp_path):
    np.save(volume, np.zeros((16, 64, 64), np.uint8))
    with pytest.raises(ProjectError, match="not the volume"):
        run(proposed.path, tmp_path / "m.ome.zarr")
    assert not (tmp_path / "m.ome.zarr").exists()


@pytest.mark.parametrize("fmt", ["nifti", "nrrd", "rle", "tiff-stack"])
def test_an_export_of_one_file_that_is_cancelled_leaves_nothing(labels, tmp_path, fmt):
    before = set(tmp_path.iterdir())
    events = WORKFLOWS["export"](Export(str(labels), tmp_path / "m", fmt))
    next(events)
    events.close()
    assert set(tmp_path.iterdir()) == before


def test_an_export_that_is_cancelled_leaves_no_export_and_goes_on_when_asked_again(
    labels, tmp_path
):
    before = {path.name for path in tmp_path.iterdir()}
    request = Export(str(labels), tmp_path / "m.ome.zarr")
    events = WORKFLOWS["export"](request)
    next(events)
    events.close()
    left = {path.name for path in tmp_path.iterdir()} - before
    assert left == {"m.ome.zarr.unfinished", "m.ome.zarr.unfinished.log"}
    list(WORKFLOWS["export"](request))
    assert {path.name for path in tmp_path.iterdir()} - before == {"m.ome.zarr"}
