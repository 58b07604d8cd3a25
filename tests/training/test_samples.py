from collections.abc import Callable

import numpy as np
import pytest
import torch
from training_toys import SHAPE, FakeOverlay, Tiny

from napari_vessel.geometry import Box, Plane
from napari_vessel.training import (
    Emphasis,
    LossConfig,
    PatchSampler,
    ReviewedIndex,
    TrainingConfig,
    augment,
    in_boxes,
    reviewed_loss,
    split_blocks,
)

Read = Callable[[Box], np.ndarray]


def sampler_of(overlay: FakeOverlay, read: Read, config: TrainingConfig) -> PatchSampler:
    index = ReviewedIndex(overlay, split_blocks(overlay, config), config.seed)
    return PatchSampler(index, overlay, read, config)


def test_a_patch_shows_the_image_the_labels_and_what_was_reviewed(config: TrainingConfig) -> None:
    # Every voxel's image value names it, so that a patch can be found again.
    overlay = FakeOverlay()
    rng = np.random.default_rng(0)
    overlay.codes[:] = rng.choice(np.array([0, 1, 2, 5, 6], np.uint8), SHAPE)
    names = np.arange(overlay.codes.size, dtype=np.float32).reshape(SHAPE)
    config = config.model_copy(update={"augmentation": False, "patch": 32})
    sampler = sampler_of(overlay, lambda box: names[box.slices], config)
    free = split_blocks(overlay, config).trainable(Box.of(SHAPE))
    codes = overlay.codes.ravel()
    for batch in sampler:
        assert batch.image.shape == batch.target.shape == (4, 1, 32, 32)
        assert {array.dtype for array in batch} == {np.dtype(np.float32)}
        at = batch.image.astype(np.int64)  # exact below 2²⁴
        reviewed = ((codes[at] & 3) > 0) & free.ravel()[at]
        np.testing.assert_array_equal(batch.reviewed, reviewed)
        np.testing.assert_array_equal(batch.target, ((codes[at] & 3) == 2) & reviewed)


def test_every_patch_holds_a_voxel_to_learn_from(
    overlay: FakeOverlay, read: Read, config: TrainingConfig
) -> None:
    for batch in sampler_of(overlay, read, config):
        assert (batch.reviewed.sum(axis=(1, 2, 3)) > 0).all()


def test_the_vessel_quota_is_kept(overlay: FakeOverlay, read: Read, config: TrainingConfig) -> None:
    config = config.model_copy(update={"vessel_share": 1.0})
    for batch in sampler_of(overlay, read, config):
        assert (batch.target.sum(axis=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize("plane", list(Plane))
def test_beyond_the_volume_the_image_is_mirrored_and_nothing_is_reviewed(
    plane: Plane, config: TrainingConfig
) -> None:
    overlay = FakeOverlay((20, 24, 28))
    overlay.codes[:] = 1
    config = config.model_copy(
        update={"augmentation": False, "planes": (plane,), "validation_block": (64, 64, 64)}
    )
    image = np.random.default_rng(0).random((20, 24, 28)).astype(np.float32)
    batch = sampler_of(overlay, lambda box: image[box.slices], config).batch()
    rows, columns = overlay.shape[plane.rows], overlay.shape[plane.columns]
    top, left = (64 - rows) // 2, (64 - columns) // 2
    expected = np.zeros((64, 64))
    expected[top : top + rows, left : left + columns] = 1
    for patch, reviewed in zip(batch.image[:, 0], batch.reviewed[:, 0], strict=True):
        np.testing.assert_array_equal(reviewed, expected)
        np.testing.assert_array_equal(patch[top - 1], patch[top + 1])


EVERY = LossConfig(focal=0.3, tversky=0.7, boundary=2, surface_dice=1)


@pytest.mark.parametrize("loss", [LossConfig(), EVERY], ids=["default", "all"])
@pytest.mark.parametrize("plane", list(Plane))
@pytest.mark.parametrize("where", ["cell", "guard"])
def test_changing_a_validation_label_changes_no_gradient_in_any_plane(
    plane: Plane,
    where: str,
    loss: LossConfig,
    truth: np.ndarray,
    read: Read,
    config: TrainingConfig,
) -> None:
    network, overlay = Tiny(), FakeOverlay()
    for normal in Plane:  # slices of all planes cross each other and the cells held out
        overlay.accept(truth, normal, 6, 15, 25)
    changes = {"validation_block": (32, 32, 32), "planes": (plane,), "loss": loss, "guard": 8}
    config = config.model_copy(update=changes)
    split = split_blocks(overlay, config)
    assert split.validation
    # As training does it: drawn with what is hard and new, augmented on the device.
    emphasis = Emphasis(in_boxes([split.train[0]]), lambda box, codes: (codes & 4) > 0)

    def gradients() -> list[torch.Tensor]:
        network.zero_grad()
        torch.manual_seed(0)
        index = ReviewedIndex(overlay, split_blocks(overlay, config), config.seed, emphasis)
        for batch in PatchSampler(index, overlay, read, config):
            image, target, reviewed = augment(*map(torch.from_numpy, batch))
            reviewed_loss(network.eval()(image), target, reviewed, loss).backward()
        return [p.grad.clone() for p in network.parameters()]

    before = gradients()
    assert any(gradient.abs().sum() > 0 for gradient in before)
    held = np.zeros(SHAPE, bool)
    for cell in split.validation:
        # What is beside a cell is shown as context, and taught by no more than the cell.
        reach = cell.expanded((8, 8, 8)) if where == "guard" else cell
        held[reach.intersection(Box.of(SHAPE)).slices] = True
    flipped = np.where(overlay.codes == 5, 6, np.where(overlay.codes == 6, 5, overlay.codes))
    overlay.codes[held] = flipped[held]
    assert split_blocks(overlay, config).validation == split.validation
    assert all(torch.equal(a, b) for a, b in zip(before, gradients(), strict=True))
    codes = overlay.codes[split.train[0].slices]  # the same change on the other side is seen
    codes[codes == 5] = 6
    assert not all(torch.equal(a, b) for a, b in zip(before, gradients(), strict=True))


def test_the_same_seed_draws_the_same_batches(
    overlay: FakeOverlay, read: Read, config: TrainingConfig
) -> None:
    first, second = (sampler_of(overlay, read, config).batch() for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
