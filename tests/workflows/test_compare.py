"""Two networks on the slice in view: each as it would propose it, from that plane."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import save_checkpoint
from napari_vessel.tiling import slices_of
from napari_vessel.workflows import (
    LINE,
    WORKFLOWS,
    Compare,
    Compared,
    Correct,
    Focus,
    Progress,
    Propose,
)
from napari_vessel.workflows._compare_sides import side_of

from .conftest import QUICK


@pytest.fixture
def two(project, tiny):
    """A second network that sees the opposite."""
    network = tiny.load()
    last = [part for part in network.modules() if hasattr(part, "weight")][-1]
    last.weight.data *= -1
    last.bias.data *= -1
    save_checkpoint(project.checkpoints / "other", network, tiny.card)
    return project


def compared(project, first, second, focus):
    *before, last = WORKFLOWS["compare"](Compare(project.path, first, second, focus))
    assert all(isinstance(event, Progress) for event in before)
    return last


@pytest.mark.parametrize("plane", list(Plane))
def test_a_network_compared_with_itself_differs_nowhere(two, plane):
    found = compared(two, "tiny", "tiny", Focus((5.0, 20.0, 20.0), plane))
    assert isinstance(found, Compared)
    assert found.box == Box.of(two.config.volume.shape).slice_at(
        plane, 5 if plane == Plane.XY else 20
    )
    assert found.counts[:2] == (0, 0)
    assert set(np.unique(found.picture)) <= {0, 3}


def test_what_is_compared_is_what_would_be_proposed(two):
    two.update(inference=QUICK.model_copy(update={"block": (16, 64, 64)}))  # whole slices
    list(WORKFLOWS["propose"](Propose(two.path)))
    found = compared(two, "tiny", "other", Focus((5.0, 20.0, 20.0), Plane.XY))
    proposed = two.open_proposal().mask(found.box, two.threshold)
    assert np.mean(found.first != proposed) < 0.001  # a rounding, at most
    assert found.counts[0] + found.counts[1] > 0.9 * found.first.size


def test_nothing_is_kept_and_nothing_taken_into_use(two):
    before = sorted(path.name for path in two.path.rglob("*"))
    compared(two, "other", "tiny", Focus((5.0, 20.0, 20.0)))
    after = sorted(path.name for path in two.path.rglob("*"))
    assert [name for name in after if not name.endswith((".log", ".lock"))] == [
        name for name in before if not name.endswith((".log", ".lock"))
    ]
    assert two.config.checkpoint == "tiny"


def test_a_slice_outside_of_the_region_and_a_network_that_is_not_there_are_refused(two):
    with pytest.raises(CallerError, match="region"):
        compared(two, "tiny", "other", Focus((99.0, 20.0, 20.0)))
    with pytest.raises(CheckpointError):
        compared(two, "tiny", "nobody", Focus((5.0, 20.0, 20.0)))


@pytest.mark.parametrize("plane", list(Plane))
def test_each_network_has_a_picture_of_the_slice_with_a_line_around_what_it_sees(two, plane):
    found = compared(two, "tiny", "other", Focus((5.0, 20.0, 20.0), plane))
    for mask, side in zip((found.first, found.second), found.sides, strict=True):
        vessel = slices_of(mask, plane)[0] != 0
        assert side.picture.shape == vessel.shape
        line = side.picture == LINE
        assert line.any()
        np.testing.assert_array_equal(line, binary_dilation(vessel) & ~vessel)
        assert side.picture[~line].std() > 1  # the image is there
        assert side.dice is None  # nothing is reviewed


def test_networks_are_scored_where_the_slice_was_reviewed(two, labels):
    focus = Focus((5.0, 20.0, 20.0), Plane.XY)
    list(WORKFLOWS["correct"](Correct(two.path, str(labels), ((Plane.XY, 5),))))
    found = compared(two, "tiny", "other", focus)
    truth = np.load(labels)[5] != 0
    for mask, side in zip((found.first, found.second), found.sides, strict=True):
        vessel = mask[0] != 0
        assert side.dice == pytest.approx(
            2 * np.sum(vessel & truth) / (np.sum(vessel) + np.sum(truth))
        )


def test_a_score_asks_nothing_of_what_nobody_reviewed():
    mask, reviewed = np.ones((4, 6), np.uint8), np.zeros((4, 6), np.uint8)
    image = np.zeros((4, 6), np.float32)
    assert side_of(image, mask, reviewed).dice is None
    reviewed[0, :3], reviewed[0, 3:] = 2, 1
    assert side_of(image, mask, reviewed).dice == pytest.approx(2 / 3)
    assert side_of(image, 0 * mask, reviewed).dice == 0


def test_of_a_very_large_slice_the_picture_is_coarser_and_no_vessel_is_lost():
    image = np.linspace(0, 1, 5000 * 7, dtype=np.float32).reshape(5000, 7)
    mask = np.zeros((5000, 7), np.uint8)
    mask[3001, 4] = 1  # a step of three would pass it by
    side = side_of(image, mask, np.zeros_like(mask))
    assert side.picture.shape == (1667, 3)
    assert (side.picture == LINE).sum() == 4
    assert side.picture[999, 1] == LINE
