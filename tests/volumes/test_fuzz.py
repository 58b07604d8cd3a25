"""Garbled and cut files of every kind: right voxels, other voxels, or an error in words."""

import gc
import json
import shutil

import h5py
import imagecodecs
import nibabel
import nrrd
import numpy as np
import pytest
import tifffile
import zarr

from napari_vessel.errors import UnsupportedVolumeError, VesselError
from napari_vessel.geometry import Box
from napari_vessel.volumes import open_volume

from .source_contract import truth
from .zarr_writing import write_ome_zarr

DATA = truth(shape=(4, 12, 11))


def tiff_stack(path):
    tifffile.imwrite(path / "a.tif", DATA, compression="zlib", photometric="minisblack")
    return path / "a.tif"


def big_tiff(path):
    tifffile.imwrite(path / "a.tif", DATA, bigtiff=True, byteorder=">", photometric="minisblack")
    return path / "a.tif"


def ome_tiff(path):
    tifffile.imwrite(
        path / "a.ome.tif", DATA, ome=True, photometric="minisblack", metadata={"axes": "ZYX"}
    )
    return path / "a.ome.tif"


def npy(path):
    np.save(path / "a.npy", DATA)
    return path / "a.npy"


def nifti(path):
    nibabel.save(nibabel.Nifti1Image(DATA.T, np.eye(4)), path / "a.nii")
    return path / "a.nii"


def packed_nifti(path):
    nibabel.save(nibabel.Nifti1Image(DATA.T, np.eye(4)), path / "a.nii.gz")
    return path / "a.nii.gz"


def packed_nrrd(path):
    nrrd.write(str(path / "a.nrrd"), DATA.T, {"encoding": "gzip"})
    return path / "a.nrrd"


def hdf5(path):
    with h5py.File(path / "a.h5", "w") as file:
        file.create_dataset("raw", data=DATA, chunks=(2, 6, 6), compression="gzip")
    return path / "a.h5"


def zarr_2(path):
    write_ome_zarr(path / "a.zarr", DATA, version="0.4", levels=1)
    return path / "a.zarr"


def zarr_3(path):
    write_ome_zarr(path / "a.zarr", DATA, version="0.5", levels=1)
    return path / "a.zarr"


def n5(path):
    from .test_n5 import write

    return write(path / "a.n5", DATA, blocks=(6, 6, 2))


def jp2_slices(path):
    (path / "s").mkdir()
    for z, page in enumerate(DATA):
        content = imagecodecs.jpeg2k_encode(page, level=0, reversible=True)
        (path / "s" / f"{z:02}.jp2").write_bytes(content)
    return path / "s"


def tiff_slices(path):
    (path / "s").mkdir()
    for z, page in enumerate(DATA):
        tifffile.imwrite(path / "s" / f"{z:02}.tif", page, compression="lzw")
    return path / "s"


KINDS = [tiff_stack, big_tiff, ome_tiff, npy, nifti, packed_nifti, packed_nrrd, hdf5, zarr_2,
         zarr_3, n5, jp2_slices, tiff_slices]  # fmt: skip


def garbled(content, random):
    """Cut, zero, flip or repeat a part."""
    content = bytearray(content)
    if not content:
        return content
    at = int(random.integers(0, len(content)))
    kind = random.integers(0, 5)
    if kind == 0:
        return content[:at]
    if kind == 1:
        content[at : at + 16] = bytes(16)
    elif kind == 2:
        for place in random.integers(0, min(len(content), 600), 3):
            content[place] = int(random.integers(0, 256))
    elif kind == 3:
        content[at] ^= 1 << int(random.integers(0, 8))
    else:
        content[at:at] = content[at : at + 9]
    return content


def rounds(make, tmp_path, count, seed):
    whole = make(tmp_path)
    files = [whole] if whole.is_file() else sorted(p for p in whole.rglob("*") if p.is_file())
    kept = [file.read_bytes() for file in files]
    random = np.random.default_rng(seed)
    for _ in range(count):
        at = int(random.integers(0, len(files)))
        files[at].write_bytes(garbled(kept[at], random))
        try:
            volume = open_volume(whole)
            if np.prod(volume.shape) < 10**7:
                volume.read(Box.of(volume.shape))
            else:
                volume.read(Box((0, 0, 0), (1, 1, 1)))
        except VesselError as error:
            assert str(tmp_path) in str(error), error
        finally:
            files[at].write_bytes(kept[at])
    gc.collect()  # what was left open would be told of now


@pytest.mark.parametrize("make", KINDS)
def test_garbled_files_never_raise_but_words(tmp_path, make):
    rounds(make, tmp_path, 25, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("make", KINDS)
def test_garbled_files_never_raise_but_words_in_long_rounds(tmp_path, make):
    rounds(make, tmp_path, 1500, seed=2)


@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize(
    "value", [None, -1, 0, 2**62, "x", [], {}, [2**62], [[1]], True, 1.5, "../../x", [-3, 1, 1]]
)
@pytest.mark.parametrize("make", [zarr_2, zarr_3, n5])
def test_every_field_of_metadata_can_be_nonsense(tmp_path, make, value):
    whole = make(tmp_path)
    for file in sorted(whole.rglob("*")):
        if file.name not in {"zarr.json", ".zarray", ".zattrs", ".zgroup", "attributes.json"}:
            continue
        kept = file.read_bytes()
        for key in json.loads(kept):
            file.write_text(json.dumps(json.loads(kept) | {key: value}))
            try:
                open_volume(whole).read(Box((0, 0, 0), (1, 1, 1)))
            except VesselError as error:
                assert str(tmp_path) in str(error)
        file.write_bytes(kept)


@pytest.mark.parametrize("side", [200_000, 2**31 - 1])
def test_a_tiff_whose_header_would_fill_the_memory_is_refused(tmp_path, side):
    import struct

    path = tmp_path / "s"
    path.mkdir()
    tags = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, 8), (262, 3, 1), (273, 4, 8),
            (277, 3, 1), (278, 4, side), (279, 4, 8)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    head = struct.pack("<2sHI", b"II", 42, 16) + bytes(8)
    (path / "0.tif").write_bytes(head + struct.pack("<H", len(tags)) + entries + bytes(4))
    for where in (path, path / "0.tif"):
        with pytest.raises(VesselError):
            open_volume(where)


@pytest.mark.parametrize("name", ["a b", "Ærø", "肾", "kidney🫘", "-rf", "x" * 200, "a::b", "CON"])
@pytest.mark.parametrize("make", [nifti, hdf5, zarr_3, jp2_slices])
def test_odd_names_open(tmp_path, make, name):
    whole = make(tmp_path)
    suffix = "".join(whole.suffixes) if whole.is_file() else ""
    moved = whole.rename(whole.with_name(name + suffix))
    volume = open_volume(moved)
    np.testing.assert_array_equal(volume.read(Box.of(volume.shape)), DATA)


@pytest.mark.parametrize("how", ["dimension_names", "xarray", "person"])
def test_a_plain_array_stored_x_y_z_reads_as_zyx(tmp_path, how):
    path = tmp_path / "a.zarr"
    names = {"dimension_names": ["x", "y", "z"]} if how == "dimension_names" else {}
    form = 3 if how == "dimension_names" else 2
    array = zarr.create_array(path, data=DATA.T.copy(), chunks=(5, 5, 5), zarr_format=form, **names)
    if how == "xarray":
        array.attrs["_ARRAY_DIMENSIONS"] = ["x", "y", "z"]
    volume = open_volume(f"{path}::axes=xyz" if how == "person" else path)
    np.testing.assert_array_equal(volume.read(Box.of(volume.shape)), DATA)
    shutil.rmtree(path)


def test_axes_that_are_named_twice_are_refused(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", data=DATA, chunks=(4, 5, 5), zarr_format=2)
    with pytest.raises(UnsupportedVolumeError):
        open_volume(f"{tmp_path}/a.zarr::axes=xxy")
