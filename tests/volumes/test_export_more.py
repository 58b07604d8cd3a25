"""NIfTI, NRRD, OME-Zarr 0.4, labels inside an image; going on after a break; the crate."""

import json

import nibabel
import numpy as np
import pytest
import SimpleITK
import zarr
from napari_ome_zarr import napari_get_reader

from napari_vessel.errors import ExportError, OutputExistsError, ReadError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import (
    EXPORTERS,
    MaskSource,
    MaskSum,
    export_labels,
    open_volume,
    read_crate,
    sum_of,
)

from .zarr_writing import write_ome_zarr

SHAPE = (20, 33, 41)


def mask_of(shape=SHAPE, seed=0):
    return (np.random.default_rng(seed).random(shape) < 0.3).astype(np.uint8)


def source_of(mask, **more):
    return MaskSource(mask.shape, VoxelSize(50, 20, 10), lambda box: mask[box.slices], **more)


def draw(events):
    return list(events)


def whole(volume):
    return volume.read(Box.of(volume.shape))


@pytest.mark.parametrize("name", ["m.nii", "m.nii.gz"])
def test_nibabel_reads_the_mask_its_millimetres_and_its_place(tmp_path, name):
    source = source_of(mask_of(), origin_um=(300.0, 200.0, 100.0))
    draw(EXPORTERS["nifti"](source, tmp_path / name))
    image = nibabel.load(tmp_path / name)
    np.testing.assert_array_equal(np.asarray(image.dataobj).T, mask_of())
    assert image.header.get_zooms() == pytest.approx((0.01, 0.02, 0.05))
    assert image.header.get_xyzt_units()[0] == "mm"
    np.testing.assert_allclose(image.affine[:3, 3], (0.1, 0.2, 0.3), rtol=1e-6)


@pytest.mark.parametrize(("fmt", "name"), [("nifti", "m.nii.gz"), ("nrrd", "m.nrrd")])
def test_simpleitk_reads_the_mask_and_its_millimetres(tmp_path, fmt, name):
    draw(EXPORTERS[fmt](source_of(mask_of()), tmp_path / name))
    image = SimpleITK.ReadImage(str(tmp_path / name))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), mask_of())
    assert image.GetSpacing() == pytest.approx((0.01, 0.02, 0.05))


@pytest.mark.parametrize(
    ("fmt", "name"),
    [
        ("nifti", "m.nii"),
        ("nrrd", "m.nrrd"),
        ("ome-zarr", "m.ome.zarr"),
        ("ome-zarr-0.4", "m.ome.zarr"),
    ],
)
def test_what_was_exported_opens_as_a_volume_with_size_and_place(tmp_path, fmt, name):
    source = source_of(mask_of(), origin_um=(300.0, 200.0, 100.0))
    draw(EXPORTERS[fmt](source, tmp_path / name))
    volume = open_volume(tmp_path / name)
    np.testing.assert_array_equal(whole(volume), mask_of())
    assert volume.voxel_size.zyx == pytest.approx((50, 20, 10))
    assert volume.voxel_size_known
    assert volume.origin_um == pytest.approx((300, 200, 100), rel=1e-6)


def test_a_mask_of_a_nifti_lies_on_it(tmp_path):
    affine = np.array([[0, -0.02, 0, 5], [0.03, 0, 0, 6], [0, 0, 0.05, 7], [0, 0, 0, 1.0]])
    image = nibabel.Nifti1Image(mask_of().T.astype("u2"), affine)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, tmp_path / "in.nii")
    draw(EXPORTERS["nifti"](source_of(mask_of(), like=tmp_path / "in.nii"), tmp_path / "out.nii"))
    found = nibabel.load(tmp_path / "out.nii")
    np.testing.assert_allclose(found.affine, nibabel.load(tmp_path / "in.nii").affine, rtol=1e-6)


def test_an_edge_that_nifti_1_cannot_hold_becomes_nifti_2(tmp_path):
    mask = mask_of((1, 2, 40_000))
    draw(EXPORTERS["nifti"](source_of(mask), tmp_path / "m.nii"))
    np.testing.assert_array_equal(np.asarray(nibabel.load(tmp_path / "m.nii").dataobj).T, mask)


@pytest.mark.parametrize("fmt", ["ome-zarr", "ome-zarr-0.4"])
def test_napari_ome_zarr_reads_the_labels(tmp_path, fmt):
    out = tmp_path / "m.ome.zarr"
    draw(EXPORTERS[fmt](source_of(mask_of(), levels=2), out))
    layers = napari_get_reader(str(out / "labels" / "vessels"))(str(out / "labels" / "vessels"))
    found = [np.asarray(data[0]) for data, _, kind in layers if kind in {"labels", "image"}]
    assert any(np.array_equal(data, mask_of()) for data in found)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_labels_go_into_their_image_and_leave_it_as_it_is(tmp_path, version):
    path = tmp_path / "image.ome.zarr"
    write_ome_zarr(path, mask_of(), version=version, levels=1)
    before = {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}
    draw(export_labels(source_of(mask_of(seed=1), protected=(path,)), path))
    assert all(p.read_bytes() == content for p, content in before.items())
    np.testing.assert_array_equal(whole(open_volume(path / "labels" / "vessels")), mask_of(seed=1))
    labels = zarr.open_group(path / "labels", mode="r").attrs
    assert dict(labels).get("ome", dict(labels))["labels"] == ["vessels"]
    with pytest.raises(OutputExistsError):
        export_labels(source_of(mask_of()), path)
    draw(export_labels(source_of(mask_of(seed=2)), path, overwrite=True))
    np.testing.assert_array_equal(whole(open_volume(path / "labels" / "vessels")), mask_of(seed=2))


def test_labels_of_another_size_are_refused_with_both(tmp_path):
    path = tmp_path / "image.ome.zarr"
    write_ome_zarr(path, mask_of(), levels=1)
    with pytest.raises(ExportError, match=r"\(20, 33, 41\).*\(19, 33, 41\)"):
        export_labels(source_of(mask_of((19, 33, 41))), path)
    with pytest.raises(ExportError, match="no OME-Zarr image"):
        export_labels(source_of(mask_of()), tmp_path)


# -- going on -------------------------------------------------------------------------


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("fmt", ["ome-zarr", "ome-zarr-0.4", "tiff"])
def test_an_export_goes_on_where_it_broke_off(tmp_path, fmt, monkeypatch):
    monkeypatch.setattr("napari_vessel.volumes._mask_source._READ", (4, 64, 64))
    mask, asked = mask_of((140, 30, 30)), []

    def reading(left):
        def read(box):
            if len(asked) >= left:
                raise BrokenError
            asked.append(box)
            return mask[box.slices]

        return MaskSource(mask.shape, VoxelSize(1, 1, 1), read)

    out = tmp_path / "out"
    with pytest.raises(BrokenError):
        draw(EXPORTERS[fmt](reading(20), out, resume=True))
    assert not out.exists()
    first = len(asked)
    draw(EXPORTERS[fmt](reading(10**6), out, resume=True))
    again = len(asked) - first
    assert again < first + 16  # not all of it anew
    document = read_crate(out)
    assert document["mask"] == sum_of(mask, Box.of(mask.shape), mask.shape).document
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


def test_what_was_left_of_another_mask_is_not_gone_on_with(tmp_path):
    out = tmp_path / "out"
    events = EXPORTERS["tiff"](source_of(mask_of(), recipe={"threshold": 0.3}), out, resume=True)
    next(events)
    events.close()
    assert (tmp_path / "out.unfinished").is_dir()
    draw(EXPORTERS["tiff"](source_of(mask_of(seed=1), recipe={"threshold": 0.4}), out, resume=True))
    np.testing.assert_array_equal(whole(open_volume(out)) // 255, mask_of(seed=1))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


# -- provenance -----------------------------------------------------------------------


@pytest.mark.parametrize("fmt", list(EXPORTERS))
def test_every_export_says_what_it_is_in_a_crate(tmp_path, fmt):
    recipe = {"checkpoint_sha256": "ab" * 32, "volume": "kidney 🫘", "corrections": {"a": 3}}
    draw(EXPORTERS[fmt](source_of(mask_of(), recipe=recipe), tmp_path / "out"))
    document = read_crate(tmp_path / "out")
    assert document["recipe"] == recipe
    assert MaskSum.of_document(document["mask"]) == sum_of(mask_of(), Box.of(SHAPE), SHAPE)
    inside = (tmp_path / "out").is_dir()
    place = tmp_path / ("out/" if inside else "") / ("" if inside else "out-")
    name = "ro-crate-metadata.json"
    crate = json.loads(
        ((tmp_path / "out" / name) if inside else tmp_path / f"out-{name}").read_text()
    )
    graph = {entity["@id"]: entity for entity in crate["@graph"]}
    assert graph[name]["conformsTo"]["@id"].startswith("https://w3id.org/ro/crate/")
    assert graph["#network"]["identifier"] == "ab" * 32
    assert graph["#volume"]["name"] == "kidney 🫘"
    assert place


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"@graph": [3]}'])
def test_a_crate_that_is_missing_or_damaged_is_told(tmp_path, content):
    (tmp_path / "out").mkdir()
    if content is not None:
        (tmp_path / "out" / "ro-crate-metadata.json").write_bytes(content)
    with pytest.raises(ReadError, match="Export it again"):
        read_crate(tmp_path / "out")


def test_the_sum_notices_every_single_voxel():
    mask = mask_of((4, 5, 6))
    whole_sum = sum_of(mask, Box.of(mask.shape), mask.shape)
    found = {whole_sum}
    for z, y, x in np.ndindex(mask.shape):
        other = mask.copy()
        other[z, y, x] ^= 1
        found.add(sum_of(other, Box.of(mask.shape), mask.shape))
    assert len(found) == mask.size + 1
