import builtins
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_vessel.datasets import CsvData, FoldersData, open_data
from napari_vessel.errors import CallerError, ReadError, SamplesError

Save = Callable[[str, NDArray[Any]], Path]
DOT = np.full((4, 4), 51, np.uint8)


def test_folders_are_classes_and_numbers_in_names_count(save: Save, tmp_path: Path) -> None:
    for name in ("gesund/a10.png", "gesund/a2.png", "sklerös/b1.tif", "sklerös/.hidden.png"):
        save(name, DOT)
    (tmp_path / "sklerös" / "notes.txt").write_text("no image")
    data = open_data(FoldersData(path=str(tmp_path)), 8)
    assert data.classes == ("gesund", "sklerös")
    assert [s.name for s in data.samples] == ["gesund/a2.png", "gesund/a10.png", "sklerös/b1.tif"]
    assert data.labels().tolist() == [0, 0, 1]
    images = data.images([2, 0])
    assert images.shape == (2, 1, 8, 8)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, 0.2, atol=1e-6)


def test_opening_reads_no_image(save: Save, tmp_path: Path) -> None:
    for at in range(3):
        path = save(f"a/{at}.png", DOT)
        path.write_bytes(b"damaged")
    data = open_data(FoldersData(path=str(tmp_path)), 8)
    assert len(data.samples) == 3
    with pytest.raises(ReadError, match=r"damaged|expected PNG"):
        data.image(1)


def test_images_right_in_the_folder_have_no_class(save: Save, tmp_path: Path) -> None:
    save("x.png", DOT)
    data = open_data(FoldersData(path=str(tmp_path)), 8, ("a", "b"))
    assert [(s.name, s.label) for s in data.samples] == [("x.png", None)]
    assert data.classes == ("a", "b")
    assert data.labels().tolist() == [-1]


def test_a_group_is_found_in_the_name(save: Save, tmp_path: Path) -> None:
    for name in ("a/donor7_slide1.png", "b/donor7_slide2.png", "b/donor12_slide1.png"):
        save(name, DOT)
    data = open_data(FoldersData(path=str(tmp_path), group=r"(donor\d+)_"), 8)
    assert [s.group for s in data.samples] == ["donor7", "donor7", "donor12"]
    with pytest.raises(SamplesError, match=r"'slice' is not found in 'a/donor7_slide1\.png'"):
        open_data(FoldersData(path=str(tmp_path), group="slice"), 8)
    with pytest.raises(ValueError, match="no regular expression"):
        FoldersData(path="x", group="(")


def test_grey_images_of_a_sample_become_its_channels(save: Save, tmp_path: Path) -> None:
    ends = ("_er", "_nucleus", "_tubules")
    for at, end in enumerate(ends):
        save(f"HeLa/c1{end}.png", np.full((6, 6), 51 * (at + 1), np.uint8))
    config = FoldersData(path=str(tmp_path), channels=("_nucleus", "_tubules", "_er"))
    data = open_data(config, 8)
    assert data.channels == 3
    assert [s.name for s in data.samples] == ["HeLa/c1"]
    np.testing.assert_allclose(data.image(0)[:, 0, 0], [0.4, 0.6, 0.2], atol=1e-6)


def test_a_channel_that_is_missing_or_of_another_size_is_named(save: Save, tmp_path: Path) -> None:
    config = FoldersData(path=str(tmp_path), channels=("_n", "_t"))
    save("HeLa/c1_n.png", np.zeros((6, 6), np.uint8))
    with pytest.raises(SamplesError, match=r"'c1' in .*HeLa has no image ending in _t"):
        open_data(config, 8)
    save("HeLa/c1_t.png", np.zeros((5, 6), np.uint8))
    with pytest.raises(ReadError, match=r"c1_n.png is 6 × 6, c1_t.png is 5 × 6"):
        open_data(config, 8).image(0)


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = path / "kerne.csv"
    file.write_text(text, encoding=encoding)
    return file


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_table_names_files_and_classes(
    save: Save, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    for name in ("bilder/ä1.png", "bilder/ä2.tif", "bilder/v2.0.png"):
        save(name, DOT)
    text = "name,ground_truth,donor\nä1.png,krank,d1\nä2,gesund,d1\nv2.0,krank,d2\n"
    path = table(tmp_path, text.replace(",", delimiter), encoding)
    config = CsvData(path=str(path), images=str(tmp_path / "bilder"), group_column="donor")
    data = open_data(config, 8)
    assert data.classes == ("gesund", "krank")
    assert [s.name for s in data.samples] == ["ä1.png", "ä2", "v2.0"]
    assert [s.group for s in data.samples] == ["d1", "d1", "d2"]
    assert data.images([0, 1, 2]).shape == (3, 1, 8, 8)


def test_accents_are_found_however_they_were_written(save: Save, tmp_path: Path) -> None:
    save(unicodedata.normalize("NFD", "größe.png"), DOT)
    path = table(tmp_path, unicodedata.normalize("NFC", "name,ground_truth\ngröße,x\n"))
    assert open_data(CsvData(path=str(path)), 8).image(0).shape == (1, 8, 8)


def test_a_table_may_have_no_classes_or_some_open(save: Save, tmp_path: Path) -> None:
    save("a.png", DOT)
    save("b.png", DOT)
    path = table(tmp_path, "name,ground_truth\na,x\nb,\n")
    assert [s.label for s in open_data(CsvData(path=str(path)), 8).samples] == ["x", None]
    config = CsvData(path=str(path), label_column=None)
    assert [s.label for s in open_data(config, 8).samples] == [None, None]


def test_channels_of_a_table_are_endings_or_columns(save: Save, tmp_path: Path) -> None:
    for at, end in enumerate(("n", "t")):
        save(f"c1_{end}.png", np.full((4, 4), 51 * (at + 1), np.uint8))
    ends = table(tmp_path, "name,ground_truth\nc1,x\n")
    data = open_data(CsvData(path=str(ends), channels=("_t", "_n")), 4)
    np.testing.assert_allclose(data.image(0)[:, 0, 0], [0.4, 0.2], atol=1e-6)
    columns = table(tmp_path, "name,ground_truth,one,two\nc1,x,c1_n.png,c1_t\n")
    data = open_data(CsvData(path=str(columns), channel_columns=("one", "two")), 4)
    np.testing.assert_allclose(data.image(0)[:, 0, 0], [0.2, 0.4], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; expected a header"),
        ("name,ground_truth\n", "holds no sample"),
        ("file,ground_truth\na,x\n", "no column name; found the columns file, ground_truth"),
        ("name,ground_truth\na,x\na,y\n", "'a' named more than once"),
        ("name,ground_truth\nfehlt,x\n", "line 2: there is no image 'fehlt'"),
        ("name,ground_truth\n,x\n", "line 2: name is empty"),
        ("name,ground_truth\na,x,too,much\n", "line 2: 4 cells, but the header has 2"),
        ("name,ground_truth\nb,x\n", r"could be b\.png or b\.tif"),
        ("name,ground_truth\na,tumour\n", r"class 'tumour' \(first at 'a'\) is not one of 'x'"),
    ],
)
def test_a_table_that_cannot_be_used_says_where_and_why(
    save: Save, tmp_path: Path, text: str, message: str
) -> None:
    for name in ("a.png", "b.png", "b.tif"):
        save(name, DOT)
    with pytest.raises(SamplesError, match=message):
        open_data(CsvData(path=str(table(tmp_path, text))), 8, ("x", "y"))


def test_what_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    for config in (
        FoldersData(path=str(tmp_path / "no")),
        CsvData(path=str(tmp_path / "no.csv")),
        FoldersData(path=str(tmp_path)),
    ):
        with pytest.raises(CallerError, match=r"no\b"):
            open_data(config, 8)


def test_a_table_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kerne.csv"
    path.write_bytes(b"name,ground_truth\n\xff\xfe,x\n")
    with pytest.raises(ReadError, match="Expected a CSV file in UTF-8"):
        open_data(CsvData(path=str(path)), 8)


def test_thousands_of_names_are_listed_without_opening_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    for at in range(2_000):
        (folder / f"{at}.png").touch()
    monkeypatch.setattr(builtins, "open", lambda *_, **__: pytest.fail("opened a file"))
    monkeypatch.setattr(Path, "read_bytes", lambda *_: pytest.fail("read a file"))
    data = open_data(FoldersData(path=str(tmp_path)), 8)
    assert data.samples[1_999].name == "a/1999.png"
