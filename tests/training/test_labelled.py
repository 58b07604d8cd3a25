"""Labels volumes as reviewed voxels: which of them are truth, found in bounded memory."""

import tracemalloc

import numpy as np
import pytest

from napari_vessel.geometry import Box
from napari_vessel.training import (
    CompletedVolume,
    LabelledVolume,
    Looked,
    PseudoLabels,
    Survey,
    TrainingConfig,
    labelled_slices,
    split_blocks,
    split_cells,
    survey,
)

SHAPE = (8, 100, 70)
WHOLE = Box.of(SHAPE)
UNKNOWN, BACKGROUND, VESSEL = 0, 1, 2


@pytest.fixture
def labels() -> np.ndarray:
    labels = np.zeros(SHAPE, bool)
    labels[2:4, 20:60, 10:30] = True
    return labels


def volume(labels: np.ndarray, regions) -> LabelledVolume:
    return LabelledVolume(labels.shape, lambda box: labels[box.slices], regions)


def test_where_all_is_reviewed_what_is_no_vessel_is_background(labels):
    codes = volume(labels, (WHOLE,)).read(WHOLE)
    np.testing.assert_array_equal(codes, np.where(labels, VESSEL, BACKGROUND))


def test_where_vessels_alone_are_truth_the_rest_is_unknown(labels):
    codes = volume(labels, None).read(WHOLE)
    np.testing.assert_array_equal(codes, np.where(labels, VESSEL, UNKNOWN))


def test_outside_of_the_regions_labels_are_unknown_too(labels):
    codes = volume(labels, (Box((2, 0, 0), (3, 100, 70)),)).read(WHOLE)
    np.testing.assert_array_equal(codes[2], np.where(labels[2], VESSEL, BACKGROUND))
    assert (np.delete(codes, 2, axis=0) == UNKNOWN).all()


@pytest.mark.parametrize("box", ["1:5,15:70,0:40", "0:1,0:1,0:1", "2:3,59:61,29:31"])
@pytest.mark.parametrize("regions", [None, (WHOLE,), (Box((1, 10, 5), (3, 50, 25)), WHOLE)])
def test_a_box_reads_as_cut_from_the_whole(labels, regions, box):
    of, at = volume(labels, regions), Box.parse(box)
    np.testing.assert_array_equal(of.read(at), of.read(WHOLE)[at.slices])


def test_its_boxes_hold_all_that_is_reviewed_none_twice(labels):
    of = volume(labels, (Box((0, 0, 0), (2, 80, 70)), Box((1, 50, 0), (4, 100, 70))))
    seen = np.zeros(SHAPE, int)
    for box in of.boxes():
        seen[box.slices] += 1
    assert seen.max() == 1
    assert (seen[of.read(WHOLE) != UNKNOWN] == 1).all()


def test_slices_with_a_label_are_found_as_runs(labels):
    labels[6, 0, 0] = True
    *steps, found = labelled_slices(lambda box: labels[box.slices], SHAPE)
    assert [str(box) for box in found] == ["2:4,0:100,0:70", "6:7,0:100,0:70"]
    assert steps[-1].done == steps[-1].total


def test_pseudo_labels_fill_only_what_is_unlabelled_and_only_where_the_network_is_sure(labels):
    probability = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    labelled = volume(labels, (Box((2, 0, 0), (3, 100, 70)),))
    pseudo = PseudoLabels(labelled, lambda box: probability[box.slices], 0.9, 0.1)
    codes, said = pseudo.read(WHOLE), labelled.read(WHOLE)
    assert (codes[said != UNKNOWN] == UNKNOWN).all()
    free, p = said == UNKNOWN, probability / 255
    np.testing.assert_array_equal(codes[free] == VESSEL, p[free] >= 0.9)
    np.testing.assert_array_equal(codes[free] == BACKGROUND, p[free] < 0.1)
    completed = CompletedVolume(labelled, pseudo).read(WHOLE)
    np.testing.assert_array_equal(completed, np.where(said != UNKNOWN, said, codes))


def surveyed(of: LabelledVolume, most: int = 1000, block=(4, 32, 32)) -> Survey:
    *_, found = survey(of, of.searched, block, most)
    return found


def test_a_survey_counts_what_is_there_and_splits_as_the_overlay_would(labels):
    of, config = volume(labels, (Box((2, 0, 0), (3, 100, 70)),)), TrainingConfig()
    config = config.model_copy(update={"validation_block": (4, 32, 32)})
    found = surveyed(of)
    assert (found.reviewed_voxels, found.vessel_voxels) == (100 * 70, 40 * 20)
    assert found.share == 1
    split = split_cells(found.cells, found.vessel, config)
    assert split == split_blocks(of, config)


def test_of_a_very_large_volume_a_sample_is_looked_at_in_bounded_memory():
    shape = (10**5, 10**5, 10**5)

    def vessel(box: Box) -> np.ndarray:
        return np.full(box.shape, box.start[0] % 8 == 0)

    of = LabelledVolume(shape, vessel, (Box.of(shape),))
    tracemalloc.start()
    steps = list(survey(of, of.searched, (4, 4, 4), 50, seed=1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = steps[-1]
    assert steps[:-1] == [Looked(n, 50) for n in range(1, 51)]
    assert len(set(found.cells)) == 50
    assert 0 < len(found.vessel) < 50
    assert 0 < found.share < 1e-10
    assert peak < 2**20
    assert steps[-1] == list(survey(of, of.searched, (4, 4, 4), 50, seed=1))[-1]
