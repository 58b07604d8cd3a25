import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from napari_vessel.geometry import Box
from napari_vessel.inference import listen
from napari_vessel.training import CachedRead

SHAPE = (10, 17, 23)
VOXELS = np.random.default_rng(0).random(SHAPE).astype(np.float32)


@given(seed=some.integers(0, 10**6), most=some.integers(1, 9000))
@settings(max_examples=60, deadline=None)
def test_what_is_read_through_the_cache_is_what_is_there(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    cached = CachedRead(lambda box: VOXELS[box.slices], Box.of(SHAPE), most=most, block=(4, 8, 8))
    for _ in range(8):
        start = [int(rng.integers(0, n)) for n in SHAPE]
        stop = [int(rng.integers(a, n)) + 1 for a, n in zip(start, SHAPE, strict=True)]
        box = Box(tuple(start), tuple(stop))
        np.testing.assert_array_equal(cached(box), VOXELS[box.slices])


def test_a_block_is_read_once_and_memory_is_bounded() -> None:
    asked = []

    def read(box: Box) -> np.ndarray:
        asked.append(box)
        return VOXELS[box.slices].copy()

    cached = CachedRead(read, Box.of(SHAPE), most=3 * 4 * 8 * 8 * 4, block=(4, 8, 8))
    for _ in range(3):
        cached(Box((0, 0, 0), (4, 8, 16)))
    assert len(asked) == 2
    cached(Box.of(SHAPE))
    assert cached._bytes <= 3 * 4 * 8 * 8 * 4


def test_over_a_slow_line_it_breathes_between_two_blocks_and_over_a_quick_one_never(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, breaths, takes = [0.0], [], [0.001]

    def read(box: Box) -> np.ndarray:
        clock[0] += takes[0]
        return VOXELS[box.slices]

    monkeypatch.setattr("napari_vessel.training._cache.monotonic", lambda: clock[0])
    listen(lambda: breaths.append(clock[0]))
    try:
        CachedRead(read, Box.of(SHAPE), block=(4, 8, 8))(Box.of(SHAPE))
        assert breaths == []
        takes[0] = 1.0
        CachedRead(read, Box.of(SHAPE), block=(4, 8, 8))(Box.of(SHAPE))
        assert len(breaths) == 3 * 3 * 3 - 1
    finally:
        listen(None)
