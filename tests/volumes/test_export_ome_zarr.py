import json
import warnings

import numpy as np
import pytest
import yaozarrs
import zarr

from napari_vessel.errors import WriteError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes import MaskSource, export_ome_zarr
from napari_vessel.volumes import _export_ome_zarr as module
from napari_vessel.volumes._pyramid import coarsen


def exported(mask, out, **more):
    source = MaskSource(mask.shape, VoxelSize(5.0, 1.5, 2.0), lambda b: mask[b.slices], **more)
    list(export_ome_zarr(source, out))
    return out


@pytest.fixture
def thin_vessel():
    """One voxel wide, on odd indices: the nearest neighbour would lose it."""
    mask = np.zeros((70, 131, 67), np.uint8)
    mask[:, 33, 33] = 1
    return mask


@pytest.mark.parametrize("levels", [1, 2, 5])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 70, 131)])
def test_an_export_is_valid_at_every_group(tmp_path, shape, levels):
    out = exported(np.ones(shape, np.uint8), tmp_path / "a.ome.zarr", levels=levels)

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what should be there is there, too
        for group in ("", "labels", "labels/vessels"):
            yaozarrs.validate_zarr_store(out / group)
    for group in ("", "labels/vessels"):
        ome = json.loads((out / group / "zarr.json").read_text())["attributes"]["ome"]
        yaozarrs.validate_ome_object(ome)
        assert len(ome["multiscales"][0]["datasets"]) == levels


def test_a_thin_vessel_stays_whole_at_every_level(tmp_path, thin_vessel):
    out = exported(thin_vessel, tmp_path / "a.ome.zarr", levels=3)
    group = zarr.open_group(out, mode="r")

    for level in (1, 2):
        coarse = group[f"labels/vessels/{level}"][:]
        assert (coarse.max(axis=(1, 2)) == 1).all()
        finer = group[f"labels/vessels/{level - 1}"][:]
        factors = tuple(-(-a // b) for a, b in zip(finer.shape, coarse.shape, strict=True))
        np.testing.assert_array_equal(coarse, coarsen(finer, factors, "max"))


def test_napari_ome_zarr_reads_image_and_labels_with_their_scale(tmp_path, thin_vessel):
    reader = pytest.importorskip("napari_ome_zarr").napari_get_reader
    out = exported(thin_vessel, tmp_path / "a.ome.zarr", levels=2)

    with warnings.catch_warnings():
        warnings.simplefilter("default")  # a reader's own warnings are not ours
        layers = reader(str(out))(str(out))

    kinds = {kind: (data, options) for data, options, kind in layers}
    assert set(kinds) == {"image", "labels"}
    for data, options in kinds.values():
        np.testing.assert_array_equal(np.asarray(data[0]), thin_vessel)
        assert len(data) == 2
        assert options["units"] == ("micrometer",) * 3
        np.testing.assert_allclose(options["scale"], (5.0, 1.5, 2.0))
        np.testing.assert_array_equal(options["affine"].affine_matrix, np.eye(4))


def test_a_large_mask_is_sharded_and_reads_back(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", (4, 4, 4))
    monkeypatch.setattr(module, "_SHARD", (8, 8, 8))
    monkeypatch.setattr(module, "_MANY", 10)
    mask = (np.random.default_rng(0).random((9, 17, 11)) < 0.4).astype(np.uint8)

    out = exported(mask, tmp_path / "a.ome.zarr", levels=2)

    group = zarr.open_group(out, mode="r")
    assert group["labels/vessels/0"].shards == (8, 8, 8)
    np.testing.assert_array_equal(group["labels/vessels/0"][:], mask)
    np.testing.assert_array_equal(group["labels/vessels/1"][:], coarsen(mask, (2, 2, 2), "max"))


def test_a_block_that_does_not_come_back_ends_the_export(tmp_path, monkeypatch):
    real = module.Levels.read
    monkeypatch.setattr(module.Levels, "read", lambda *args: 1 - real(*args))

    with pytest.raises(WriteError, match="does not come back"):
        exported(np.ones((2, 3, 4), np.uint8), tmp_path / "a.ome.zarr")

    assert not list(tmp_path.iterdir())
