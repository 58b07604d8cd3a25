"""The mask of any part of a volume at any coarseness, against a plain numpy model."""

from __future__ import annotations

import numpy as np
import pytest

from napari_vessel.annotation import BACKGROUND, VESSEL, Overlay, shown_values
from napari_vessel.geometry import Box
from napari_vessel.session._coarse_mask import coarse_mask
from napari_vessel.volumes import coarsen

SHAPE = (70, 130, 150)


class PlainProposal:
    """A proposal of one layer, held in numpy, its coarse levels made at once."""

    def __init__(self, probability: np.ndarray, region: Box, *, complete: bool) -> None:
        from napari_vessel.volumes import level_factors

        self.region, self.complete, self.cleaned = region, complete, None
        self._probability, self.shape = probability, region.shape
        self._factors = [*level_factors(region.shape), (2, 2, 2), (4, 4, 4)]
        self.ledger = self
        self.done = frozenset(region.cells((32, 64, 64)))
        self.store = self

    @property
    def layers(self):
        return iter([self])

    @property
    def level_shapes(self):
        return [self._probability[self.region.slices].shape]

    def read(self, _name, box, level=0):
        assert level == 0
        return self._probability[box.shifted(self.region.start).slices]

    def mask(self, box, threshold):
        return (self._probability[box.slices] >= round(threshold * 255)).astype(np.uint8)


@pytest.fixture
def probability() -> np.ndarray:
    noise = np.random.default_rng(1).random(SHAPE)
    return (255 * (noise > 0.995)).astype(np.uint8)


@pytest.mark.parametrize("factors", [(1, 1, 1), (2, 2, 2), (1, 4, 4)])
@pytest.mark.parametrize("complete", [True, False])
def test_a_coarse_voxel_is_vessel_where_one_of_its_voxels_is(probability, factors, complete):
    region = Box((3, 5, 8), (66, 120, 149))
    inside = np.zeros(SHAPE, bool)
    inside[region.slices] = True
    probability[~inside] = 0
    proposal = PlainProposal(probability, region, complete=complete)
    overlay = Overlay(SHAPE)
    for box, code in (((5, 60, 60), VESSEL), ((20, 6, 9), BACKGROUND)):
        corner = Box(box, tuple(a + 30 for a in box))
        overlay.write(corner, np.ones(corner.shape, bool), code)
    whole = Box.of(SHAPE)
    shown = shown_values(overlay.read(whole), proposal.mask(whole, 0.5))
    expected = coarsen(shown, factors, "max")
    box = Box.of(expected.shape)
    found = coarse_mask(overlay, proposal, 0.5, box, factors)
    np.testing.assert_array_equal(found, expected)
    part = Box((1, 2, 3), tuple(n - 2 for n in expected.shape))
    found = coarse_mask(overlay, proposal, 0.5, part, factors)
    np.testing.assert_array_equal(found, expected[part.slices])


def test_where_nothing_was_proposed_corrections_show():
    overlay = Overlay(SHAPE)
    overlay.write(Box((9, 9, 9), (10, 10, 10)), np.ones((1, 1, 1), bool), VESSEL)
    found = coarse_mask(overlay, None, 0.5, Box((0, 0, 0), (9, 17, 19)), (8, 8, 8))
    assert found.sum() == 1 and found[1, 1, 1] == 1
