"""What the starter learns from: stored phantoms, and batches cut and varied from them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor

from napari_vessel.geometry import Plane
from napari_vessel.phantoms import make_phantom, random_config
from napari_vessel.tiling import slices_of
from napari_vessel.volumes import IntensityWindow

EDGE = 128  # voxels of a phantom
PATCH = 96  # pixels of a training patch: many small steps serve a short training best
VALIDATION = 8  # phantoms held out


@dataclass(frozen=True)
class Plan:
    """What the command line asks for."""

    work: Path
    minutes: float
    phantoms: int
    seed: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class Sample:
    """One volume: image in [0, 1] and truth, zyx; per plane, vessel voxels of each slice."""

    image: np.ndarray
    truth: np.ndarray
    areas: tuple[np.ndarray, ...]


def write_phantom(path: Path, seed: int) -> None:
    """Make one phantom and store it windowed, as float16, with its truth."""
    if path.exists():
        return
    rng = np.random.default_rng(seed)
    phantom = make_phantom(random_config(rng, (EDGE, EDGE, EDGE)))
    image = IntensityWindow.of(phantom.image).apply(phantom.image).astype(np.float16)
    beside = path.with_suffix(".part.npz")
    np.savez(beside, image=image, truth=phantom.vessels)
    beside.replace(path)


def load_phantoms(plan: Plan) -> list[Sample]:
    """Make what is missing, on two cores, and load all; the held-out ones come first."""
    folder = plan.work / "phantoms"
    folder.mkdir(parents=True, exist_ok=True)
    count = plan.phantoms + VALIDATION
    paths = [folder / f"{plan.seed}-{i:04d}.npz" for i in range(count)]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(write_phantom, paths, [plan.seed * 100_000 + i for i in range(count)]))
    return [load(path) for path in paths]


def load(path: Path) -> Sample:
    """Read one stored phantom."""
    with np.load(path) as stored:
        image, truth = stored["image"], stored["truth"]
    areas = tuple(slices_of(truth, plane).sum(axis=(1, 2)) for plane in Plane)
    return Sample(image, truth, areas)


def batches(samples: list[Sample], plan: Plan, first: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented batches ``(n, 1, PATCH, PATCH)`` for ever, seeded by step."""
    step = first
    while True:
        rng = np.random.default_rng((plan.seed, step))
        torch.manual_seed(plan.seed * 1_000_003 + step)
        pairs = [draw_slice(samples[rng.integers(len(samples))], rng) for _ in range(plan.batch)]
        both = torch.from_numpy(np.array(pairs, np.float32))  # (n, 2, EDGE, EDGE)
        centres = torch.from_numpy(np.array([draw_centre(b, rng) for _, b in pairs], np.float32))
        yield augmented(*moved(both, centres))
        step += 1


def draw_slice(sample: Sample, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a plane and a slice, mostly where vessels are; flip and turn it."""
    axis = int(rng.integers(3))
    weights = np.sqrt(sample.areas[axis]) + 1e-3
    rich = rng.random() < 0.8
    index = int(rng.choice(len(weights), p=weights / weights.sum() if rich else None))
    plane = Plane.of_normal(axis)
    turns, flip = int(rng.integers(4)), bool(rng.integers(2))
    image, truth = (
        np.rot90(slices_of(array, plane)[index], turns) for array in (sample.image, sample.truth)
    )
    return (image[::-1], truth[::-1]) if flip else (image, truth)


def draw_centre(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw where to cut a patch, x and y in -1…1 of the slice: mostly near a vessel."""
    room = 1 - PATCH / EDGE
    where = np.flatnonzero(truth)
    if where.size == 0 or rng.random() < 0.3:
        return rng.uniform(-room, room, size=2)
    y, x = divmod(int(rng.choice(where)), truth.shape[1])
    near = np.array([x, y]) / EDGE * 2 - 1 + rng.uniform(-0.3, 0.3, size=2)
    return np.clip(near, -room, room)


def moved(both: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Cut patches of image and truth, most of them turned and zoomed, each differently."""
    n = len(both)
    angle = (torch.rand(n) - 0.5) * 0.8
    scale = torch.exp((torch.rand(n) - 0.6) * 0.8)  # below 1 is zoomed in
    plain = torch.rand(n) < 0.4
    angle, scale = angle.masked_fill(plain, 0.0), scale.masked_fill(plain, 1.0)
    scale = scale * PATCH / EDGE
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    # Whole pixels, so that what is neither turned nor zoomed is not blurred either.
    x, y = (torch.round(centres * EDGE / 2) * 2 / EDGE).unbind(dim=1)
    theta = torch.stack([c, -s, x, s, c, y], dim=1).view(n, 2, 3)
    grid = nnf.affine_grid(theta, [n, 1, PATCH, PATCH], align_corners=False)
    both = nnf.grid_sample(both, grid, padding_mode="reflection", align_corners=False)
    return both[:, :1], (both[:, 1:] > 0.5).float()


def augmented(image: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Vary grey values as scans differ: gamma, window, blur, noise, coarse grey levels."""
    n = len(image)

    def spread(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1)

    def some(share: float) -> Tensor:
        return torch.rand(n, 1, 1, 1) < share

    blurred = nnf.avg_pool2d(nnf.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    image = torch.where(some(0.4), torch.lerp(image, blurred, spread(0.2, 1.0)), image)
    image = image.clamp(0, 1) ** torch.exp(spread(-0.5, 0.5))
    image = (image - 0.5) * spread(0.7, 1.3) + 0.5 + spread(-0.15, 0.15)
    noisy = image + torch.randn_like(image) * spread(0.0, 0.06)
    image = torch.where(some(0.5), noisy, image).clamp(0, 1)
    levels = torch.exp(spread(2.5, 5.5))  # 12 to 245 grey levels: 8-bit scans use few
    image = torch.where(some(0.4), torch.round(image * levels) / levels, image)
    return image, truth
