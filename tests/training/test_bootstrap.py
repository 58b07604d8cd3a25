from dataclasses import replace

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.metrics import ClDice
from napari_vessel.training import BlockScore, TrainingConfig, decide
from napari_vessel.training._bootstrap import paired_differences

CONFIG = TrainingConfig()


def block(place: int, tp: int, fp: int = 0, vessel: int = 100, size: int = 1000) -> BlockScore:
    box = Box((0, 0, place), (1, 1, place + 1))
    return BlockScore(box, tp, fp, vessel - tp, size - vessel - fp)


def blocks(*tp: int, fp: int = 0) -> list[BlockScore]:
    return [block(place, found, fp) for place, found in enumerate(tp)]


def test_the_same_seed_draws_the_same_blocks_and_another_others() -> None:
    ours, theirs = blocks(60, 70, 90), blocks(50, 80, 40)
    first, second = (paired_differences(ours, theirs, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.dice, second.dice)
    assert not np.array_equal(first.dice, paired_differences(ours, theirs, seed=5).dice)


def test_the_draws_take_the_same_blocks_of_both() -> None:
    # Blocks differ far more than the networks do: unpaired draws would not tell them apart.
    theirs = blocks(5, 95, 10, 90, 20, 99)
    ours = [replace(one, tp=one.tp + 1, fn=one.fn - 1) for one in theirs]
    found = paired_differences(ours, theirs)
    assert found.certainty == 1.0
    assert 0 < found.interval[0] < found.interval[1] < 0.02


def test_a_gain_in_one_block_of_many_that_is_a_loss_in_others_may_be_chance() -> None:
    decision = decide(blocks(95, 48, 48, 48), blocks(70, 50, 52, 53), CONFIG)
    assert not decision.adopt
    assert "may be chance" in decision.reason
    assert decide(blocks(75, 52, 52, 55), blocks(70, 50, 50, 53), CONFIG).adopt


def test_the_interval_holds_the_difference() -> None:
    decision = decide(blocks(80, 60, 70, 90), blocks(50, 58, 60, 70), CONFIG)
    assert decision.interval is not None
    low, high = decision.interval
    assert low <= decision.candidate - decision.incumbent <= high


def with_centre(scores: list[BlockScore], inside: int) -> list[BlockScore]:
    return [replace(score, centre=ClDice(50, inside, 50, inside)) for score in scores]


@pytest.mark.parametrize(("inside", "adopted"), [(45, True), (40, True), (35, False)])
def test_a_fall_in_cldice_is_refused_whatever_dice_gains(inside: int, adopted: bool) -> None:
    ours, theirs = with_centre(blocks(90, 90, 90, 90), inside), with_centre(blocks(*[50] * 4), 40)
    decision = decide(ours, theirs, CONFIG)
    assert decision.adopt is adopted
    assert ("clDice falls" in decision.reason) is not adopted


def with_away(scores: list[BlockScore], wrong: int) -> list[BlockScore]:
    return [replace(score, away=800, away_fp=wrong) for score in scores]


@pytest.mark.parametrize(("found", "invented", "adopted"), [(2, 60, False), (70, 60, True)])
def test_more_vessel_invented_in_confirmed_background_than_found_is_refused(
    found: int, invented: int, adopted: bool
) -> None:
    theirs = with_away(blocks(*[20] * 4, fp=100), 5)
    ours = with_away(blocks(*[20 + found] * 4, fp=60), invented)
    decision = decide(ours, theirs, CONFIG)
    assert decision.adopt is adopted
    assert ("confirmed background" in decision.reason) is not adopted


def test_a_network_that_finds_nothing_can_be_replaced_by_one_that_errs() -> None:
    theirs = with_centre(with_away(blocks(*[0] * 4), 0), 0)
    ours = with_centre(with_away(blocks(*[60] * 4, fp=30), 30), 20)
    assert decide(ours, theirs, CONFIG).adopt


def test_a_candidate_that_is_wrong_everywhere_is_never_adopted() -> None:
    wrong = [BlockScore(Box((0, 0, i), (1, 1, i + 1)), 0, 900, 100, 0) for i in range(4)]
    assert not decide(wrong, blocks(*[0] * 4), CONFIG).adopt


def test_blocks_without_any_vessel_are_compared_by_their_background() -> None:
    clean, dirty = ([block(i, 0, fp, vessel=0) for i in range(4)] for fp in (0, 50))
    assert decide(clean, dirty, CONFIG).adopt
    assert not decide(dirty, clean, CONFIG).adopt
    assert np.isfinite(paired_differences(clean, dirty).dice).all()
