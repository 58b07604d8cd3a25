"""Batches of several volumes."""

from itertools import islice

import numpy as np
import pytest

from napari_vessel.training import Batch, MixedSampler


class Marked:
    """A sampler whose patches carry its mark and a draw of the shared random numbers."""

    def __init__(self, mark: int, rng: np.random.Generator) -> None:
        self._mark, self._rng = mark, rng

    def batch(self) -> Batch:
        patch = np.full((1, 1, 2, 2), self._mark, np.float32)
        return Batch(patch, np.full_like(patch, self._rng.random()), np.ones_like(patch))


def mixed(weights, *, steps: int = 3, batch: int = 4) -> MixedSampler:
    rng = np.random.default_rng(0)
    samplers = [Marked(mark, rng) for mark in range(len(weights))]
    return MixedSampler(samplers, weights, batch=batch, steps=steps, rng=rng)


def test_volumes_are_drawn_by_weight():
    drawn = np.concatenate([b.image[:, 0, 0, 0] for b in mixed([1, 3], steps=500)])
    assert (drawn == 1).mean() == pytest.approx(0.75, abs=0.03)


def test_an_epoch_has_its_steps_and_every_epoch_is_a_new_draw():
    sampler = mixed([1, 1])
    first, second = list(sampler), list(sampler)
    assert len(first) == len(second) == len(sampler) == 3
    assert first[0].image.shape == (4, 1, 2, 2)
    assert not np.array_equal(first[0].target, second[0].target)


@pytest.mark.parametrize("cut", range(7))
def test_gone_on_with_at_any_batch_it_draws_what_it_would_have(cut):
    def drawn(sampler: MixedSampler):
        while True:
            yield from sampler

    whole = [b.target for b in islice(drawn(mixed([1, 2])), 9)]
    first = mixed([1, 2])
    going = drawn(first)
    before = [b.target for b in islice(going, cut)]
    second = mixed([1, 2])
    second.restore(first.state())
    assert second.state() == first.state()
    after = [b.target for b in islice(drawn(second), 9 - cut)]
    np.testing.assert_array_equal(before + after, whole)
