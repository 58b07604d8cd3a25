"""Three states, a flag, and labels of any dtype."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.annotation import shown_values, vessel_mask
from napari_vessel.errors import LabelsError


@pytest.mark.parametrize("dtype", ["u1", "u2", "u8", "i1", ">i4", "f4", ">f8", "?"])
def test_every_value_but_zero_is_vessel_in_every_dtype(dtype: str) -> None:
    values = np.array([0, 1], dtype)
    assert vessel_mask(values).tolist() == [False, True]


def test_values_never_wrap() -> None:
    large = np.array([256, 2**16, 2**64 - 1], np.uint64)
    assert vessel_mask(large).all()


def test_neither_nan_nor_its_neighbours_are_mistaken() -> None:
    values = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-30])
    assert vessel_mask(values).tolist() == [False, True, True, False, True]


@pytest.mark.parametrize("dtype", [complex, object, str])
def test_other_dtypes_are_refused_in_words(dtype: type) -> None:
    with pytest.raises(LabelsError, match="expected bools, integers or floats"):
        vessel_mask(np.zeros(2, dtype))


def test_corrections_lie_over_the_proposal() -> None:
    codes = np.array([0, 0, 1, 1, 2, 2, 5, 5, 6, 6], np.uint8)
    proposal = np.array([0, 9] * 5, np.uint8)
    assert shown_values(codes, proposal).tolist() == [0, 1, 0, 0, 1, 1, 0, 0, 1, 1]
    assert shown_values(codes, None).tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 1, 1]
