import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from training_toys import Tiny

from napari_vessel.geometry import Plane
from napari_vessel.phantoms import PhantomConfig, PhantomShelf, make_phantom
from napari_vessel.phantoms import _shelf as shelf_module
from napari_vessel.training import (
    Batch,
    PhantomPatches,
    Rehearsal,
    RehearsingSampler,
    SegmentationTask,
    TrainingConfig,
)
from napari_vessel.training._losses import kept_mean

CONFIG = TrainingConfig(
    patch=32, batch=8, replay_share=0.25, precision="fp32", augmentation=False, averaging=0.0
)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PhantomShelf:
    """Three small phantoms, dark, bright and flat ones, made here and never beside."""
    configs = iter(
        [
            PhantomConfig(shape=(24, 40, 40), generations=4),
            PhantomConfig(shape=(24, 40, 40), generations=4, polarity="bright", lumen_contrast=0.3),
            PhantomConfig(shape=(24, 40, 40), generations=4, voxel_size_um=(200.0, 50.0, 50.0)),
        ]
    )
    monkeypatch.setattr(shelf_module, "random_config", lambda *_, **__: next(configs))
    made = PhantomShelf(3, folder=tmp_path)
    made.fill()
    return made


def signed(voxels: np.ndarray, bright: bool) -> np.ndarray:
    return -np.sqrt(voxels) if bright else voxels


def corrections(size: int = 8) -> Batch:
    rng = np.random.default_rng(0)
    image = rng.random((size, 1, 32, 32)).astype(np.float32)
    reviewed = np.zeros_like(image)
    reviewed[:, :, 16] = 1
    return Batch(image, (image > 0.5).astype(np.float32), reviewed)


class Corrections:
    def __len__(self) -> int:
        return 2

    def batch(self, size: int = 8) -> Batch:
        return corrections(size)


def rehearsing(shelf: PhantomShelf, config: TrainingConfig = CONFIG) -> RehearsingSampler:
    patches = PhantomPatches(shelf, signed, config.patch, config.seed)
    return RehearsingSampler(Corrections(), patches, config)  # type: ignore[arg-type]


def test_a_phantom_comes_from_the_shelf_as_it_was_made(shelf: PhantomShelf) -> None:
    found = shelf.load(shelf.paths()[0])
    with np.load(shelf.paths()[0]) as stored:
        phantom = make_phantom(PhantomConfig(shape=(24, 40, 40), generations=4))
        np.testing.assert_array_equal(stored["image"], phantom.image)
    np.testing.assert_array_equal(found.truth, phantom.vessels)
    assert not found.bright
    assert shelf.load(shelf.paths()[1]).bright


def test_a_batch_has_the_share_of_phantoms_and_no_more_patches_than_asked(
    shelf: PhantomShelf,
) -> None:
    sampler = rehearsing(shelf)
    for batch in sampler:
        assert isinstance(batch, Rehearsal)
        assert (len(batch.corrections.image), len(batch.phantoms.image)) == (6, 2)
        assert batch.phantoms.reviewed.all()
        assert set(np.unique(batch.phantoms.target)) <= {0, 1}
        assert batch.share == CONFIG.replay_weight


def test_until_a_phantom_is_there_all_patches_are_corrections_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(PhantomShelf, "fill_beside", lambda self: asked.append(self))  # noqa: PLW0108  a method is bound, append is not
    monkeypatch.setattr("napari_vessel.training._replay._LOOK_S", 0.0)
    shelf = PhantomShelf(2, folder=tmp_path)
    sampler = rehearsing(shelf)
    assert isinstance(sampler.batch(), Batch)
    assert len(sampler.batch().image) == 8
    assert asked == [shelf]  # once
    monkeypatch.setattr(
        shelf_module, "random_config", lambda *_, **__: PhantomConfig(shape=(24, 40, 40))
    )
    shelf.fill()
    assert isinstance(sampler.batch(), Rehearsal)


def test_patches_are_of_planes_whose_pixels_are_square(shelf: PhantomShelf) -> None:
    patches = PhantomPatches(shelf, signed, 32, 0)
    patches.draw(1)
    planes = [shown.planes for shown in patches._loaded.values()]
    assert planes == [tuple(Plane), tuple(Plane), (Plane.XY,)]


def test_phantoms_are_shown_as_the_network_sees_a_volume(shelf: PhantomShelf) -> None:
    patches = PhantomPatches(shelf, signed, 32, 0)
    patches.draw(1)
    dark, bright, _ = patches._loaded.values()
    assert (dark.image.min(), dark.image.max()) == (0, 1)
    assert (bright.image.min(), bright.image.max()) == (-1, 0)
    assert bright.image[bright.truth].mean() < bright.image[~bright.truth].mean()


def test_the_same_seed_draws_the_same_phantoms(shelf: PhantomShelf) -> None:
    first, second = (PhantomPatches(shelf, signed, 32, 3).draw(4) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_damaged_phantom_is_left_out(shelf: PhantomShelf) -> None:
    shelf.paths()[0].write_bytes(b"PK\x03\x04 cut")
    patches = PhantomPatches(shelf, signed, 32, 0)
    assert patches.draw(2) is not None
    assert len(patches._loaded) == 2


def step(
    network: nn.Module, batch: Batch | Rehearsal, before: nn.Module | None = None
) -> tuple[float, list[torch.Tensor]]:
    config = CONFIG.model_copy(update={"gradient_norm": 1e9, "keep_statistics": True})
    task = SegmentationTask(network, lambda _: 0.0, config, before)
    loss = task.step(batch)
    return loss, [weight.grad.clone() for weight in network.parameters()]


def alike(count: int) -> list[nn.Module]:
    torch.manual_seed(0)
    networks = [Tiny().eval() for _ in range(count)]
    for other in networks[1:]:
        other.load_state_dict(networks[0].state_dict())
    return networks


def known() -> Batch:
    once = Batch(*(np.repeat(part, 2, axis=0) for part in corrections(4)))
    return Batch(once.image, once.target, np.ones_like(once.reviewed))


def test_corrections_keep_their_share_of_the_gradient_however_much_of_phantoms_is_known() -> None:
    first, second, third = alike(3)
    alone, of_corrections = step(first, corrections())
    _, of_phantoms = step(second, known())
    loss, both = step(third, Rehearsal(corrections(), known(), 0.25))
    assert loss == pytest.approx(alone, rel=1e-5)  # what is told is the corrections' own
    for a, b, c in zip(of_corrections, of_phantoms, both, strict=True):
        torch.testing.assert_close(0.75 * a + 0.25 * b, c, rtol=1e-3, atol=1e-6)


def test_as_long_as_a_network_says_the_same_of_phantoms_they_teach_nothing() -> None:
    first, second, before = alike(3)
    _, of_corrections = step(first, corrections())
    _, both = step(second, Rehearsal(corrections(), known(), 0.25), before)
    for a, b in zip(of_corrections, both, strict=True):
        torch.testing.assert_close(0.75 * a, b, rtol=1e-3, atol=1e-6)


def test_a_network_that_moved_is_drawn_back_to_what_it_said() -> None:
    torch.manual_seed(0)
    before = torch.randn(2, 1, 8, 8)
    logits = (before + torch.randn_like(before)).requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=0.1)
    assert kept_mean(logits, before) > 0
    for _ in range(300):
        optimiser.zero_grad()
        kept_mean(logits, before).backward()
        optimiser.step()
    torch.testing.assert_close(logits.detach().sigmoid(), before.sigmoid(), atol=0.02, rtol=0)
    assert kept_mean(before, before) == 0
    assert torch.isfinite(
        kept_mean(torch.full((1, 1, 4, 4), 90.0), torch.full((1, 1, 4, 4), -90.0))
    )


def test_a_shelf_is_filled_beside_and_its_maker_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    class Maker:
        def __init__(self, command: list[str], **_: object) -> None:
            started.append(command)
            self.ended = False

        def poll(self) -> int | None:
            return 0 if self.ended else None

        def terminate(self) -> None:
            self.ended = True

        def wait(self) -> None: ...

    monkeypatch.setattr(shelf_module.subprocess, "Popen", Maker)
    shelf = PhantomShelf(2, seed=5, folder=tmp_path)
    shelf.fill_beside()
    shelf.fill_beside()
    assert len(started) == 1
    assert started[0][0] == sys.executable
    assert started[0][-1] == str(os.getpid())
    assert shelf.filling
    shelf.close()
    assert not shelf.filling


def test_a_maker_whose_parent_has_gone_stops(tmp_path: Path) -> None:
    shelf = PhantomShelf(2, folder=tmp_path)
    shelf.fill(parent=os.getpid())  # our own parent is another
    assert shelf.paths() == []
