"""Two networks on the slice in view: each as it would propose it, from that plane."""

import numpy as np
import pytest

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import save_checkpoint
from napari_vessel.workflows import WORKFLOWS, Compare, Compared, Focus, Progress, Propose

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
