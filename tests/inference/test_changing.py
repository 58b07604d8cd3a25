"""Settings with some of them changed: what no longer fits goes, and is told."""

import pytest
from pydantic import ValidationError

from napari_vessel.geometry import Plane
from napari_vessel.inference import InferenceConfig, with_changes

XY, XZ, YZ = Plane
WEIGHTED = InferenceConfig(planes=(XY, XZ, YZ), weights=(1, 0.55, 0.04))
VOTING = InferenceConfig(planes=(XY, XZ, YZ), fuse="vote", vote=3)


@pytest.mark.parametrize(
    ("config", "changes", "told"),
    [
        (WEIGHTED, {"planes": (XY,)}, "1 for xy, 0.55 for xz, 0.04 for yz"),
        (WEIGHTED, {"planes": "auto"}, "chosen by the volume"),
        (WEIGHTED, {"fuse": "max"}, "where fuse is max"),
        (WEIGHTED, {"fuse": "vote"}, "where fuse is vote"),
        (VOTING, {"fuse": "mean"}, "vote = 3"),
        (VOTING, {"fuse": "max", "planes": (XY,)}, "vote = 3"),
        (VOTING, {"planes": (XY, XZ)}, "vote = 3"),
    ],
)
def test_what_no_longer_fits_goes_and_is_told(config, changes, told):
    changed, dropped = with_changes(config, changes)
    assert len(dropped) == 1
    assert told in dropped[0]
    assert (changed.weights, changed.vote) == ((), 2)
    assert changed.model_dump(include=set(changes)) == changes


def test_weights_stay_with_their_planes():
    changed, dropped = with_changes(WEIGHTED, {"planes": (YZ, XY)})
    assert (changed.planes, changed.weights, dropped) == ((YZ, XY), (0.04, 1), ())


def test_weights_of_other_planes_are_not_taken_for_these():
    two = InferenceConfig(planes=(XY, XZ), weights=(2, 1))
    changed, dropped = with_changes(two, {"planes": (XY, YZ)})
    assert (changed.weights, len(dropped)) == ((), 1)


@pytest.mark.parametrize("config", [WEIGHTED, VOTING, InferenceConfig()])
@pytest.mark.parametrize("changes", [{}, {"views": "none", "zoom": 2.0}])
def test_what_fits_stays(config, changes):
    assert with_changes(config, changes) == (config.model_copy(update=changes), ())


@pytest.mark.parametrize(
    "changes",
    [{"fuse": "max", "weights": (1, 2, 3)}, {"fuse": "mean", "vote": 3}, {"planes": (XY, XY)}],
)
def test_what_was_asked_for_is_never_dropped(changes):
    with pytest.raises(ValidationError):
        with_changes(VOTING, changes)
