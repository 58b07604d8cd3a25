from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_vessel.datasets import CsvData, FoldersData, PictureConfig
from napari_vessel.datasets._pictures import read_picture, resized, square
from napari_vessel.errors import ReadError

Save = Callable[[str, NDArray[Any]], Path]
GREY = PictureConfig()


def test_eight_bits_are_taken_by_their_type(save: Save, grey: NDArray[np.uint8]) -> None:
    for name in ("a.png", "a.tif", "a.npy"):
        found = read_picture(save(name, grey), GREY)
        np.testing.assert_allclose(found, grey[None] / np.float32(255), atol=1e-6)


def test_sixteen_bits_and_floats_are_taken_by_their_own_window(
    save: Save, grey: NDArray[np.uint8]
) -> None:
    wide = 20000 + 10 * grey.astype(np.uint16)
    expected = read_picture(save("f.npy", grey.astype(np.float64) / 7 - 3), GREY)
    assert expected.min() == 0
    assert expected.max() == 1
    for name in ("w.png", "w.tif"):
        np.testing.assert_allclose(read_picture(save(name, wide), GREY), expected, atol=1e-5)


def test_the_whole_range_of_the_type_can_be_asked_for(save: Save) -> None:
    config = PictureConfig(intensity="type")
    wide = np.array([[0, 65535], [32768, 65535]], np.uint16)
    np.testing.assert_allclose(
        read_picture(save("w.tif", wide), config)[0], wide / 65535, atol=1e-6
    )
    floats = np.array([[-1, 0.25], [2, np.nan]], np.float32)
    found = read_picture(save("f.tif", floats), config)[0]
    np.testing.assert_array_equal(found, np.array([[0, 0.25], [1, 0]], np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_constant_image_is_one_value_and_finite(save: Save, dtype: type) -> None:
    found = read_picture(save("c.tif", np.full((5, 6), 9, dtype)), GREY)
    assert np.isfinite(found).all()
    assert found.min() == found.max()


def test_an_image_of_nothing_but_nan_is_0(save: Save) -> None:
    assert not read_picture(save("n.npy", np.full((5, 6), np.nan)), GREY).any()


def test_colour_stays_or_becomes_its_brightness_and_alpha_is_dropped(save: Save) -> None:
    colours = np.zeros((4, 5, 4), np.uint8)
    colours[..., 0], colours[..., 3] = 255, 7
    path = save("rgba.png", colours)
    red = read_picture(path, PictureConfig(colour="rgb"))
    assert red.shape == (3, 4, 5)
    np.testing.assert_array_equal(red[:, 0, 0], [1, 0, 0])
    assert read_picture(path, GREY)[0, 0, 0] == pytest.approx(0.299)


def test_a_grey_image_among_colours_is_three_equal_channels(
    save: Save, grey: NDArray[np.uint8]
) -> None:
    found = read_picture(save("g.png", grey), PictureConfig(colour="rgb"))
    assert found.shape == (3, 12, 16)
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"not an image at all", "expected PNG, JPEG, TIFF"),
        (b"\x89PNG\r\n\x1a\nbroken", "no image that can be read"),
        (b"II*\0broken", "no image that can be read"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "kaputt ä.png"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=f"kaputt ä.png.*{message}"):
        read_picture(path, GREY)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"gone\.png cannot be read: No such file"):
        read_picture(tmp_path / "gone.png", GREY)


@pytest.mark.parametrize("name", ["s.npy", "s.tif"])
@pytest.mark.parametrize("slices", [3, 5])
def test_a_stack_is_no_picture(save: Save, name: str, slices: int) -> None:
    with pytest.raises(ReadError, match=f"{slices} × 6 × 7: expected one image"):
        read_picture(save(name, np.zeros((slices, 6, 7), np.uint8)), GREY)


def test_what_is_not_square_is_stretched_cut_or_completed() -> None:
    wide = np.tile(np.linspace(0, 1, 16, dtype=np.float32), (1, 8, 1))
    assert all(square(wide, 4, fit).shape == (1, 4, 4) for fit in ("stretch", "crop", "pad"))
    np.testing.assert_array_equal(square(wide, 8, "crop"), wide[:, :, 4:12])
    padded = square(wide, 16, "pad")
    np.testing.assert_array_equal(padded[:, 4:12], wide)
    np.testing.assert_array_equal(padded[:, 0], wide[:, 0])
    assert square(wide, 4, "stretch")[0, 0, -1] > 0.85


def test_making_an_image_smaller_keeps_its_mean_and_its_range() -> None:
    image = np.random.default_rng(0).random((2, 32, 32)).astype(np.float32)
    small = resized(image, (2, 8, 8))
    assert small.mean() == pytest.approx(image.mean(), abs=0.02)
    assert image.std() / small.std() > 3
    assert 0 <= small.min() <= small.max() <= 1


def test_colour_and_channels_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="one image per sample"):
        FoldersData(path="x", colour="rgb", channels=("_a", "_b"))
    with pytest.raises(ValueError, match="differ"):
        FoldersData(path="x", channels=("_a", "_a"))
    with pytest.raises(ValueError, match="channel_columns excludes"):
        CsvData(path="x", channels=("_a",), channel_columns=("a",))


@pytest.mark.parametrize("ending", ["jpg", "bmp", "webp"])
def test_other_files_are_told_apart_by_what_they_hold(tmp_path: Path, ending: str) -> None:
    from PIL import Image

    colours = np.zeros((16, 16, 3), np.uint8)
    colours[..., 1] = 204
    Image.fromarray(colours).save(tmp_path / f"x.{ending}", quality=95)
    (tmp_path / f"x.{ending}").rename(tmp_path / "x.png")
    found = read_picture(tmp_path / "x.png", PictureConfig(colour="rgb"))
    np.testing.assert_allclose(found[:, 8, 8], [0, 0.8, 0], atol=0.02)
