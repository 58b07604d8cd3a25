"""The clock that never goes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.annotation import HybridClock, Stamp

Moments = st.lists(st.integers(0, 2**40), min_size=1, max_size=50)


@given(Moments)
def test_stamps_only_grow_however_the_wall_clock_jumps(moments: list[int]) -> None:
    wall = iter(moments)
    clock = HybridClock("a", now=lambda: next(wall))
    stamps = [clock.tick() for _ in moments]
    assert stamps == sorted(set(stamps))


@given(Moments, st.integers(0, 2**40))
def test_stamps_follow_every_stamp_seen(moments: list[int], seen: int) -> None:
    wall = iter(moments)
    clock = HybridClock("a", now=lambda: next(wall))
    other = Stamp(seen, 3, "z", 1)
    clock.observe(other)
    assert all(clock.tick() > other for _ in moments)


def test_sequence_numbers_the_rows_from_one() -> None:
    clock = HybridClock("a")
    assert [clock.tick().sequence for _ in range(3)] == [1, 2, 3]


def test_a_stamp_survives_json() -> None:
    stamp = Stamp(5, 2, "ab", 7)
    assert Stamp.of(stamp.as_list()) == stamp
