import csv
import json
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_vessel.errors import ExportError, ReadError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes import MaskSource, export_rle, read_rle
from napari_vessel.volumes._export_rle import _quoted, _unquoted, decode_runs, encode_runs

plain = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20)


def source_of(mask, **more):
    return MaskSource(mask.shape, VoxelSize(1, 1, 1), lambda b: mask[b.slices], **more)


def naive_runs(page):
    runs, previous = [], 0
    for position, voxel in enumerate(page.ravel().tolist(), start=1):
        if voxel and not previous:
            runs.append([position, 0])
        if voxel:
            runs[-1][1] += 1
        previous = voxel
    return " ".join(f"{a} {b}" for a, b in runs) or "1 0"


@given(arrays(np.uint8, st.tuples(*[st.integers(1, 9)] * 2), elements=st.integers(0, 1)))
def test_runs_read_back_as_the_slice(page):
    runs = encode_runs(page)

    assert runs == naive_runs(page)
    np.testing.assert_array_equal(decode_runs(runs, page.shape), page)


@given(plain)
def test_a_quoted_id_reads_back_and_is_no_formula(slice_id):
    field = _quoted(slice_id)

    assert _unquoted(field) == slice_id
    assert not field.strip('"').startswith(("=", "+", "-", "@"))


def test_the_table_is_what_kaggle_reads(tmp_path):
    mask = np.zeros((3, 2, 3), np.uint8)
    mask[1, 0, 1:] = mask[1, 1, 0] = mask[2, 1, 2] = 1
    names = ["0000.tif", "0001.tif", "0002.tif"]

    list(export_rle(source_of(mask, name="kidney_1", names=names), tmp_path / "a.csv"))

    text = (tmp_path / "a.csv").read_bytes().decode()
    assert text == "id,rle\nkidney_1_0000,1 0\nkidney_1_0001,2 3\nkidney_1_0002,6 1\n"
    recipe = json.loads((tmp_path / "a.csv.recipe.json").read_text())
    assert recipe["sha256"] == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", 'a,"b"', "'=1"])
def test_a_name_is_quoted_and_numbers_are_untouched(tmp_path, name):
    mask = np.ones((2, 2, 2), np.uint8)

    list(export_rle(source_of(mask, name=name), tmp_path / "a.csv"))

    with (tmp_path / "a.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    assert [runs for _, runs in rows] == ["1 4", "1 4"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell, _ in rows)
    np.testing.assert_array_equal(read_rle(tmp_path / "a.csv", mask.shape, name=name), mask)


def test_one_volume_is_picked_from_a_table_of_several(tmp_path):
    (tmp_path / "a.csv").write_text("id,rle\nk_1_0000,1 1\nk_2_0000,1 2\nk_1_0001,1 0\n")

    found = read_rle(tmp_path / "a.csv", (2, 1, 2), name="k_1")

    assert found.tolist() == [[[1, 0]], [[0, 0]]]


def test_a_row_longer_than_the_csv_modules_limit_reads_back(tmp_path):
    mask = np.zeros((1, 300, 300), np.uint8)
    mask[..., ::2] = 1

    list(export_rle(source_of(mask), tmp_path / "a.csv"))

    assert len((tmp_path / "a.csv").read_bytes()) > 131_072
    np.testing.assert_array_equal(read_rle(tmp_path / "a.csv", mask.shape), mask)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected 'id,rle'"),
        ("id;rle\n", "expected 'id,rle'"),
        ("id,rle\n", "has 0 slices"),
        ("id,rle\na,1 1\nb,1 1\n", "has 2 slices"),
        ("id,rle\na,1\n", "'a'.*no list"),
        ("id,rle\na,1 x\n", "'a'.*no list"),
        ("id,rle\na,\n", "'a'.*no list"),
        ("id,rle\na,0 1\n", "'a'.*leaves 6"),
        ("id,rle\na,6 2\n", "'a'.*leaves 6"),
        ("id,rle\na,1 99999999999999999999\n", "'a'.*leaves 6"),
        ("id,rle\na,3 2 4 1\n", "'a'.*overlaps"),
    ],
)
def test_a_damaged_table_is_refused_naming_the_row(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)

    with pytest.raises(ReadError, match=message):
        read_rle(tmp_path / "a.csv", (1, 2, 3))


def test_a_table_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"id,rle\n\xff\xfe,1 1\n")

    with pytest.raises(ReadError, match="no table"):
        read_rle(tmp_path / "a.csv", (1, 2, 3))


@pytest.mark.parametrize("names", [["a.tif", "a.png"], ["a\n.tif", "b.tif"]])
def test_ids_that_cannot_be_told_apart_are_refused(tmp_path, names):
    with pytest.raises(ExportError, match="comes twice"):
        export_rle(source_of(np.ones((2, 1, 1), np.uint8), names=names), tmp_path / "a.csv")

    assert not list(tmp_path.iterdir())
