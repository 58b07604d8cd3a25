import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.measure import euler_number

from napari_vessel.errors import LabelsError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.metrics import (
    BlockScores,
    ScoreProgress,
    Scores,
    betti_errors,
    confusion,
    scores,
    streamed_scores,
    surface_dice,
)
from napari_vessel.metrics._euler import euler_characteristic
from napari_vessel.metrics._surfels import block_codes

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def run(masks: Masks, **options: object) -> list[ScoreProgress | BlockScores | Scores]:
    prediction, truth = masks
    return list(
        streamed_scores(
            lambda box: prediction[box.slices],
            lambda box: truth[box.slices],
            prediction.shape,  # type: ignore[arg-type]
            **options,  # type: ignore[arg-type]
        )
    )


@pytest.mark.parametrize("block", [(5, 31, 9), (23, 31, 37), (8, 8, 8), (100, 100, 100)])
def test_streamed_scores_equal_the_whole_exactly_but_for_cldice(blobs: Masks, block) -> None:
    size = VoxelSize(2, 1, 1)
    *_, streamed = run(blobs, block=block, voxel_size=size)
    whole = scores(*blobs, voxel_size=size)
    assert isinstance(streamed, Scores)
    assert streamed.betti_errors == betti_errors(*blobs)
    assert streamed.surface_dice == pytest.approx(whole.surface_dice, abs=1e-12)
    assert (streamed.dice, streamed.iou) == (whole.dice, whole.iou)


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    block=st.tuples(*[st.integers(1, 7)] * 3),
    share=st.sampled_from([0.05, 0.5, 0.95]),
    seed=st.integers(0, 2**16),
)
def test_betti_errors_and_surface_dice_of_any_blocks_are_those_of_the_whole(
    shape, block, share, seed
) -> None:
    rng = np.random.default_rng(seed)
    masks = rng.random(shape) < share, rng.random(shape) < share
    *_, streamed = run(masks, block=block)
    assert isinstance(streamed, Scores)
    assert streamed.betti_errors == betti_errors(*masks)
    assert streamed.surface_dice == pytest.approx(surface_dice(*masks), abs=1e-12)


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 0, 2)])
@pytest.mark.parametrize("edge", [64, 100])
def test_streamed_cldice_is_within_a_hundredth_of_the_whole(
    tubes: Masks, edge: int, axes: tuple[int, int, int]
) -> None:
    masks = tubes[0].transpose(axes), tubes[1].transpose(axes)
    *_, streamed = run(masks, block=(edge,) * 3)
    assert isinstance(streamed, Scores)
    whole = scores(*masks).cldice
    assert 0.3 < whole < 0.95
    assert streamed.cldice == pytest.approx(whole, abs=0.01)


def test_the_scores_of_blocks_tell_where_the_errors_are(tubes: Masks) -> None:
    blocks = [e for e in run(tubes, block=(50, 40, 40)) if isinstance(e, BlockScores)]
    prediction, truth = tubes
    assert [block.box.start[0] for block in blocks] == [0, 50, 100, 150, 200, 250]
    for block in blocks:
        there = confusion(prediction[block.box.slices], truth[block.box.slices])
        assert (block.false_positive, block.false_negative) == (there.fp, there.fn)
    gap = blocks[1]  # z 50 to 80 is missing
    assert gap.cldice < 0.8 and gap.false_negative == max(b.false_negative for b in blocks)


def test_no_read_is_larger_than_a_block_and_its_halo() -> None:
    shapes = []

    def read(box: Box) -> NDArray[np.uint8]:
        shapes.append(box.shape)
        return np.zeros(box.shape, np.uint8)

    list(streamed_scores(read, read, (200, 100, 3), block=(10, 20, 3)))
    assert np.max(shapes, axis=0).tolist() == [10 + 64, 20 + 64, 3]


def test_progress_reaches_all_blocks(blobs: Masks) -> None:
    progress = [e for e in run(blobs, block=(10, 40, 40)) if isinstance(e, ScoreProgress)]
    assert progress == [ScoreProgress(done, 3) for done in (1, 2, 3)]


def test_empty_masks_and_empty_volumes_are_defined() -> None:
    for shape in ((3, 4, 5), (0, 4, 5)):
        *_, streamed = run((np.zeros(shape, bool), np.zeros(shape, bool)))
        assert isinstance(streamed, Scores)
        assert set(streamed.as_dict().values()) == {1.0, 0}


def test_shapes_that_differ_are_both_named() -> None:
    with pytest.raises(LabelsError, match=r"\(3, 4, 5\).*\(3, 4, 4\)"):
        run((np.zeros((3, 4, 5), bool), np.zeros((3, 4, 4), bool)))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_the_characteristic_of_codes_is_scikit_images(share: float) -> None:
    mask = np.random.default_rng(3).random((9, 11, 13)) < share
    counts = np.bincount(block_codes(np.pad(mask, 1)).ravel(), minlength=256)
    assert euler_characteristic(counts) == euler_number(np.pad(mask, 1), connectivity=3)
