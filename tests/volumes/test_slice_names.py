import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.errors import UnsupportedVolumeError
from napari_vessel.volumes._slice_names import ordered_slices


@given(st.integers(0, 2000), st.integers(2, 40), st.integers(1, 5), st.booleans(), st.randoms())
def test_numbers_decide_the_order(first, count, step, padded, random):
    numbers = range(first, first + count * step, step)
    names = [f"-Niere {n:06}.tif" if padded else f"-Niere {n}.tif" for n in numbers]
    assert ordered_slices(random.sample(names, count), "folder") == names


@given(st.integers(3, 40), st.data())
def test_one_slice_out_of_a_run_is_missed(count, data):
    gone = data.draw(st.integers(1, count - 2).filter(lambda n: count > 3 or n != 1))
    names = [f"{n}.tif" for n in range(count) if n != gone]
    with pytest.raises(UnsupportedVolumeError, match=f"slice {gone} is missing"):
        ordered_slices(names, "folder")


def test_a_constant_number_before_the_slices_does_not_matter():
    names = ["kidney_1_0009.tif", "kidney_1_0010.tif", "kidney_1_0011.tif"]
    assert ordered_slices(names[::-1], "folder") == names


def test_a_time_after_the_slices_number_does_not_matter():
    names = ["s_1_11.tif", "s_2_10.tif", "s_3_17.tif"]
    assert ordered_slices(names[::-1], "folder") == names


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["image.tif", "label.tif"], "different series.*'image.tif' and 'label.tif'"),
        (["1.tif", "01.tif", "2.tif"], "one number"),
        (["z1_c1.tif", "z1_c2.tif", "z2_c1.tif", "z2_c2.tif"], "2 numbers vary"),
    ],
)
def test_names_that_give_no_order_are_refused(names, words):
    with pytest.raises(UnsupportedVolumeError, match=words):
        ordered_slices(names, "folder")


def test_one_file_needs_no_number():
    assert ordered_slices(["scan.tif"], "folder") == ["scan.tif"]
