"""Rows and their bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_vessel.annotation import Correction, Stamp
from napari_vessel.annotation._correction import decode, decode_header, encode, row_crc
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box, Plane

STAMP = Stamp(1, 2, "ab", 3)


def row_of(seed: int, shape: tuple[int, int, int], *, flat: bool) -> Correction:
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < 0.5
    before, after = (np.where(mask, rng.integers(0, 7, shape), 0).astype(np.uint8) for _ in "ba")
    return Correction(
        stamp=STAMP,
        stroke=Stamp(1, 0, "ab", 1),
        tool="Pinsel ✎",
        plane=Plane.XZ if seed % 2 else None,
        box=Box.of(shape).shifted((5, 0, 7)),
        kind="undo",
        undoes=Stamp(0, 0, "cd", 9),
        mask=mask,
        before=before,
        after=np.where(mask, 2, 0).astype(np.uint8) if flat else after,
    )


@settings(deadline=None)
@given(st.integers(0, 99), st.tuples(*[st.integers(1, 9)] * 3), st.booleans())
def test_a_row_survives_its_bytes(seed: int, shape: tuple[int, int, int], flat: bool) -> None:
    row = row_of(seed, shape, flat=flat)
    back = decode(encode(row))
    for name in ("stamp", "stroke", "tool", "plane", "box", "kind", "undoes"):
        assert (
            getattr(back, name) == getattr(row, name) == getattr(decode_header(encode(row)), name)
        )
    for name in ("mask", "before", "after"):
        np.testing.assert_array_equal(getattr(back, name), getattr(row, name))


@settings(deadline=None)
@given(st.data())
def test_no_flipped_bit_passes_the_crc(data: st.DataObject) -> None:
    payload = bytearray(encode(row_of(1, (2, 3, 4), flat=False)))
    crc = row_crc(3, bytes(payload), 7)
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    payload[bit // 8] ^= 1 << bit % 8
    assert row_crc(3, bytes(payload), 7) != crc


def test_the_crc_covers_the_number_and_the_previous_row() -> None:
    payload = encode(row_of(1, (2, 3, 4), flat=False))
    assert len({row_crc(3, payload, 7), row_crc(4, payload, 7), row_crc(3, payload, 8)}) == 3


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(JournalError):
        decode(data)


def test_a_row_of_a_newer_format_is_named() -> None:
    payload = encode(row_of(1, (2, 3, 4), flat=False))
    with pytest.raises(JournalError, match="newer napari-vessel"):
        decode(payload.replace(b"NVR1", b"NVR2", 1))


def test_a_row_that_would_expand_without_bound_is_refused() -> None:
    payload = encode(row_of(1, (2, 3, 4), flat=True))
    with pytest.raises(JournalError, match="expected 1 to"):
        decode(_resized(payload))


def _resized(payload: bytes) -> bytes:
    length = int.from_bytes(payload[4:8], "little")
    header = payload[8 : 8 + length].replace(b"[5,0,7,7,3,11]", b"[5,0,7,7,3,1100000000000]")
    return payload[:4] + len(header).to_bytes(4, "little") + header + payload[8 + length :]
