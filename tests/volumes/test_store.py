import json

import numpy as np
import pytest
import yaozarrs
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_vessel.errors import (
    CallerError,
    ExportError,
    OutputExistsError,
    ReadError,
    UnsupportedVolumeError,
    VolumeNotFoundError,
)
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import (
    Store,
    StoreSpec,
    create_store,
    mask_of,
    open_store,
    remove_at_once,
)
from napari_vessel.volumes._pyramid import coarsen, level_factors, level_shapes

SIZE = VoxelSize(2.5, 1.0, 1.5)


def spec_of(shape, **more):
    return StoreSpec(shape=shape, voxel_size=SIZE, **more)


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def fill(store, name, array):
    for box in Box.of(store.shape).cells(store.unit):
        store.write(name, box, array[box.slices])


@pytest.mark.parametrize("shard", [None, (8, 16, 16)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (17, 31, 13), (1, 40, 7), (8, 16, 16)])
def test_what_is_written_in_blocks_comes_back_whole(tmp_path, shape, shard):
    names = ("probability", "xy")
    spec = spec_of(shape, chunk=(8, 8, 8), shard=shard, arrays=names, attrs={"seed": 1})
    store = create_store(tmp_path / "a.ome.zarr", spec)
    for seed, name in enumerate(names):
        fill(store, name, noise(shape, seed))
    store.finish()

    again = open_store(tmp_path / "a.ome.zarr")

    assert again.complete
    assert again.spec == spec
    assert again.attrs == {"seed": 1}
    for seed, name in enumerate(names):
        np.testing.assert_array_equal(again.read(name, Box.of(shape)), noise(shape, seed))


def test_a_store_is_valid_ome_zarr_from_the_start(tmp_path):
    names = ("probability", "disagreement")
    store = create_store(tmp_path / "a.ome.zarr", spec_of((70, 600, 30), arrays=names))

    assert not store.complete
    for group in (store.path, store.path / "disagreement"):
        yaozarrs.validate_zarr_store(group)
    attributes = json.loads((store.path / "zarr.json").read_text())["attributes"]
    assert attributes["napari-vessel"]["state"] == "partial"
    assert attributes["napari-vessel"]["recipe"] == {}
    [scales] = attributes["ome"]["multiscales"]
    assert [d["coordinateTransformations"] for d in scales["datasets"]] == [
        [{"type": "scale", "scale": [2.5, 1.0, 1.5]}],
        [
            {"type": "scale", "scale": [5.0, 2.0, 1.5]},
            {"type": "translation", "translation": [1.25, 0.5, 0.0]},
        ],
    ]
    assert store.level_shapes == [(70, 600, 30), (35, 300, 30)]
    assert store.read("disagreement", Box.of((35, 300, 30)), level=1).max() == 0


@pytest.mark.parametrize("shard", [None, (128, 128, 128)])
def test_the_coarse_mask_is_the_mask_of_the_coarse_probability(tmp_path, shard):
    shape = (67, 521, 65)
    spec = spec_of(shape, chunk=(64, 64, 64), shard=shard)
    store = create_store(tmp_path / "a.ome.zarr", spec)
    fine = noise(shape)
    fill(store, "probability", fine)
    store.finish()

    coarse = store.read("probability", Box.of(store.level_shapes[1]), level=1)

    np.testing.assert_array_equal(coarse, coarsen(fine, (2, 2, 2), "max"))
    np.testing.assert_array_equal(
        mask_of(coarse, 0.9), coarsen(mask_of(fine, 0.9), (2, 2, 2), "max")
    )


def test_progress_ends_once_the_store_is_complete(tmp_path):
    names = ("probability", "xy")
    store = create_store(tmp_path / "a", spec_of((1, 1, 1600), chunk=(8, 8, 256), arrays=names))

    seen = [(event.done, event.total, store.complete) for event in store.finishing()]

    total = 2 * (4 + 2) + 1
    assert seen == [(n, total, n == total) for n in range(1, total + 1)]


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("how", ["max", "mean"])
def test_every_stored_dtype_comes_back_and_gets_coarser(tmp_path, dtype, how):
    spec = spec_of((1, 2, 600), dtype=dtype, coarsening=how)
    store = create_store(tmp_path / "a", spec)
    fine = (noise((1, 2, 600)).astype(np.int64) - 128).astype(dtype)
    fill(store, "probability", fine)
    store.finish()

    coarse = store.read("probability", Box.of(store.level_shapes[1]), level=1)

    np.testing.assert_array_equal(store.read("probability", Box.of(spec.shape)), fine)
    held = fine.astype(np.float64).reshape(1, 2, 300, 2)
    wanted = held.max(axis=3) if how == "max" else held.mean(axis=3)
    if how == "mean" and dtype.startswith(("i", "u")):
        wanted = np.floor(wanted + 0.5)
    assert coarse.dtype == dtype
    np.testing.assert_array_equal(coarse, wanted)


def test_writing_again_changes_nothing(tmp_path):
    store = create_store(tmp_path / "a.ome.zarr", spec_of((9, 9, 9), chunk=(8, 8, 8)))
    files = []
    for _ in range(2):
        fill(store, "probability", noise((9, 9, 9)))
        store.finish()
        files.append({p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()})

    assert files[0] == files[1]


@pytest.mark.parametrize(
    "box",
    [
        Box((0, 0, 0), (8, 8, 7)),
        Box((1, 0, 0), (8, 8, 8)),
        Box((8, 8, 8), (16, 16, 16)),
        Box((0, 0, 8), (8, 8, 9)),
    ],
)
def test_a_block_that_cuts_through_a_chunk_is_refused(tmp_path, box):
    store = create_store(tmp_path / "a.ome.zarr", spec_of((11, 11, 11), chunk=(8, 8, 8)))

    with pytest.raises(CallerError, match="whole units"):
        store.write("probability", box, np.ones(box.shape, np.uint8))

    assert store.read("probability", Box.of((11, 11, 11))).max() == 0


def test_a_block_of_another_shape_or_dtype_or_name_is_refused(tmp_path):
    store = create_store(tmp_path / "a.ome.zarr", spec_of((8, 8, 8)))
    box = Box.of((8, 8, 8))

    with pytest.raises(CallerError, match="expected uint8"):
        store.write("probability", box, np.ones((8, 8, 7), np.uint8))
    with pytest.raises(CallerError, match="expected uint8"):
        store.write("probability", box, np.ones((8, 8, 8), np.float32))
    with pytest.raises(CallerError, match="no array 'xy'"):
        store.read("xy", box)
    with pytest.raises(CallerError, match="outside"):
        store.read("probability", Box.of((9, 8, 8)))
    with pytest.raises(CallerError, match="no level 1"):
        store.read("probability", box, level=1)


@pytest.mark.parametrize("shard", [None, (8, 16, 16)])
@pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
def test_a_damaged_chunk_is_named_and_the_others_are_read(tmp_path, harm, shard):
    store = create_store(
        tmp_path / "a.ome.zarr", spec_of((16, 32, 16), chunk=(8, 8, 8), shard=shard)
    )
    whole = noise((16, 32, 16))
    fill(store, "probability", whole)
    file = store.path / ("0/c/1/1/1" if shard is None else "0/c/1/1/0")
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 4
    file.write_bytes({"flip": raw, "cut": raw[: len(raw) // 2], "empty": b""}[harm])

    with pytest.raises(ReadError, match=r"a\.ome\.zarr: chunk 1/\d/\d \(voxels 8:16.* is damaged"):
        store.read("probability", Box.of((16, 32, 16)))

    good = Box((0, 0, 0), (8, 32, 16))
    np.testing.assert_array_equal(store.read("probability", good), whole[good.slices])


def test_a_store_with_a_damaged_chunk_stays_partial(tmp_path):
    store = create_store(tmp_path / "a", spec_of((1, 1, 600), chunk=(8, 8, 512)))
    fill(store, "probability", noise((1, 1, 600)))
    (store.path / "0/c/0/0/1").write_bytes(b"")

    with pytest.raises(ReadError, match="chunk 0/0/1"):
        store.finish()
    assert not store.complete

    fill(store, "probability", noise((1, 1, 600)))
    store.finish()
    assert store.complete


def test_a_store_written_after_its_end_is_partial_again(tmp_path):
    create_store(tmp_path / "a", spec_of((8, 8, 8))).finish()
    store = open_store(tmp_path / "a", writable=True)
    for _ in range(2):
        assert store.complete
        fill(store, "probability", noise((8, 8, 8)))
        assert not store.complete
        store.finish()


def test_nothing_is_made_over_something_unasked(tmp_path):
    path = tmp_path / "a.ome.zarr"
    fill(create_store(path, spec_of((8, 8, 8))), "probability", noise((8, 8, 8)))

    with pytest.raises(OutputExistsError, match="exists already"):
        create_store(path, spec_of((8, 8, 8)))
    assert open_store(path).read("probability", Box.of((8, 8, 8))).max() > 0

    create_store(path, spec_of((8, 8, 8)), overwrite=True)
    assert open_store(path).read("probability", Box.of((8, 8, 8))).max() == 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.ome.zarr"]


def test_what_is_no_zarr_is_not_replaced_even_if_asked(tmp_path):
    (tmp_path / "dear").touch()

    with pytest.raises(ExportError, match="does not look like"):
        create_store(tmp_path, spec_of((8, 8, 8)), overwrite=True)

    assert (tmp_path / "dear").exists()


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(VolumeNotFoundError):
        open_store(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnsupportedVolumeError):
        open_store(tmp_path / "empty")


def test_a_store_opened_to_read_is_not_written(tmp_path):
    create_store(tmp_path / "a", spec_of((8, 8, 8)))
    store = open_store(tmp_path / "a")

    with pytest.raises(CallerError, match="writable"):
        store.write("probability", Box.of((8, 8, 8)), noise((8, 8, 8)))
    with pytest.raises(CallerError, match="writable"):
        store.finish()


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (0, 1, 1)},
        {"chunk": (8, 8, 8), "shard": (8, 8, 12)},
        {"arrays": ("a", "a")},
        {"arrays": ("0",)},
        {"arrays": ("../a",)},
        {"arrays": ()},
        {"dtype": "complex64"},
        {"colour": 1},
    ],
)
def test_an_impossible_store_is_refused(wrong):
    with pytest.raises(ValidationError):
        StoreSpec(**{"shape": (8, 8, 8), "voxel_size": SIZE, **wrong})


@pytest.mark.parametrize("shard", [None, (8, 16, 16)])
def test_a_synced_block_reaches_the_disk(tmp_path, monkeypatch, shard):
    store = create_store(tmp_path / "a", spec_of((8, 16, 16), chunk=(8, 8, 8), shard=shard))
    box = Box.of(store.unit)
    store.write("probability", box, noise(box.shape))
    seen = []
    monkeypatch.setattr("napari_vessel.volumes._levels.sync", seen.append)

    store.sync("probability", box)

    level = store.path / "0"
    assert seen == [level / p for p in ("c/0/0/0", "c/0/0", "c/0", "c", "")]


@given(shape=st.tuples(*[st.integers(1, 3000)] * 3), levels=st.none() | st.integers(1, 14))
@settings(max_examples=200)
def test_levels_only_get_coarser_and_cover_the_volume(shape, levels):
    shapes, factors = level_shapes(shape, levels), level_factors(shape, levels)

    assert len(shapes) == len(factors) == (levels or len(shapes))
    assert shapes == sorted(shapes, reverse=True)
    assert shapes[0] == shape
    if levels is None:
        assert max(shapes[-1]) <= 512
    for edges, factor in zip(shapes, factors, strict=True):
        assert all(0 <= e * f - whole < f for e, f, whole in zip(edges, factor, shape, strict=True))


@given(
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    factors=st.tuples(*[st.integers(1, 2)] * 3),
    how=st.sampled_from(["max", "mean"]),
)
def test_a_coarse_voxel_is_made_of_the_fine_ones_it_holds(shape, factors, how):
    fine = noise(shape)

    coarse = coarsen(fine, factors, how)

    for index in np.ndindex(coarse.shape):
        cut = tuple(slice(i * f, i * f + f) for i, f in zip(index, factors, strict=True))
        held = fine[cut]
        wanted = held.max() if how == "max" else np.floor(held.mean() + 0.5)
        assert coarse[index] == wanted


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "uint32", "float32"])
def test_a_store_of_any_dtype_gives_back_what_was_written(tmp_path, dtype):
    shape = (5, 70, 600)
    spec = StoreSpec(shape=shape, voxel_size=VoxelSize(1, 1, 1), dtype=dtype, coarsening="mean")
    voxels = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    store = create_store(tmp_path / "image.ome.zarr", spec)
    store.write("probability", Box.of(shape), voxels)
    store.finish()
    np.testing.assert_array_equal(store.read("probability", Box.of(shape)), voxels)
    coarse = store.level_shapes[1]
    assert store.read("probability", Box.of(coarse), 1).mean() == pytest.approx(
        voxels.mean(), abs=1
    )


def test_a_store_that_was_deleted_meanwhile_is_told_as_gone(tmp_path):
    store = create_store(tmp_path / "a.ome.zarr", spec_of((8, 8, 8)))
    store.write("probability", Box.of((8, 8, 8)), noise((8, 8, 8)))
    remove_at_once(store.path)
    with pytest.raises(VolumeNotFoundError, match="does not exist"):
        _ = store.complete
    with pytest.raises(ReadError, match="is gone"):  # and not zeros
        store.read("probability", Box.of((8, 8, 8)))


def test_a_store_that_goes_while_it_is_opened_is_told_as_gone(tmp_path, monkeypatch):
    path = create_store(tmp_path / "a.ome.zarr", spec_of((8, 8, 8))).path

    def opened_late(self, name):
        remove_at_once(path)
        return open_levels(self, name)

    open_levels = Store._open_levels
    monkeypatch.setattr(Store, "_open_levels", opened_late)
    with pytest.raises(VolumeNotFoundError, match="does not exist"):
        open_store(path)


def test_a_store_that_was_damaged_meanwhile_says_so(tmp_path):
    store = create_store(tmp_path / "a.ome.zarr", spec_of((8, 8, 8)))
    (store.path / "zarr.json").write_text("{}")
    with pytest.raises(UnsupportedVolumeError, match="no store"):
        _ = store.complete
