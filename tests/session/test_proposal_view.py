"""The awaited part of a region, against a plain array."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_vessel.geometry import Box
from napari_vessel.session._opening import REGION_VOXELS, box_around
from napari_vessel.session._proposal_view import ProposalView

EDGE = 8
_pairs = st.tuples(st.integers(0, EDGE - 1), st.integers(1, EDGE)).map(
    lambda p: (min(p), max(p) + (p[0] == p[1]))
)
_boxes = st.tuples(_pairs, _pairs, _pairs).map(
    lambda p: Box((p[0][0], p[1][0], p[2][0]), (p[0][1], p[1][1], p[2][1]))
)


@given(st.lists(_boxes, max_size=6), _boxes)
def test_awaited_is_what_was_asked_less_what_arrived(arrived, asked):
    whole = Box.of((EDGE + 1,) * 3)
    view = ProposalView(whole, np.zeros(whole.shape, np.uint8), 0.5)
    model = np.ones(whole.shape, bool)
    view.await_box(whole)
    for box in arrived:
        view.arrived(box)
        model[box.slices] = False
    assert view.awaited_in(asked) == model[asked.slices].any()


def test_a_region_of_a_huge_volume_is_bounded_and_holds_the_point():
    whole = Box.of((20_000, 100, 30_000))
    region = box_around((19_999, 0, 15_000), whole)
    assert region.size <= REGION_VOXELS
    assert whole.contains(region)
    assert region.contains(Box((19_999, 0, 15_000), (20_000, 1, 15_001)))
