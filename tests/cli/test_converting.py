"""``convert``, ``verify``, ``cache`` and ``export --inside`` as a person types them."""

import json

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.volumes import open_volume


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_VESSEL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mask(tmp_path):
    np.save(tmp_path / "m.npy", (np.random.default_rng(0).random((6, 20, 21)) < 0.3).astype("u1"))
    return tmp_path / "m.npy"


def whole(path):
    volume = open_volume(path)
    return volume.read(Box.of(volume.shape))


def test_a_volume_is_converted_and_labels_go_into_it(nv, tmp_path, mask):
    out = tmp_path / "v.ome.zarr"
    found = nv("convert", mask, out, "--voxel-size", "5,2,2", "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["shape"] == [6, 20, 21]
    np.testing.assert_array_equal(whole(out), np.load(mask))
    assert nv("convert", mask, out).exit_code == 2  # it stands there
    found = nv("export", mask, out, "--inside", "--voxel-size", "5,2,2")
    assert found.exit_code == 0, found.output
    np.testing.assert_array_equal(whole(out / "labels" / "vessels"), np.load(mask))
    assert nv("export", mask, out, "--inside", "--format", "rle").exit_code == 2


def test_an_export_is_verified_and_a_changed_one_fails_with_one_line(nv, tmp_path, mask):
    out = tmp_path / "m.nii"
    assert nv("export", mask, out, "--format", "nifti").exit_code == 0
    found = nv("verify", out, "--against", mask, "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["sound"] is True
    content = bytearray(out.read_bytes())
    content[-1] ^= 1
    out.write_bytes(content)
    found = nv("verify", out)
    assert found.exit_code == 1
    assert len(found.stderr.strip().splitlines()) == 1
    assert nv("verify", tmp_path / "nothing").exit_code == 1


def test_the_cache_is_shown_bounded_and_cleared(nv):
    assert json.loads(nv("cache", "--json").stdout)["limit_gb"] == 4
    assert json.loads(nv("cache", "--limit", "0.5", "--json").stdout)["limit_gb"] == 0.5
    assert json.loads(nv("cache", "--clear", "--json").stdout)["chunks"] == 0
    assert nv("cache", "--limit", "-1").exit_code == 2
