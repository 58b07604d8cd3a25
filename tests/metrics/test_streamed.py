from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.metrics import ScoreProgress, Scores, scores, streamed_scores

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def run(masks: Masks, **options: object) -> list[ScoreProgress | Scores]:
    prediction, truth = masks
    return list(
        streamed_scores(
            lambda box: prediction[box.slices],
            lambda box: truth[box.slices],
            prediction.shape,  # type: ignore[arg-type]
            **options,  # type: ignore[arg-type]
        )
    )


@pytest.mark.parametrize("slab", [1, 7, 64, 1000])
def test_streamed_scores_equal_the_whole_exactly_but_for_cldice(blobs: Masks, slab: int) -> None:
    size = VoxelSize(2, 1, 1)
    *_, streamed = run(blobs, slab=slab, voxel_size=size)
    whole = scores(*blobs, voxel_size=size)
    assert isinstance(streamed, Scores)
    assert replace(streamed, cldice=whole.cldice) == whole


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 0, 2)])
@pytest.mark.parametrize("slab", [4, 40, 96])
def test_streamed_cldice_is_within_a_hundredth_of_the_whole(
    tubes: Masks, slab: int, axes: tuple[int, int, int]
) -> None:
    masks = tubes[0].transpose(axes), tubes[1].transpose(axes)
    *_, streamed = run(masks, slab=slab)
    assert isinstance(streamed, Scores)
    whole = scores(*masks).cldice
    assert 0.3 < whole < 0.95
    assert streamed.cldice == pytest.approx(whole, abs=0.01)


def test_no_read_is_larger_than_a_slab_and_its_halo() -> None:
    depths = []

    def read(box: Box) -> NDArray[np.uint8]:
        depths.append(box.shape[0])
        return np.zeros(box.shape, np.uint8)

    list(streamed_scores(read, read, (500, 3, 3), slab=10))
    assert max(depths) == 10 + 2 * 24


def test_progress_reaches_all_slices(blobs: Masks) -> None:
    *progress, _ = run(blobs, slab=10)
    assert progress == [ScoreProgress(done, 23) for done in (10, 20, 23)]


def test_empty_masks_and_empty_volumes_are_defined() -> None:
    for shape in ((3, 4, 5), (0, 4, 5)):
        *_, streamed = run((np.zeros(shape, bool), np.zeros(shape, bool)))
        assert isinstance(streamed, Scores)
        assert set(streamed.as_dict().values()) == {1.0}


def test_shapes_that_differ_are_both_named() -> None:
    with pytest.raises(LabelsError, match=r"\(3, 4, 5\).*\(3, 4, 4\)"):
        run((np.zeros((3, 4, 5), bool), np.zeros((3, 4, 4), bool)))
