import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from training_toys import SHAPE, FakeOverlay

from napari_vessel.geometry import Box, Plane
from napari_vessel.training import TrainingConfig, split_blocks

CONFIG = TrainingConfig(validation_block=(4, 4, 4), guard=2)
HELD_OUT = {
    "xy": ["0:16,0:32,96:128", "0:16,32:64,64:96", "0:16,96:128,0:32"],
    "xz": ["0:16,0:32,96:128", "16:32,0:32,0:32"],
    "yz": ["0:16,96:128,0:32", "16:32,0:32,0:32"],
}


def overlay_with(cells: set[tuple[int, int, int]]) -> FakeOverlay:
    overlay = FakeOverlay((16, 24, 40))
    for z, y, x in cells:
        overlay.codes[4 * z + 1, 4 * y + 2, 4 * x + 3] = 1
    return overlay


cells = some.sets(
    some.tuples(some.integers(0, 3), some.integers(0, 5), some.integers(0, 9)), max_size=40
)


@given(first=cells, more=cells)
@settings(max_examples=150, deadline=None)
def test_no_block_goes_from_learning_to_judging_as_corrections_grow(first: set, more: set) -> None:
    before = split_blocks(overlay_with(first), CONFIG)
    after = split_blocks(overlay_with(first | more), CONFIG)
    if len(first) >= 8:
        assert not set(before.train) & set(after.validation)


@given(first=cells, more=cells)
@settings(max_examples=150, deadline=None)
def test_a_block_named_by_its_hash_never_changes_sides(first: set, more: set) -> None:
    before = split_blocks(overlay_with(first), CONFIG)
    after = split_blocks(overlay_with(first | more), CONFIG)
    if len(before.validation) > 1:  # one alone may have been held out for want of another
        assert set(before.validation) <= set(after.validation)
        assert set(before.train) <= set(after.train)


@given(cells)
@settings(max_examples=100, deadline=None)
def test_every_reviewed_voxel_lies_in_one_side(reviewed: set) -> None:
    overlay = overlay_with(reviewed)
    split = split_blocks(overlay, CONFIG)
    sides = np.zeros(overlay.shape, int)
    for box in split.train + split.validation:
        sides[box.slices] += 1
    assert (sides[overlay.codes > 0] == 1).all()
    assert len(split.train + split.validation) == len(reviewed)


@given(cells)
@settings(max_examples=100, deadline=None)
def test_eight_blocks_or_more_have_both_sides_and_fewer_only_learn(reviewed: set) -> None:
    split = split_blocks(overlay_with(reviewed), CONFIG)
    if len(reviewed) < 8:
        assert not split.validation
    else:
        assert split.validation
        assert split.train


def test_a_block_held_out_for_want_of_another_gives_way_only_to_a_new_one() -> None:
    full = split_blocks(
        overlay_with({(z, y, x) for z in range(4) for y in range(6) for x in range(10)}), CONFIG
    )
    unnamed = [(b.start[0] // 4, b.start[1] // 4, b.start[2] // 4) for b in full.train]
    np.random.default_rng(0).shuffle(unnamed)
    before = split_blocks(overlay_with(set(unnamed[:8])), CONFIG)
    for count in range(9, 80):
        after = split_blocks(overlay_with(set(unnamed[:count])), CONFIG)
        assert len(after.validation) == 1
        assert not set(after.validation) & set(before.train)
        before = after


def test_blocks_without_vessel_do_not_judge_alone_where_vessels_were_reviewed() -> None:
    overlay = FakeOverlay((16, 24, 40))
    overlay.codes[:] = 1
    config = CONFIG.model_copy(update={"min_validation_blocks": 1})
    alone = split_blocks(overlay, config)
    assert alone.held_out
    assert alone.judged == alone.validation
    overlay.codes[alone.train[0].slices] = 2
    mixed = split_blocks(overlay, config)
    assert not mixed.held_out
    assert set(mixed.judged) == set(mixed.train) | set(mixed.validation)
    overlay.codes[alone.validation[0].slices] = 2
    assert split_blocks(overlay, config).held_out


def test_too_few_held_out_blocks_judge_with_the_others_and_are_still_not_learned_from() -> None:
    overlay = FakeOverlay((16, 24, 40))
    overlay.codes[:] = 2
    held = len(split_blocks(overlay, CONFIG).validation)
    few = CONFIG.model_copy(update={"min_validation_blocks": held + 1})
    split = split_blocks(overlay, few)
    assert not split.held_out
    assert set(split.judged) == set(split.train) | set(split.validation)
    assert not any(split.trainable(box).any() for box in split.validation)
    enough = CONFIG.model_copy(update={"min_validation_blocks": held})
    assert split_blocks(overlay, enough).held_out


@pytest.mark.parametrize("most", [1, 4, 12, 500])
def test_what_is_watched_is_a_few_of_what_is_judged(most: int) -> None:
    overlay = FakeOverlay((16, 24, 40))
    overlay.codes[:, 0, :] = 1
    overlay.codes[2, 0, 3:40:2] = 6
    split = split_blocks(overlay, CONFIG)
    watched = split.watched(most)
    assert len(set(watched)) == len(watched) == min(most, len(split.judged))
    assert set(watched) <= set(split.judged)
    assert set(watched) & split.vessel


def test_about_the_share_asked_for_is_held_out() -> None:
    overlay = FakeOverlay((32, 64, 320))
    overlay.codes[:] = 1
    split = split_blocks(overlay, CONFIG)
    assert len(split.validation) * 4 == len(split.train)


def test_three_slices_of_a_small_volume_are_all_learned_from(overlay: FakeOverlay) -> None:
    split = split_blocks(overlay, TrainingConfig())
    assert len(split.train) == 4
    assert split.judged == split.train
    assert not split.held_out


@given(some.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_what_is_trainable_is_what_lies_outside_the_guard(seed: int) -> None:
    rng = np.random.default_rng(seed)
    overlay = FakeOverlay((16, 24, 40))
    overlay.codes[rng.random(overlay.shape) < 0.01] = 2
    split = split_blocks(overlay, CONFIG)
    expected = np.ones(overlay.shape, bool)
    for box in split.validation:
        grown = box.expanded((2, 2, 2)).intersection(Box.of(overlay.shape))
        expected[grown.slices] = False
    start = [int(rng.integers(0, n)) for n in overlay.shape]
    stop = [int(rng.integers(a, n)) + 1 for a, n in zip(start, overlay.shape, strict=True)]
    box = Box(tuple(start), tuple(stop))
    np.testing.assert_array_equal(split.trainable(box), expected[box.slices])


@pytest.mark.parametrize("plane", list(Plane))
def test_the_split_is_the_same_in_every_process(plane: Plane) -> None:
    # Python's own hash of strings differs between processes; ours may not.
    overlay = FakeOverlay(SHAPE)
    overlay.accept(np.zeros(SHAPE, bool), plane, 5)
    split = split_blocks(overlay, TrainingConfig(validation_block=(16, 32, 32)))
    assert [str(box) for box in split.validation] == HELD_OUT[plane]


@given(first=cells)
@settings(max_examples=60, deadline=None)
def test_places_to_review_are_held_out_once_they_are_reviewed(first: set) -> None:
    overlay = overlay_with(first)
    split = split_blocks(overlay, CONFIG)
    places = split.places_to_review(overlay.shape, 3)
    assert len(places) <= 3
    assert bool(places) == bool(first)
    for box in places:
        assert box not in split.vessel
        overlay.codes[box.slices] = 2
    after = split_blocks(overlay, CONFIG)
    if len(after.train) + len(after.validation) >= 8:
        assert set(places) <= set(after.validation)


def test_as_many_blocks_as_are_needed_make_judging_sure() -> None:
    overlay = FakeOverlay((16, 64, 320))
    overlay.codes[:8] = 1
    overlay.codes[0, 0, 0] = 2
    split = split_blocks(overlay, CONFIG)
    assert split.needed == CONFIG.min_validation_blocks
    assert not split.held_out
    for box in split.places_to_review(overlay.shape, split.needed):
        overlay.codes[box.slices] = 2
    assert split_blocks(overlay, CONFIG).held_out
    assert split_blocks(overlay, CONFIG).needed == 0


def test_a_volume_too_small_to_hold_blocks_out_names_no_place() -> None:
    overlay = FakeOverlay((4, 4, 4))
    overlay.codes[:] = 2
    split = split_blocks(overlay, CONFIG)
    named = split.places_to_review(overlay.shape, 5)
    assert set(named) <= {Box.of((4, 4, 4))}


@given(reviewed=cells, most=some.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_folds_part_what_is_learned_from_and_each_holds_vessel(reviewed: set, most: int) -> None:
    overlay = overlay_with(reviewed)
    overlay.codes[overlay.codes > 0] = np.where(np.arange((overlay.codes > 0).sum()) % 3, 1, 2)
    split = split_blocks(overlay, CONFIG)
    folds = split.folds(most)
    assert len(folds) <= most
    if folds:
        assert sorted(box.start for fold in folds for box in fold) == sorted(
            box.start for box in split.train
        )
        assert all(set(fold) & split.vessel for fold in folds)


def test_what_is_left_out_is_guarded_like_what_is_held_out() -> None:
    overlay = FakeOverlay((16, 24, 40))
    overlay.codes[:] = 2
    split = split_blocks(overlay, CONFIG)
    (fold, *_) = split.folds(3)
    short = split.without(fold)
    assert set(short.validation) == set(split.validation) | set(fold)
    for box in fold:
        grown = box.expanded((2, 2, 2)).intersection(Box.of(overlay.shape))
        assert not short.trainable(grown).any()
