"""Batches for the starter: patches cut from samples, then varied as scans differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor

from napari_vessel.geometry import Plane
from napari_vessel.tiling import cut_reflected, slices_of
from starter_data import Sample


@dataclass(frozen=True)
class BatchPlan:
    """How batches are drawn."""

    seed: int
    batch: int = 8
    patch: int = 96  # many small steps serve a short training best
    slices: int = 1  # neighbours along the normal, as channels
    real_share: float = 0.3  # of patches, where there are real samples


def batches(
    phantoms: list[Sample], real: list[Sample], plan: BatchPlan, first: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (n, slices, patch, patch) images and (n, 1, …) truths for ever, seeded by step."""
    step = first
    weights = np.array([1 + 3 * bool(s.truth.any()) + 4 * (s.image.size > 1e6) for s in real])
    while True:
        rng = np.random.default_rng((plan.seed, step))
        torch.manual_seed(plan.seed * 1_000_003 + step)
        pairs, bright = [], []
        for _ in range(plan.batch):
            if real and rng.random() < plan.real_share:
                sample = real[int(rng.choice(len(real), p=weights / weights.sum()))]
            else:
                sample = phantoms[int(rng.integers(len(phantoms)))]
            pairs.append(_cut(sample, plan, rng))
            bright.append(sample.bright)
        image, truth = augmented(*_moved(torch.from_numpy(np.stack(pairs)), plan))
        yield image - torch.tensor(bright)[:, None, None, None].float(), truth
        step += 1


def _cut(sample: Sample, plan: BatchPlan, rng: np.random.Generator) -> np.ndarray:
    """Cut neighbouring slices and, last, the truth: (slices + 1, edge, edge), turned or flipped."""
    plane: Plane = sample.planes[int(rng.integers(len(sample.planes)))]
    index = _slice(sample.areas[plane], rng)
    images, truths = slices_of(sample.image, plane), slices_of(sample.truth, plane)
    y, x = _centre(truths[index], rng)
    edge = plan.patch * 3 // 2  # turned and zoomed patches need more than they show
    first = (y - edge // 2, x - edge // 2)
    last = (first[0] + edge, first[1] + edge)
    beside = range(-(plan.slices // 2), plan.slices // 2 + 1)
    sign = 1 if rng.random() < 0.5 else -1  # a stack looks the same from below
    numbers = [min(max(index + sign * b, 0), len(images) - 1) for b in beside]
    parts = [cut_reflected(images[n], first, last) / np.float32(255) for n in numbers]
    parts.append(cut_reflected(truths[index], first, last).astype(np.float32))
    turned = np.rot90(np.stack(parts), int(rng.integers(4)), axes=(1, 2))
    return np.ascontiguousarray(turned[:, ::-1] if rng.random() < 0.5 else turned, np.float32)


def _slice(areas: np.ndarray, rng: np.random.Generator) -> int:
    """Draw a slice, mostly where vessels are."""
    if rng.random() < 0.2:
        return int(rng.integers(len(areas)))
    weights = np.sqrt(areas) + 1e-3
    return int(rng.choice(len(weights), p=weights / weights.sum()))


def _centre(truth: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """Draw where a patch is centred: mostly near a vessel."""
    where = np.flatnonzero(truth)
    if where.size == 0 or rng.random() < 0.35:
        return int(rng.integers(truth.shape[0])), int(rng.integers(truth.shape[1]))
    y, x = divmod(int(rng.choice(where)), truth.shape[1])
    return y + int(rng.integers(-24, 25)), x + int(rng.integers(-24, 25))


def _moved(both: Tensor, plan: BatchPlan) -> tuple[Tensor, Tensor]:
    """Cut the patches out, most of them turned and zoomed, each differently."""
    n, edge = len(both), both.shape[-1]
    angle = (torch.rand(n) - 0.5) * 0.8
    scale = torch.exp(torch.rand(n) * 1.4 - 0.9)  # below 1 is zoomed in: 0.41 to 1.65
    plain = torch.rand(n) < 0.4
    angle, scale = angle.masked_fill(plain, 0.0), scale.masked_fill(plain, 1.0)
    scale = scale * plan.patch / edge
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    zero = torch.zeros(n)
    theta = torch.stack([c, -s, zero, s, c, zero], dim=1).view(n, 2, 3)
    grid = nnf.affine_grid(theta, [n, 1, plan.patch, plan.patch], align_corners=False)
    both = nnf.grid_sample(both, grid, padding_mode="reflection", align_corners=False)
    return both[:, :-1], (both[:, -1:] > 0.5).float()


def augmented(image: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Vary grey values as scans differ: gamma, window, blur, noise, coarse grey levels.

    Mildly: real arteries differ from what surrounds them by a few grey levels, which stronger
    noise and fewer levels drown.
    """
    n = len(image)

    def spread(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1)

    def some(share: float) -> Tensor:
        return torch.rand(n, 1, 1, 1) < share

    blurred = nnf.avg_pool2d(nnf.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    image = torch.where(some(0.4), torch.lerp(image, blurred, spread(0.2, 1.0)), image)
    image = torch.where(some(0.25), _upscaled(image), image)
    image = image.clamp(0, 1) ** torch.exp(spread(-0.5, 0.5))
    image = (image - 0.5) * spread(0.7, 1.3) + 0.5 + spread(-0.15, 0.15)
    noisy = image + torch.randn_like(image) * spread(0.0, 0.03)
    image = torch.where(some(0.3), noisy, image).clamp(0, 1)
    levels = torch.exp(spread(3.2, 5.5))  # 25 to 245 grey levels: 8-bit scans use few
    image = torch.where(some(0.25), torch.round(image * levels) / levels, image)
    return image.clamp(0, 1), truth


def _upscaled(image: Tensor) -> Tensor:
    """Show each as a scan of twice the voxel size that was upscaled to be read."""
    return nnf.interpolate(nnf.avg_pool2d(image, 2), size=image.shape[-2:], mode="bilinear")
