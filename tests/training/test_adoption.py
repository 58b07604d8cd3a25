from math import isnan

import pytest

from napari_vessel.geometry import Box
from napari_vessel.training import BlockScore, TrainingConfig, decide, mean_score

CONFIG = TrainingConfig()


def scores(tp: int, blocks: int = 4, vessel: int = 10, fp: int = 0) -> list[BlockScore]:
    return [
        BlockScore(Box((0, 0, i), (1, 1, i + 1)), tp, fp, vessel - tp, 100 - vessel - fp)
        for i in range(blocks)
    ]


def test_only_a_better_candidate_is_adopted() -> None:
    assert decide(scores(9), scores(8), CONFIG).adopt
    assert not decide(scores(7), scores(8), CONFIG).adopt


def test_an_equal_candidate_is_not_adopted() -> None:
    decision = decide(scores(8), scores(8), CONFIG)
    assert not decision.adopt
    assert "Kept" in decision.reason


def test_a_network_that_predicts_nothing_scores_zero_and_can_be_replaced() -> None:
    decision = decide(scores(1), scores(0), CONFIG)
    assert decision.adopt
    assert decision.incumbent == 0.0


@pytest.mark.parametrize("blocks", [1, 3])
def test_with_few_blocks_the_decision_is_provisional(blocks: int) -> None:
    few = decide(scores(9, blocks), scores(8, blocks), CONFIG)
    assert few.adopt
    assert few.provisional
    assert not decide(scores(9), scores(8), CONFIG).provisional


def test_blocks_that_were_learned_from_decide_only_provisionally() -> None:
    decision = decide(scores(9, 20), scores(8, 20), CONFIG, held_out=False)
    assert decision.adopt
    assert decision.provisional
    assert "learned from, too" in decision.reason


def test_with_nothing_to_judge_by_the_incumbent_stays() -> None:
    decision = decide([], [], CONFIG)
    assert not decision.adopt
    assert "nothing is reviewed" in decision.reason


def test_scores_of_other_voxels_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same"):
        decide(scores(9, 4), scores(9, 5), CONFIG)


def test_no_score_is_ever_nan() -> None:
    empty = BlockScore(Box.of((1, 1, 1)), 0, 0, 0, 0)
    for found in (scores(0), scores(0, vessel=0), [empty], []):
        assert not isnan(mean_score(found))
        assert 0 <= mean_score(found) <= 1


def test_background_alone_is_scored_by_what_was_left_alone() -> None:
    clean, dirty = scores(0, vessel=0), scores(0, vessel=0, fp=10)
    assert mean_score(clean) == 1.0
    assert mean_score(dirty) == pytest.approx(0.9)


def test_a_small_block_counts_beside_a_large_one() -> None:
    large = BlockScore(Box.of((1, 1, 1)), 9000, 1000, 1000, 89000)
    small = [BlockScore(Box.of((1, 1, 2)), tp, 0, 100 - tp, 900) for tp in (0, 100)]
    gain = mean_score([large, small[1]]) - mean_score([large, small[0]])
    assert gain > 0.05
