import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane
from napari_vessel.inference import InferenceConfig, disagreement, fuse, to_uint8

XY, XZ, YZ = Plane
block = arrays(np.uint8, (2, 3, 4))


@given(xy=block, xz=block, yz=block)
def test_each_way_of_fusing_is_what_it_says(xy: np.ndarray, xz: np.ndarray, yz: np.ndarray) -> None:
    planes = {XY: xy, XZ: xz, YZ: yz}
    stack = np.stack([xy, xz, yz]).astype(float)
    np.testing.assert_array_equal(fuse(planes, InferenceConfig()), np.rint(stack.mean(axis=0)))
    np.testing.assert_array_equal(fuse(planes, InferenceConfig(fuse="max")), stack.max(axis=0))
    np.testing.assert_array_equal(disagreement(planes), stack.max(axis=0) - stack.min(axis=0))


@given(xy=block, xz=block, yz=block, votes=st.integers(1, 3), level=st.integers(1, 255))
def test_a_vote_passes_a_threshold_where_enough_planes_do(
    xy: np.ndarray, xz: np.ndarray, yz: np.ndarray, votes: int, level: int
) -> None:
    fused = fuse({XY: xy, XZ: xz, YZ: yz}, InferenceConfig(fuse="vote", vote=votes))
    agreeing = (np.stack([xy, xz, yz]) >= level).sum(axis=0)
    np.testing.assert_array_equal(fused >= level, agreeing >= votes)


@given(value=st.integers(0, 255), way=st.sampled_from(["mean", "max", "vote"]))
def test_planes_that_agree_fuse_to_what_they_say(value: int, way: str) -> None:
    planes = dict.fromkeys(Plane, np.full((1, 1, 2), value, np.uint8))
    assert (fuse(planes, InferenceConfig(fuse=way)) == value).all()  # type: ignore[arg-type]
    assert (disagreement(planes) == 0).all()


def test_weights_belong_to_the_planes_as_named() -> None:
    config = InferenceConfig(planes=(XZ, XY), weights=(3, 1))
    planes = {XY: np.array([200], np.uint8), XZ: np.array([100], np.uint8)}
    assert fuse(planes, config) == [125]
    with pytest.raises(CallerError, match="have weights"):
        fuse({YZ: planes[XY]}, config)


def test_fewer_planes_than_must_agree_are_refused() -> None:
    with pytest.raises(CallerError, match="must agree"):
        fuse({XY: np.zeros(1, np.uint8)}, InferenceConfig(fuse="vote"))
    with pytest.raises(CallerError, match="0 planes"):
        fuse({}, InferenceConfig())


def test_probabilities_are_stored_rounded() -> None:
    stored = to_uint8(np.array([0, 0.5, 0.999, 1], np.float32))
    assert stored.tolist() == [0, 128, 255, 255]
    np.testing.assert_array_equal(to_uint8(np.arange(256, dtype=np.float32) / 255), np.arange(256))
