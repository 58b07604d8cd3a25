import numpy as np
import pytest

from napari_vessel.tiling import cut_reflected, reflection


@pytest.mark.parametrize("length", [2, 3, 5, 31])
def test_reflection_is_numpys_where_numpy_mirrors_once(length: int) -> None:
    expected = np.pad(np.arange(length), length - 1, mode="reflect")
    np.testing.assert_array_equal(reflection(1 - length, 2 * length - 1, length), expected)


def test_mirrored_positions_repeat_with_the_mirrors_period() -> None:
    np.testing.assert_array_equal(reflection(-20, 20, 6), reflection(-20 + 10, 20 + 10, 6))


def test_an_axis_of_one_element_repeats_it() -> None:
    np.testing.assert_array_equal(reflection(-3, 4, 1), np.zeros(7))


def test_a_window_inside_is_a_view() -> None:
    array = np.arange(30).reshape(5, 6)
    window = cut_reflected(array, (1, 2), (3, 6))
    np.testing.assert_array_equal(window, array[1:3, 2:6])
    assert np.shares_memory(window, array)


def test_a_window_beyond_the_array_mirrors_it_on_every_side() -> None:
    array = np.arange(30).reshape(5, 6)
    window = cut_reflected(array, (-2, -1), (7, 8))
    np.testing.assert_array_equal(window, np.pad(array, ((2, 2), (1, 2)), mode="reflect"))
