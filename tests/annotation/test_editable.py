"""The array a labels layer holds behaves as numpy's would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_vessel.annotation import Corrections, EditableLabels
from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box

Open = Callable[..., Corrections]
SHAPE = (70, 66, 80)
REGION = Box((3, 2, 5), (69, 64, 78))
EDGES = REGION.shape
relaxed = settings(max_examples=60, deadline=None)


def proposal(box: Box) -> np.ndarray:
    z, y, x = (np.arange(a, b) for a, b in zip(box.start, box.stop, strict=True))
    return (z[:, None, None] * 7 + y[:, None] * 3 + x) % 5 == 0


def truth() -> np.ndarray:
    return proposal(REGION).astype(np.uint8)


KEYS = st.one_of(
    hnp.basic_indices(EDGES, allow_newaxis=True, allow_ellipsis=True),
    hnp.integer_array_indices(EDGES, result_shape=hnp.array_shapes(max_dims=2, max_side=9)),
    st.integers(0, 999).map(lambda seed: np.random.default_rng(seed).random(EDGES) < 0.001),
    st.integers(0, 99).map(
        lambda s: (slice(1, 9), np.random.default_rng(s).random(EDGES[1]) < 0.3)
    ),
    st.tuples(st.just([0, 5, -1]), st.integers(-9, 9), st.slices(EDGES[2])),
    st.tuples(st.just([0, 5, 65]), st.just([1, 2, 61]), st.just(np.array([-1, 0, 3]))),
)


@relaxed
@given(key=KEYS)
def test_reading_equals_numpy_for_every_index(key: object) -> None:
    labels = EditableLabels(Corrections.open(Path("nowhere"), SHAPE), REGION, proposal)
    expected = truth()[key]
    found = labels[key]
    np.testing.assert_array_equal(found, expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)


@relaxed
@given(key=KEYS, value=st.sampled_from([0, 1, 255, 2.5, "random"]))
def test_writing_equals_numpy_and_touches_only_what_changes(
    tmp_path_factory: pytest.TempPathFactory, key: object, value: object
) -> None:
    corrections = Corrections.open(tmp_path_factory.mktemp("journal"), SHAPE)
    labels = EditableLabels(corrections, REGION, proposal)
    expected = truth()
    if value == "random":
        value = np.random.default_rng(0).integers(0, 2, expected[key].shape) * 999
    flag = expected != 0
    flag[key] = value
    labels[key] = value
    np.testing.assert_array_equal(labels[...], flag)
    changed = flag != (expected != 0)
    touched = np.zeros(SHAPE, bool)
    touched[REGION.slices] = changed
    np.testing.assert_array_equal(corrections.overlay.read(Box.of(SHAPE)) != 0, touched)
    assert corrections.can_undo == changed.any()
    assert corrections.close(30)


def test_scattered_coordinates_need_no_box_around_them(tmp_path) -> None:
    shape = (1000, 1000, 1000)
    corrections = Corrections.open(tmp_path, shape)
    labels = EditableLabels(corrections, Box.of(shape))
    points = (np.array([0, 999, 0, 5]), np.array([0, 999, 0, 5]), np.array([0, 999, 0, -1]))
    labels[points] = [1, 1, 0, 1]
    assert labels[points].tolist() == [0, 1, 0, 1]
    assert labels[5, 5, 999] == 1
    corrections.undo()
    assert corrections.overlay.reviewed == 0
    corrections.close()


@pytest.mark.parametrize(
    "key", [66, -67, (0, 0, 73), ([66],), (0, 0, 0, 0), np.ones((2, 2, 2), bool), [0.5], (..., ...)]
)
def test_an_index_that_numpy_refuses_is_refused(opened: Open, key: object) -> None:
    labels = EditableLabels(opened(), REGION, proposal)
    with pytest.raises(IndexError):
        truth()[key]
    with pytest.raises(IndexError):
        labels[key]


def test_it_looks_like_an_array(opened: Open) -> None:
    labels = EditableLabels(opened(), REGION, proposal)
    assert (labels.shape, labels.ndim, labels.dtype, labels.size, len(labels)) == (
        EDGES,
        3,
        np.uint8,
        REGION.size,
        EDGES[0],
    )
    np.testing.assert_array_equal(np.asarray(labels), truth())
    assert np.asarray(labels, dtype=float).dtype == float


def test_a_read_is_a_copy(opened: Open) -> None:
    labels = EditableLabels(opened(), REGION)
    labels[0][:] = 1
    assert not labels[0].any()


def test_painting_shows_at_once_and_is_translated_to_the_volume(opened: Open) -> None:
    corrections = opened()
    labels = EditableLabels(corrections, REGION, proposal)
    expected = truth()
    labels[...]
    box = Box((0, 60, 60), (1, 66, 70))  # over the region's border
    mask = np.random.default_rng(0).random(box.shape) < 0.5
    labels.paint(box, mask, 7, tool="paint")
    expected[0, 60:62, 60:70][mask[0, :2]] = 1
    np.testing.assert_array_equal(labels[...], expected)
    assert corrections.overlay.vessel == mask[0, :2].sum()
    with pytest.raises(LabelsError):
        labels.paint(box, mask[:, :1], 1)


def test_another_proposal_changes_no_correction_and_shows_at_once(opened: Open) -> None:
    corrections = opened()
    now = {"shown": proposal}

    def current(box: Box) -> np.ndarray:
        return now["shown"](box)

    labels = EditableLabels(corrections, REGION, current)
    labels[0] = 1
    now["shown"] = lambda box: np.zeros(box.shape)
    assert labels[...].sum() == (truth()[0] == 0).sum()
    now["shown"] = lambda box: np.ones(box.shape)
    assert labels[...].all()


def test_what_is_corrected_elsewhere_shows_at_once(opened: Open) -> None:
    corrections = opened()
    labels = EditableLabels(corrections, REGION)
    assert labels[0, 0, 0] == 0
    corrections.paint(Box(REGION.start, (4, 3, 6)), np.ones((1, 1, 1), bool), 1)
    assert labels[0, 0, 0] == 1


def test_a_region_beyond_the_volume_is_refused(opened: Open) -> None:
    with pytest.raises(LabelsError):
        EditableLabels(opened(), Box.of((500, 1, 1)))
