from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from training_toys import SHAPE, FakeOverlay

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.training import score_blocks

Read = Callable[[Box], np.ndarray]
CELLS = list(Box.of(SHAPE).cells((32, 64, 64)))


def dark_is_vessel(images: torch.Tensor) -> torch.Tensor:
    return (0.45 - images) * 200


def test_a_network_that_is_right_scores_one(overlay: FakeOverlay, truth: np.ndarray) -> None:
    def read(box: Box) -> np.ndarray:
        return np.where(truth, 0.3, 0.6).astype(np.float32)[box.slices]

    found = score_blocks(dark_is_vessel, read, overlay, CELLS)
    assert [score.dice for score in found] == [1.0] * 4
    assert sum(score.reviewed for score in found) == np.count_nonzero(overlay.codes)
    fused = score_blocks(dark_is_vessel, read, overlay, CELLS, InferenceConfig(views="none"))
    assert fused == found


def test_only_reviewed_voxels_count(truth: np.ndarray, read: Read) -> None:
    overlay = FakeOverlay()
    overlay.codes[6, 30, 38:44] = 2
    overlay.codes[6, 30, 60:70] = 1
    found = score_blocks(lambda images: torch.full_like(images, 9.0), read, overlay, CELLS)
    assert [(s.tp, s.fp, s.fn, s.tn) for s in found] == [(6, 4, 0, 0), (0, 6, 0, 0)]


def test_a_block_without_reviewed_voxels_gives_no_score(read: Read) -> None:
    assert score_blocks(dark_is_vessel, read, FakeOverlay(), CELLS) == []


def test_a_network_that_gives_nan_is_wrong_everywhere(overlay: FakeOverlay, read: Read) -> None:
    found = score_blocks(lambda images: images * float("nan"), read, overlay, CELLS)
    assert all(score.tp == score.tn == 0 and score.reviewed for score in found)


def test_scoring_leaves_the_network_as_it_was(
    overlay: FakeOverlay, read: Read, network: nn.Module
) -> None:
    network.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    score_blocks(network, read, overlay, CELLS, InferenceConfig(planes=(Plane.XY,)))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
