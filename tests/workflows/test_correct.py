import numpy as np
import pytest
import tifffile
import zarr

from napari_vessel.annotation import BACKGROUND, UNTOUCHED, VESSEL
from napari_vessel.errors import CallerError, JournalError, LabelsError, ProjectError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows import WORKFLOWS, Correct

WHOLE = Box.of((16, 64, 64))


def run(project, labels, **kw):
    return list(WORKFLOWS["correct"](Correct(project.path, str(labels), **kw)))[-1]


def codes(project):
    corrections = project.open_corrections(read_only=True)
    corrections.close()
    return corrections.overlay.read(WHOLE)


def test_everything_is_reviewed_as_the_labels_say(project, labels, truth):
    done = run(project, labels)
    np.testing.assert_array_equal(codes(project), np.where(truth, VESSEL, BACKGROUND))
    assert (done.voxels, done.vessel) == (truth.size, truth.sum())


def test_only_the_slices_named_are_taken_and_each_voxel_counts_once(project, labels, truth):
    slices = ((Plane.XY, 3), (Plane.YZ, 20), (Plane.XY, 3))
    done = run(project, labels, slices=slices)
    named = np.zeros(truth.shape, bool)
    named[3], named[:, :, 20] = True, True
    expected = np.where(named, np.where(truth, VESSEL, BACKGROUND), UNTOUCHED)
    np.testing.assert_array_equal(codes(project), expected)
    assert (done.voxels, done.vessel) == (named.sum(), truth[named].sum())


def test_slices_are_cut_at_the_box(project, labels):
    box = Box((2, 10, 10), (6, 20, 20))
    done = run(project, labels, slices=((Plane.XY, 3),), box=box)
    assert done.boxes == (Box((3, 10, 10), (4, 20, 20)),)
    assert np.count_nonzero(codes(project)) == 100


@pytest.mark.parametrize("dtype", ["u1", "i4", "u8", "f4", "?"])
def test_every_value_but_0_is_vessel_and_none_wraps(project, tmp_path, truth, dtype):
    highest = {"u8": 2**64 - 1, "i4": -256}.get(dtype, 1)
    labels = truth.astype(dtype) * np.dtype(dtype).type(highest)
    if dtype == "f4":
        labels[0, 0, 0] = np.nan
    np.save(tmp_path / "labels.npy", labels)
    done = run(project, tmp_path / "labels.npy")
    np.testing.assert_array_equal(codes(project) == VESSEL, truth != 0)
    assert done.vessel == truth.sum()


def test_labels_from_a_folder_of_slices(project, tmp_path, truth):
    (tmp_path / "slices").mkdir()
    for z, voxels in enumerate(truth):
        tifffile.imwrite(tmp_path / "slices" / f"{z:03}.tif", voxels * 255)
    assert run(project, tmp_path / "slices").vessel == truth.sum()


def test_one_undo_takes_all_of_it_back(project, labels):
    run(project, labels, slices=((Plane.XY, 3), (Plane.XY, 9)))
    corrections = project.open_corrections()
    corrections.undo()
    corrections.close()
    assert not codes(project).any()


def test_labels_of_another_shape_are_refused_with_both_shapes(project, tmp_path):
    np.save(tmp_path / "labels.npy", np.zeros((16, 64, 63), np.uint8))
    with pytest.raises(LabelsError, match=r"16 × 64 × 63 .* 16 × 64 × 64"):
        run(project, tmp_path / "labels.npy")
    assert not codes(project).any()


@pytest.fixture
def sized(project, volume):
    """The project, of a volume whose voxel size is known."""
    project.link(open_volume(volume, VolumeOptions(voxel_size=VoxelSize(5, 4, 4))))
    return project


def test_labels_of_another_scale_are_refused_with_both(sized, truth, tmp_path):
    labels = ome_zarr(tmp_path, truth, scale=(7, 7, 7))
    with pytest.raises(LabelsError, match=r"7 × 7 × 7 µm .* 5 × 4 × 4 µm"):
        run(sized, labels)
    assert not codes(sized).any()


def test_labels_of_another_offset_are_refused_with_both(sized, truth, tmp_path):
    labels = ome_zarr(tmp_path, truth, scale=(5, 4, 4), start=(25, 0, 0))
    with pytest.raises(LabelsError, match=r"begin at 25 × 0 × 0 µm .* begins at 0 × 0 × 0 µm"):
        run(sized, labels)
    assert not codes(sized).any()


def test_labels_that_lie_on_the_volume_or_do_not_say_where_are_taken(sized, truth, tmp_path):
    assert run(sized, ome_zarr(tmp_path, truth, scale=(5, 4, 4))).vessel == truth.sum()
    np.save(tmp_path / "labels.npy", truth)
    assert run(sized, tmp_path / "labels.npy").vessel == truth.sum()


def ome_zarr(folder, labels, scale, start=(0, 0, 0)):
    """Write labels with a place of their own as an OME-Zarr 0.5."""
    steps = [{"type": "scale", "scale": list(map(float, scale))}]
    steps.append({"type": "translation", "translation": list(map(float, start))})
    axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
    datasets = [{"path": "0", "coordinateTransformations": steps}]
    ome = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    group = zarr.create_group(folder / "labels.zarr", attributes={"ome": ome})
    group.create_array("0", data=labels.astype("u1"), dimension_names=["z", "y", "x"])
    return folder / "labels.zarr"


def test_a_project_whose_volume_changed_takes_nothing(project, volume, labels):
    np.save(volume, np.zeros((16, 64, 64), np.uint8))
    with pytest.raises(ProjectError, match="not the volume"):
        run(project, labels)
    assert not list(project.journal.iterdir())


@pytest.mark.parametrize(
    "what", [{"slices": ((Plane.XY, 16),)}, {"box": Box((0, 0, 0), (17, 1, 1))}]
)
def test_places_outside_of_the_volume_are_refused(project, labels, what):
    with pytest.raises(CallerError, match="16"):
        run(project, labels, **what)


def test_what_could_not_be_saved_is_not_said_to_be(project, labels, monkeypatch):
    monkeypatch.setattr("napari_vessel.annotation.Corrections.flush", lambda *_: False)
    with pytest.raises(JournalError, match="could not be saved"):
        run(project, labels)
