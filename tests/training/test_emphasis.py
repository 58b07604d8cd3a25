from collections import Counter
from collections.abc import Callable
from math import isclose

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError
from training_toys import SHAPE, FakeOverlay

from napari_vessel.geometry import Box, Plane
from napari_vessel.training import (
    Emphasis,
    PatchSampler,
    ReviewedIndex,
    TrainingConfig,
    hard_places,
    in_boxes,
    split_blocks,
)

Read = Callable[[Box], np.ndarray]
NEW = Box((15, 0, 0), (16, 128, 128))


@given(some.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_what_lies_in_boxes_is_what_lies_in_any_of_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    expected = np.zeros((100, 100, 100), bool)
    boxes = []
    for _ in range(5):
        start = rng.integers(0, 90, 3)
        stop = np.minimum(start + rng.integers(1, 80, 3), 100)
        boxes.append(Box(tuple(start.tolist()), tuple(stop.tolist())))
        expected[boxes[-1].slices] = True
    start = rng.integers(0, 80, 3)
    asked = Box(tuple(start.tolist()), tuple((start + rng.integers(1, 20, 3)).tolist()))
    np.testing.assert_array_equal(in_boxes(boxes)(asked), expected[asked.slices])


def test_hard_is_where_the_proposal_was_corrected_or_its_planes_disagree() -> None:
    codes = np.array([[[1, 2, 5, 6, 0, 1, 5]]], np.uint8)
    probability = np.array([[[200, 200, 200, 10, 200, 10, 10]]], np.uint8)
    disagreement = np.array([[[0, 0, 0, 0, 255, 0, 200]]], np.uint8)
    box = Box((0, 0, 3), (1, 1, 10))
    hard = hard_places(lambda _: probability, lambda _: disagreement, box, 0.5)
    assert hard(box, codes).ravel().tolist() == [True, False, True, True, False, False, True]


def test_where_nothing_was_proposed_what_was_painted_is_hard() -> None:
    codes = np.array([[[1, 2, 5, 6, 0]]], np.uint8)
    box, nowhere = Box.of((1, 1, 5)), Box((5, 5, 5), (6, 6, 6))
    hard = hard_places(lambda _: codes, lambda _: codes, nowhere, 0.5)
    assert hard(box, codes).ravel().tolist() == [True, True, False, False, False]


def sampler_of(overlay: FakeOverlay, emphasis: Emphasis, **shares: float) -> PatchSampler:
    config = TrainingConfig(patch=32, batch=1, guard=0, planes=(Plane.XY,), **shares)
    index = ReviewedIndex(overlay, split_blocks(overlay, config), 0, emphasis)
    image = np.zeros(SHAPE, np.float32)
    return PatchSampler(index, overlay, lambda box: image[box.slices], config)


def drawn(overlay: FakeOverlay, emphasis: Emphasis, **shares: float) -> Counter[int]:
    """Count the slices that patches are of."""
    sampler = sampler_of(overlay, emphasis, **shares)
    places: Counter[int] = Counter()
    draw = sampler._index.draw

    def noted(*args: object, **kwargs: object) -> object:
        place, plane = draw(*args, **kwargs)
        places[place[0]] += 1
        return place, plane

    sampler._index.draw = noted  # type: ignore[method-assign]
    for _ in range(1000):
        sampler.batch()
    return places


def test_the_newest_are_drawn_by_their_share_and_the_old_keep_theirs(truth: np.ndarray) -> None:
    overlay = FakeOverlay()
    overlay.accept(truth, Plane.XY, *range(0, 30, 2), 15)
    emphasis = Emphasis(newest=in_boxes([NEW]))
    shares = {"newest_share": 0.7, "old_share": 0.3, "hard_share": 0.0}
    places = drawn(overlay, emphasis, **shares)
    assert isclose(places[15] / 1000, 0.7, abs_tol=0.06)  # one slice of sixteen
    none = drawn(overlay, emphasis, newest_share=0.0, old_share=0.0, hard_share=0.0)
    assert none[15] < 150


@pytest.mark.parametrize("boxes", [[], [Box.of(SHAPE)]], ids=["all old", "all new"])
def test_where_all_is_of_one_age_nothing_is_drawn_apart(
    boxes: list[Box], truth: np.ndarray
) -> None:
    overlay = FakeOverlay()
    overlay.accept(truth, Plane.XY, 6, 15, 25)
    places = drawn(overlay, Emphasis(newest=in_boxes(boxes)), newest_share=0.6, hard_share=0.0)
    assert min(places.values()) > 250


def test_hard_places_are_drawn_more_often(truth: np.ndarray) -> None:
    overlay = FakeOverlay()
    overlay.accept(truth, Plane.XY, *range(0, 30, 2), 15)
    emphasis = Emphasis(hard=lambda box, _codes: in_boxes([NEW])(box))
    shares = {"newest_share": 0.2, "old_share": 0.2}
    assert drawn(overlay, emphasis, hard_share=0.5, **shares)[15] > 400
    assert drawn(overlay, emphasis, hard_share=0.0, **shares)[15] < 150


def test_the_vessel_quota_is_kept_whatever_is_hard(truth: np.ndarray) -> None:
    overlay = FakeOverlay()
    overlay.accept(truth, Plane.XY, 6, 15, 25)
    emphasis = Emphasis(hard=lambda box, codes: (codes & 3) == 1)  # background alone is hard
    sampler = sampler_of(
        overlay, emphasis, hard_share=1.0, newest_share=0, old_share=0, vessel_share=1.0
    )
    assert all(sampler.batch().target.any() for _ in range(50))


def test_a_draw_costs_no_more_in_a_larger_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    # Counted in voxels read, not in seconds.
    read: list[int] = []

    class Counted(FakeOverlay):
        def read(self, box: Box) -> np.ndarray:
            read.append(box.size)
            return super().read(box)

    costs = []
    for edge in (128, 512):
        overlay = Counted((32, edge, edge))
        for z in (5, 15, 25):
            overlay.codes[z, :100, :100] = 5
            overlay.codes[z, 40:60, 40:60] = 6
        config = TrainingConfig(patch=32, batch=4)
        index = ReviewedIndex(overlay, split_blocks(overlay, config))
        image = np.zeros(overlay.shape, np.float32)
        sampler = PatchSampler(index, overlay, lambda box, image=image: image[box.slices], config)
        read.clear()
        sampler.batch()
        costs.append(sum(read))
    assert costs[0] == costs[1]


def test_shares_that_are_more_than_all_are_refused() -> None:
    with pytest.raises(ValidationError, match="together"):
        TrainingConfig(newest_share=0.5, old_share=0.4, hard_share=0.2)
