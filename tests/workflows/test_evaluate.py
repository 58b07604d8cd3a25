import numpy as np
import pytest

from napari_vessel.errors import CallerError, LabelsError, OutputExistsError, ProjectError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.metrics import auc, betti_errors, scores
from napari_vessel.volumes import StoreSpec, VolumeOptions, create_store, mask_of, probability_u8
from napari_vessel.workflows import WORKFLOWS, Correct, Evaluate

WHOLE = Box.of((16, 64, 64))


def run(prediction, truth, **kw):
    return list(WORKFLOWS["evaluate"](Evaluate(str(prediction), str(truth), **kw)))[-1].scores


@pytest.fixture
def chance(truth):
    noise = np.random.default_rng(1).random(truth.shape)
    return np.clip(truth * 0.4 + noise * 0.6, 0, 1).astype(np.float32)


def test_a_mask_is_scored_as_the_metrics_say_and_has_no_auc(tmp_path, truth, labels):
    prediction = np.roll(truth, 2, 1)
    np.save(tmp_path / "p.npy", prediction * 255)
    found = run(tmp_path / "p.npy", labels)
    expected = scores(prediction, truth).as_dict()
    errors = {name: found.pop(name) for name in ("b0_error", "b1_error", "b2_error")}
    assert found == pytest.approx(expected, abs=0.01)
    betti = betti_errors(prediction, truth)
    assert list(errors.values()) == [betti.b0, betti.b1, betti.b2]
    assert "auc" not in found


def test_itself_scores_1(labels):
    found = run(labels, labels)
    assert {found.pop(name) for name in ("b0_error", "b1_error", "b2_error")} == {0}
    assert set(found.values()) == {1.0}


@pytest.mark.parametrize("threshold", [None, 0.7])
def test_fractions_are_a_probability_at_a_threshold(tmp_path, truth, labels, chance, threshold):
    np.save(tmp_path / "p.npy", chance)
    found = run(tmp_path / "p.npy", labels, threshold=threshold)
    stored = probability_u8(chance)
    expected = scores(mask_of(stored, threshold or 0.5), truth)
    assert found["dice"] == pytest.approx(expected.dice)
    assert found["auc"] == pytest.approx(auc(stored, truth))


@pytest.mark.parametrize("threshold", [None, 0.7])
def test_a_stored_probability_is_scored_at_its_own_threshold(
    tmp_path, truth, labels, chance, threshold
):
    spec = StoreSpec(shape=truth.shape, voxel_size=VoxelSize(1, 1, 1), attrs={"threshold": 0.3})
    store = create_store(tmp_path / "p.ome.zarr", spec)
    store.write("probability", WHOLE, probability_u8(chance))
    found = run(store.path, labels, threshold=threshold)
    expected = scores(mask_of(probability_u8(chance), threshold or 0.3), truth)
    assert found["dice"] == pytest.approx(expected.dice)
    assert 0.5 < found["auc"] < 1


def test_a_project_is_scored_by_what_it_shows(project, labels, truth):
    list(WORKFLOWS["correct"](Correct(project.path, str(labels), ((Plane.XY, 3),))))
    shown = np.zeros_like(truth)
    shown[3] = truth[3]
    assert run(project.path, labels)["recall"] == pytest.approx(scores(shown, truth).recall)


def test_of_different_shapes_both_are_named(tmp_path, labels):
    np.save(tmp_path / "p.npy", np.zeros((15, 64, 64), np.uint8))
    with pytest.raises(LabelsError, match=r"\(15, 64, 64\).*\(16, 64, 64\)"):
        run(tmp_path / "p.npy", labels)


def test_a_threshold_for_a_mask_is_refused(labels):
    with pytest.raises(CallerError, match="leave it out"):
        run(labels, labels, threshold=0.4)


def test_a_project_of_another_volume_is_refused(project, volume, labels):
    np.save(volume, np.zeros((16, 64, 64), np.uint8))
    with pytest.raises(ProjectError, match="not the volume"):
        run(project.path, labels)


def test_the_voxel_size_given_counts(tmp_path, truth, labels):
    np.save(tmp_path / "p.npy", np.roll(truth, 2, 1))
    thin = VolumeOptions(voxel_size=VoxelSize(50, 1, 1))
    one, other = run(tmp_path / "p.npy", labels), run(tmp_path / "p.npy", labels, options=thin)
    assert one["surface_dice"] != other["surface_dice"]
    assert one["dice"] == other["dice"]


def test_the_table_of_blocks_holds_every_block_and_is_not_written_over(tmp_path, truth, labels):
    np.save(tmp_path / "p.npy", np.roll(truth, 2, 1) * 255)
    table = tmp_path / "blocks.csv"
    run(tmp_path / "p.npy", labels, blocks=table)
    header, *rows = table.read_text().splitlines()
    names = header.split(",")
    assert names[:6] == ["z0", "y0", "x0", "z1", "y1", "x1"]
    (row,) = (dict(zip(names, map(float, row.split(",")), strict=True)) for row in rows)
    assert row["dice"] == pytest.approx(scores(np.roll(truth, 2, 1), truth).dice)
    with pytest.raises(OutputExistsError, match=r"blocks\.csv"):
        run(labels, labels, blocks=table)
    run(labels, labels, blocks=table, overwrite=True)
    assert "1.0,1.0,1.0,0,0" in table.read_text()
