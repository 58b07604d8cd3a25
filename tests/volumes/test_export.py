"""Laws that hold for every format."""

import json
import os
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
import tifffile
import zarr

from napari_vessel.errors import ExportError, OutputExistsError, ReadError, WriteError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes import EXPORTERS, ExportProgress, MaskSource, read_rle
from napari_vessel.volumes import _mask_source as mask_source_module

AWKWARD = [(1, 1, 1), (7, 11, 13), (1, 17, 5), (5, 1, 9), (3, 4, 1), (4, 3, 3), (67, 3, 131)]


def mask_of_shape(shape, seed=0, share=0.4):
    return (np.random.default_rng(seed).random(shape) < share).astype(np.uint8)


def source_of(mask, **more):
    more = {"recipe": {"checkpoint": "abc", "threshold": 0.3}, **more}
    return MaskSource(
        shape=mask.shape,
        voxel_size=VoxelSize(5.0, 1.5, 2.25),
        read=lambda box: mask[box.slices],
        **more,
    )


def drawn(events):
    return list(events)


def read_back(fmt, out, shape):
    if fmt == "rle":
        return read_rle(out, shape)
    if fmt.startswith("ome-zarr"):
        return np.asarray(zarr.open_group(out, mode="r")["labels/vessels/0"][:])
    if fmt == "nifti":
        return np.asarray(nibabel.Nifti1Image.from_bytes(out.read_bytes()).dataobj).T
    if fmt == "nrrd":
        with out.open("rb") as file:
            header = nrrd.read_header(file)
            return nrrd.read_data(header, file, str(out)).T
    files = sorted(out.glob("*.tif")) if fmt == "tiff" else [out]
    pages = []
    for file in files:
        with tifffile.TiffFile(file) as tif:
            pages += [page.asarray() for page in tif.pages]
    assert set(np.unique(pages)) <= {0, 255}
    return np.asarray(pages) // 255


def recipe_of(fmt, out):
    if fmt == "rle":
        return json.loads(out.with_name(out.name + ".recipe.json").read_text())
    if fmt == "ome-zarr":
        return json.loads((out / "zarr.json").read_text())["attributes"]["napari-vessel"]
    if fmt == "ome-zarr-0.4":
        return json.loads((out / ".zattrs").read_text())["napari-vessel"]
    if fmt == "nifti":
        (note,) = nibabel.Nifti1Image.from_bytes(out.read_bytes()).header.extensions
        return json.loads(note.get_content())
    if fmt == "nrrd":
        with out.open("rb") as file:
            return json.loads(nrrd.read_header(file)["recipe"].replace("\\\\", "\\"))
    file = next(out.glob("*.tif")) if fmt == "tiff" else out
    with tifffile.TiffFile(file) as tif:
        return json.loads(tif.pages.first.description)


def snapshot(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


every_format = pytest.mark.parametrize("fmt", list(EXPORTERS))


@every_format
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("shape", AWKWARD)
def test_an_export_reads_back_as_the_mask(tmp_path, fmt, shape, share):
    mask = mask_of_shape(shape, share=share)

    drawn(EXPORTERS[fmt](source_of(mask, levels=2), tmp_path / "out", overwrite=False))

    np.testing.assert_array_equal(read_back(fmt, tmp_path / "out", shape), mask)


@every_format
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint64])
def test_whatever_is_not_0_is_vessel(tmp_path, fmt, dtype):
    labels = np.array([[[0, 1, 2, 3, 255, 256, 512]]]).astype(dtype)

    drawn(EXPORTERS[fmt](source_of(labels), tmp_path / "out", overwrite=False))

    np.testing.assert_array_equal(read_back(fmt, tmp_path / "out", labels.shape), labels != 0)


@every_format
def test_an_export_carries_voxel_size_and_recipe(tmp_path, fmt):
    source = source_of(mask_of_shape((2, 3, 4)), name="rein: gauche 🫘")

    drawn(EXPORTERS[fmt](source, tmp_path / "out", overwrite=False))

    found = recipe_of(fmt, tmp_path / "out")
    assert found["voxel_size_um_zyx"] == [5.0, 1.5, 2.25]
    assert found["recipe"] == {"checkpoint": "abc", "threshold": 0.3}
    assert found["software"].startswith("napari-vessel ")
    assert found["name"] == "rein: gauche 🫘"


@every_format
def test_progress_ends_once_the_export_is_in_its_place(tmp_path, fmt):
    out = tmp_path / "out"
    seen = []
    for event in EXPORTERS[fmt](source_of(mask_of_shape((5, 6, 7))), out, overwrite=False):
        assert isinstance(event, ExportProgress)
        assert out.exists() == (event.done == event.total)
        seen.append(event)

    total = seen[0].total
    assert [e.done for e in seen] == list(range(1, total + 1))
    assert {e.total for e in seen} == {total}


@every_format
def test_nothing_is_written_over_something_unasked(tmp_path, fmt):
    out = tmp_path / "out"
    drawn(EXPORTERS[fmt](source_of(mask_of_shape((3, 4, 5))), out, overwrite=False))
    before = snapshot(tmp_path)

    with pytest.raises(OutputExistsError, match="exists already"):
        EXPORTERS[fmt](source_of(mask_of_shape((3, 4, 5), 1)), out, overwrite=False)

    assert snapshot(tmp_path) == before
    other = mask_of_shape((3, 4, 5), 1)
    drawn(EXPORTERS[fmt](source_of(other), out, overwrite=True))
    np.testing.assert_array_equal(read_back(fmt, out, other.shape), other)
    assert snapshot(tmp_path).keys() == before.keys()


@every_format
def test_a_thing_that_is_no_export_is_not_replaced_even_if_asked(tmp_path, fmt):
    dear = tmp_path / "photos"
    dear.mkdir()
    (dear / "one.jpg").write_bytes(b"dear")

    with pytest.raises(ExportError, match="replaced"):
        EXPORTERS[fmt](source_of(mask_of_shape((1, 2, 3))), dear, overwrite=True)

    assert snapshot(tmp_path) == {"photos/one.jpg": b"dear"}


@every_format
@pytest.mark.parametrize("place", ["in/volume", "in", "in/volume/deeper"])
def test_an_export_over_its_own_source_is_refused(tmp_path, fmt, place):
    volume = tmp_path / "in" / "volume"
    volume.mkdir(parents=True)
    (volume / "zarr.json").write_text("{}")
    source = source_of(mask_of_shape((1, 2, 3)), protected=(volume,))

    with pytest.raises(ExportError, match="would harm the input"):
        EXPORTERS[fmt](source, tmp_path / place, overwrite=True)

    assert snapshot(tmp_path) == {"in/volume/zarr.json": b"{}"}


def interruptions(fmt, tmp_path, monkeypatch):
    """Small reads, so that there are many places to break off; and an old export."""
    monkeypatch.setattr(mask_source_module, "_READ", (2, 4, 4))
    out = tmp_path / "out"
    drawn(EXPORTERS[fmt](source_of(mask_of_shape((5, 6, 7))), out, overwrite=False))
    return out, snapshot(tmp_path)


@every_format
@pytest.mark.parametrize("error", [ReadError("gone"), OSError(5, "gone"), KeyboardInterrupt()])
def test_an_export_broken_off_at_any_block_leaves_the_old_one(tmp_path, monkeypatch, fmt, error):
    out, before = interruptions(fmt, tmp_path, monkeypatch)
    new = mask_of_shape((5, 6, 7), 1)
    expected = KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else ReadError
    blocks = 3 * 2 * 2
    for k in range(blocks):
        left = iter([False] * k + [True] + [False] * blocks)

        def read(box, left=left):
            if next(left):
                raise error
            return new[box.slices]

        source = MaskSource(new.shape, VoxelSize(1, 1, 1), read)
        with pytest.raises(expected):
            drawn(EXPORTERS[fmt](source, out, overwrite=True))

        assert snapshot(tmp_path) == before

    drawn(EXPORTERS[fmt](source_of(new), out, overwrite=True))
    np.testing.assert_array_equal(read_back(fmt, out, new.shape), new)


@every_format
def test_an_export_no_longer_asked_for_leaves_the_old_one(tmp_path, monkeypatch, fmt):
    out, before = interruptions(fmt, tmp_path, monkeypatch)
    steps = len(drawn(EXPORTERS[fmt](source_of(mask_of_shape((5, 6, 7))), out, overwrite=True)))
    before = snapshot(tmp_path)
    for k in range(steps - 1):
        events = EXPORTERS[fmt](source_of(mask_of_shape((5, 6, 7), 1)), out, overwrite=True)
        for _ in range(k + 1):
            next(events)
        events.close()

        assert snapshot(tmp_path) == before


@every_format
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_export_whose_kth_call_fails_is_old_or_new_and_can_be_tried_again(
    tmp_path, monkeypatch, fmt, call
):
    out, _ = interruptions(fmt, tmp_path, monkeypatch)
    old = read_back(fmt, out, (5, 6, 7))
    new = mask_of_shape((5, 6, 7), 1)
    real = getattr(os, call)
    k = failures = 0
    while failures == k:
        calls = iter(range(10_000))

        def failing(*args, calls=calls, k=k):
            if next(calls) == k:
                raise OSError(28, "No space left on device")
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                drawn(EXPORTERS[fmt](source_of(new), out, overwrite=True))
            except WriteError as error:
                assert "No space left" in str(error)
                failures += 1
        found = read_back(fmt, out, (5, 6, 7))
        assert (found == old).all() or (found == new).all()
        assert not list(tmp_path.glob("*.partial*"))
        k += 1
    assert (read_back(fmt, out, (5, 6, 7)) == new).all()


@every_format
@pytest.mark.parametrize(
    "name", ["a b", "Ærø", "肾", "kidney🫘", "-rf", "=1+1", "..hidden", "x" * 240]
)
def test_odd_names_work(tmp_path, fmt, name):
    mask = mask_of_shape((2, 3, 4))
    source = source_of(mask, name=name, names=[f"{name} 1.tif", f"{name} 2.tif"])

    drawn(EXPORTERS[fmt](source, tmp_path / name, overwrite=False))

    np.testing.assert_array_equal(read_back(fmt, tmp_path / name, mask.shape), mask)


@every_format
@pytest.mark.parametrize("name", ["CON", "nul.tif", "Com1.ome.zarr", "x" * 256, "é" * 128, "a\nb"])
def test_names_that_cannot_be_written_everywhere_are_refused_first(tmp_path, fmt, name):
    with pytest.raises(ExportError):
        EXPORTERS[fmt](source_of(mask_of_shape((1, 2, 3))), tmp_path / name, overwrite=False)

    assert not list(tmp_path.iterdir())


@every_format
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recipe": {"when": object()}}, "JSON"),
        ({"recipe": {"score": float("nan")}}, "JSON"),
        ({"levels": 0}, "Nothing to export"),
    ],
)
def test_what_no_format_can_hold_is_refused_first(tmp_path, fmt, wrong, message):
    with pytest.raises(ExportError, match=message):
        EXPORTERS[fmt](source_of(mask_of_shape((1, 2, 3)), **wrong), tmp_path / "a")

    with pytest.raises(ExportError, match="Nothing to export"):
        EXPORTERS[fmt](source_of(np.zeros((0, 2, 3), np.uint8)), tmp_path / "a")

    assert not list(tmp_path.iterdir())


@every_format
@pytest.mark.parametrize("wrong", [np.zeros((1, 2, 2), np.uint8), np.full((1, 2, 3), np.nan)])
def test_a_mask_that_is_none_is_never_written(tmp_path, fmt, wrong):
    source = MaskSource((1, 2, 3), VoxelSize(1, 1, 1), lambda box: wrong)

    with pytest.raises(ExportError, match="expected integers"):
        drawn(EXPORTERS[fmt](source, tmp_path / "a", overwrite=False))

    assert not list(tmp_path.iterdir())


@every_format
def test_an_export_reads_in_bounded_boxes(tmp_path, monkeypatch, fmt):
    monkeypatch.setattr(mask_source_module, "_READ", (4, 8, 8))
    monkeypatch.setattr(mask_source_module, "_SLAB", 2 * 20 * 20)
    mask = mask_of_shape((9, 20, 20))
    asked = []

    def read(box):
        asked.append(box)
        return mask[box.slices]

    source = MaskSource(mask.shape, VoxelSize(1, 1, 1), read)
    drawn(EXPORTERS[fmt](source, tmp_path / "a", overwrite=False))

    assert max(box.size for box in asked) <= 4 * 8 * 8
    assert sum(box.size for box in asked) == mask.size  # and nothing twice
    np.testing.assert_array_equal(read_back(fmt, tmp_path / "a", mask.shape), mask)


def test_slabs_hold_bounded_memory_and_every_slice(monkeypatch):
    monkeypatch.setattr(mask_source_module, "_SLAB", 9 * 20 * 20)
    mask = mask_of_shape((67, 20, 20))

    slabs = list(source_of(mask).slabs())

    assert {len(slab) for _, slab in slabs} == {8, 3}
    assert [first for first, _ in slabs] == list(range(0, 67, 8))
    np.testing.assert_array_equal(np.concatenate([slab for _, slab in slabs]), mask)


@every_format
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads names from /proc")
def test_every_file_is_synced_before_it_is_moved_into_place(tmp_path, monkeypatch, fmt):
    order = []
    fsync, replace = os.fsync, os.replace

    def record_sync(handle):
        order.append(("sync", str(Path(f"/proc/self/fd/{handle}").readlink())))
        fsync(handle)

    def record_move(source, target):
        order.append(("move", os.fspath(source), os.fspath(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_move)
    out = tmp_path / "out"
    drawn(EXPORTERS[fmt](source_of(mask_of_shape((2, 3, 4))), out, overwrite=False))

    move = next(i for i, entry in enumerate(order) if entry[0] == "move" and entry[2] == str(out))
    beside = order[move][1]
    inside = {f"{beside}/{p.relative_to(out)}" for p in out.rglob("*")} | {beside}
    assert inside <= {entry[1] for entry in order[:move]}
    assert ("sync", str(tmp_path)) in order[move:]
