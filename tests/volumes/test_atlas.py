import json

import pytest

from napari_vessel.errors import ReadError
from napari_vessel.volumes import load_atlas, search_atlas
from napari_vessel.volumes._address import REMOTE, Address, scheme_of


@pytest.fixture(scope="module")
def atlas():
    return load_atlas()


def test_every_data_set_has_an_address_that_can_be_opened_and_a_size(atlas):
    assert len(atlas) > 300
    assert len({volume.name for volume in atlas}) == len(atlas)
    for volume in atlas:
        assert scheme_of(volume.address) in REMOTE
        address = Address.of(volume.address)
        assert address.format in {"n5", "zarr"}
        assert address.http_url.startswith("https://storage.googleapis.com/")
        assert min(volume.shape) > 0
        assert volume.voxel_size_um > 0
        assert volume.doi == "" or volume.doi.startswith("10.")


def test_a_search_finds_by_organ_donor_and_voxel_size(atlas):
    kidneys = search_atlas(atlas, organ="kidney", whole=True)
    assert kidneys
    assert all(volume.organ == "kidney" and volume.whole for volume in kidneys)
    donor = kidneys[0].donor
    found = search_atlas(atlas, f"{donor.lower()} KIDNEY", voxel_um=(5, 30))
    assert found
    assert all(v.donor == donor and 5 <= v.voxel_size_um <= 30 for v in found)
    assert search_atlas(atlas, "no such organ") == []


def test_a_level_that_fits_the_screen_is_the_finest_that_does(atlas):
    for volume in atlas:
        level = volume.levels[volume.level_fitting(1500)]
        assert max(level.shape[1:]) <= 1500
        assert level.number == 0 or max(volume.levels[level.number - 1].shape[1:]) > 1500


def test_it_opens_with_the_voxel_size_of_the_finest_level(atlas):
    options = atlas[0].options(3)
    assert options.level == 3
    assert options.voxel_size.x_um == atlas[0].voxel_size_um


def test_a_newer_list_is_read_from_hoa_tools_files(tmp_path, atlas):
    told = {
        "name": "new", "voi": "complete-organ", "donor": {"id": "D-1"},
        "sample": {"organ": "kidney", "organ_context": None},
        "data": {"shape": [10, 20, 30], "voxel_size_um": 8.0, "gcs_url": "n5://gs://bucket/new/"},
    }  # fmt: skip
    (tmp_path / "new.json").write_text(json.dumps(told))
    (found,) = load_atlas(tmp_path)
    assert found.shape == (30, 20, 10)
    assert found.donor == "D-1"
    assert load_atlas(tmp_path / "new.json") == [found]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"name": 3, "data": []}'])
def test_what_is_no_list_is_refused_in_words(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ReadError, match=r"a\.json"):
        load_atlas(tmp_path)
    (tmp_path / "a.json").unlink()
    with pytest.raises(ReadError, match="holds no"):
        load_atlas(tmp_path)
