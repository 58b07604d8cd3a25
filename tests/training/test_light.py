from __future__ import annotations

import itertools
from math import isfinite, nan

import numpy as np
import pytest
import torch

from napari_vessel.annotation import Overlay
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, Levels
from napari_vessel.networks import NetworkConfig, build_network
from napari_vessel.training import (
    CorrectedSlices,
    LightConfig,
    LightSample,
    TailNetwork,
    TrainingConfig,
    corrected_near,
    learn_light,
    split_blocks,
)

SHAPE = (8, 64, 96)
XY = InferenceConfig(planes=(Plane.XY,), views="none", halo=0, device="cpu", precision="fp32")
BLOCKS = TrainingConfig(validation_block=(4, 32, 32), guard=2)
QUICK = LightConfig(steps=6, batch=2, window=32, margin=2, seconds=1e6)


def network() -> TailNetwork:
    torch.manual_seed(0)
    config = NetworkConfig(encoder="tu-resnet10t", encoder_depth=3, decoder_channels=(8, 8, 8))
    return TailNetwork(build_network(config).eval(), 1, "fp32")


def volume() -> tuple[np.ndarray, np.ndarray]:
    """A bright volume with a dark band, and where it is."""
    vessel = np.zeros(SHAPE, bool)
    vessel[:, 20:30] = True
    noise = np.random.default_rng(0).random(SHAPE, np.float32) * 0.1
    return np.where(vessel, 0.2, 0.8).astype(np.float32) + noise, vessel


def levels() -> Levels:
    image = volume()[0]
    return Levels(lambda box, _: image[box.slices], [SHAPE], [(1.0, 1.0, 1.0)])


def reviewed(*boxes: Box) -> Overlay:
    overlay, vessel = Overlay(SHAPE), volume()[1]
    for box in boxes:
        codes = np.where(vessel[box.slices], 2, 1).astype(np.uint8)
        overlay.write(box, np.ones(box.shape, bool), codes)
    return overlay


def slice_of(index: int) -> Box:
    return Box.of(SHAPE).slice_at(Plane.XY, index)


def samples(overlay: Overlay, *indices: int) -> list[LightSample]:
    slices = CorrectedSlices(overlay, split_blocks(overlay, BLOCKS), levels(), XY)
    return [
        sample
        for index in indices
        for sample in slices.samples(slice_of(index), newest=index == indices[0])
    ]


def test_it_learns() -> None:
    light = network()
    learned = samples(reviewed(slice_of(3)), 3)
    config = QUICK.model_copy(update={"steps": 60, "learning_rate": 1e-2})
    losses = [step.loss for step in learn_light(light, learned, config)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_equal_seeds_learn_alike() -> None:
    found = []
    for seed in (0, 0, 1):
        light = network()
        config = QUICK.model_copy(update={"seed": seed})
        list(learn_light(light, samples(reviewed(slice_of(3)), 3), config))
        found.append(torch.cat([w.detach().flatten() for w in light.tail.parameters()]))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_it_stops_when_its_time_is_up() -> None:
    ticks = itertools.count()
    config = QUICK.model_copy(update={"seconds": 5.0, "steps": 100})
    learned = samples(reviewed(slice_of(3)), 3)
    steps = list(learn_light(network(), learned, config, clock=lambda: float(next(ticks))))
    assert len(steps) == 3  # it looks twice a step


def test_the_rate_falls_to_nothing_by_steps_or_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    learned, rates = samples(reviewed(slice_of(3)), 3), []

    class Noted(torch.optim.AdamW):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    monkeypatch.setattr("napari_vessel.training._light.torch.optim.AdamW", Noted)
    list(learn_light(network(), learned, QUICK))
    by_steps = list(rates)
    assert by_steps[0] == pytest.approx(QUICK.learning_rate)
    assert by_steps == sorted(by_steps, reverse=True)
    assert by_steps[-1] < 0.1 * by_steps[0]
    rates.clear()
    ticks = itertools.count()
    config = QUICK.model_copy(update={"seconds": 8.0, "steps": 10_000})
    list(learn_light(network(), learned, config, clock=lambda: float(next(ticks))))
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.2 * rates[0]


def test_a_loss_that_is_not_finite_ends_it_with_weights_that_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    losses = iter([1.0, nan])

    def loss(logits, *_):
        return logits.mean() * 0 + next(losses)

    monkeypatch.setattr("napari_vessel.training._light.reviewed_loss", loss)
    light = network()
    steps = list(learn_light(light, samples(reviewed(slice_of(3)), 3), QUICK))
    assert [isfinite(step.loss) for step in steps] == [True, False]
    assert all(torch.isfinite(w).all() for w in light.tail.parameters())


def test_changing_a_label_that_is_judged_by_changes_nothing_that_is_learned() -> None:
    overlay = reviewed(*(slice_of(index) for index in range(SHAPE[0])))
    split = split_blocks(overlay, BLOCKS)
    held = next(box for box in split.validation if box.start[0] <= 3 < box.stop[0])
    found = []
    for change in (False, True):
        if change:
            code = 3 - (overlay.read(held) & 3)
            overlay.write(held, np.ones(held.shape, bool), code)
        light = network()
        learned = samples(overlay, 3, 2)
        assert sum(float(sample.reviewed.sum()) for sample in learned) > 0
        list(learn_light(light, learned, QUICK))
        found.append(torch.cat([w.detach().flatten() for w in light.tail.parameters()]))
    assert torch.equal(found[0], found[1])


def test_what_nobody_reviewed_is_not_learned_from() -> None:
    overlay = reviewed(Box((3, 10, 10), (4, 40, 40)))
    (sample,) = samples(overlay, 3)
    assert float(sample.reviewed.sum()) == 30 * 30
    assert float(sample.target.sum()) == 10 * 30
    np.testing.assert_array_equal(sample.image, volume()[0][3])


def test_a_slice_is_learned_from_as_it_is_predicted_at_any_scale() -> None:
    overlay = reviewed(slice_of(3))
    inference = XY.model_copy(update={"zoom": (1.0, 0.5, 0.5)})
    slices = CorrectedSlices(overlay, split_blocks(overlay, BLOCKS), levels(), inference)
    (sample,) = slices.samples(slice_of(3), newest=True)
    assert sample.image.shape == (32, 64)  # 32 × 48 pixels, mirrored to multiples of 32
    assert float(sample.reviewed.sum()) == 32 * 48
    assert float(sample.target.sum()) == 5 * 48


def test_windows_do_not_learn_from_their_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def loss(logits, target, where, _):
        seen.append(where)
        return logits.mean()

    monkeypatch.setattr("napari_vessel.training._light.reviewed_loss", loss)
    list(learn_light(network(), samples(reviewed(slice_of(3)), 3), QUICK))
    inner = torch.cat(seen)
    assert inner.shape[-2:] == (32, 32)
    # a window's edge counts only where it is the slice's
    assert inner[..., 2:-2, 2:-2].all()
    assert not inner.all()


def test_the_slices_near_are_learned_from_the_nearest_first() -> None:
    overlay = reviewed(slice_of(0), slice_of(3), slice_of(4), slice_of(7))
    config = LightConfig(slices=3, reach=3)
    assert corrected_near(overlay, Box.of(SHAPE), Plane.XY, 3, config) == [3, 4, 0]


def test_a_row_that_another_planes_slice_left_is_no_slice() -> None:
    overlay = reviewed(slice_of(3), Box.of(SHAPE).slice_at(Plane.XZ, 20))
    assert corrected_near(overlay, Box.of(SHAPE), Plane.XY, 3, LightConfig()) == [3]
