"""Train the bundled starter network on phantoms only.

    python scripts/train_starter.py WORK --minutes 22 --out STARTER

WORK holds the phantoms, the state to resume from, and the log; started again
with the same WORK it goes on. Without ``--out`` nothing is saved but the state.
``--real FOLDER`` prints, for information, scores on real HiP-CT patches.
Draws are seeded by step; the schedule follows the clock, so two runs agree in
kind, not bit for bit.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from time import monotonic

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from napari_vessel.geometry import Plane, VoxelSize
from napari_vessel.metrics import cldice, confusion, surface_dice
from napari_vessel.networks import (
    CheckpointCard,
    NetworkConfig,
    autocast,
    build_network,
    choose_device,
    choose_precision,
    save_checkpoint,
)
from napari_vessel.phantoms import make_phantom, random_config
from napari_vessel.tiling import block_of, slices_of
from napari_vessel.volumes import IntensityWindow

EDGE = 128  # voxels of a phantom and of a training patch
VALIDATION = 8  # phantoms held out
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)


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


# --- phantoms -----------------------------------------------------------------


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


# --- batches ------------------------------------------------------------------


def batches(samples: list[Sample], plan: Plan, first: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented batches ``(n, 1, EDGE, EDGE)`` for ever, seeded by step."""
    step = first
    while True:
        rng = np.random.default_rng((plan.seed, step))
        torch.manual_seed(plan.seed * 1_000_003 + step)
        pairs = [draw_slice(samples[rng.integers(len(samples))], rng) for _ in range(plan.batch)]
        image = torch.from_numpy(np.stack([a for a, _ in pairs]).astype(np.float32))[:, None]
        truth = torch.from_numpy(np.stack([b for _, b in pairs]).astype(np.float32))[:, None]
        yield augmented(*moved(image, truth))
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


def moved(image: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Turn, zoom and shift most images a little, each differently."""
    n = len(image)
    angle = (torch.rand(n) - 0.5) * 0.8
    scale = torch.exp((torch.rand(n) - 0.6) * 0.8)  # below 1 is zoomed in
    plain = torch.rand(n) < 0.4
    angle, scale = angle.masked_fill(plain, 0.0), scale.masked_fill(plain, 1.0)
    c, s = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift = ((torch.rand(2, n) - 0.5) * 0.6).masked_fill(plain, 0.0)
    theta = torch.stack([c, -s, shift[0], s, c, shift[1]], dim=1).view(n, 2, 3)
    grid = nnf.affine_grid(theta, list(image.shape), align_corners=False)
    both = nnf.grid_sample(
        torch.cat([image, truth], dim=1), grid, padding_mode="reflection", align_corners=False
    )
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


# --- training -----------------------------------------------------------------


def loss_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, vessels twice as heavy, and soft Dice over the batch."""
    weight = torch.full((1,), 2.0, device=logits.device)
    bce = nnf.binary_cross_entropy_with_logits(logits, truth, pos_weight=weight)
    p = torch.sigmoid(logits)
    dice = 1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1)
    return bce + dice


@dataclass
class Trainer:
    """Network, its running mean (what is kept), optimiser, and how far it got."""

    plan: Plan
    device: torch.device

    def __post_init__(self) -> None:
        torch.manual_seed(self.plan.seed)
        kind = {"device": self.device, "memory_format": torch.channels_last}
        self.network = build_network(NetworkConfig()).to(**kind)
        self.mean = build_network(NetworkConfig()).to(**kind).eval()
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=self.plan.learning_rate, weight_decay=0.01
        )
        self.precision = choose_precision(self.device)
        self.step, self.seconds = 0, 0.0

    @property
    def state_file(self) -> Path:
        """Where the state is kept."""
        return self.plan.work / "state.pt"

    def save(self) -> None:
        """Write the state beside, then put it in place."""
        parts = {"network": self.network, "mean": self.mean, "optimiser": self.optimiser}
        state = {name: part.state_dict() for name, part in parts.items()}
        beside = self.state_file.with_suffix(".part")
        torch.save({**state, "step": self.step, "seconds": self.seconds}, beside)
        beside.replace(self.state_file)

    def resume(self) -> None:
        """Go on from the state, if there is one."""
        if not self.state_file.exists():
            return
        state = torch.load(self.state_file, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        print(f"Resumed at step {self.step}, after {self.seconds / 60:.1f} minutes.")

    def train_step(self, image: Tensor, truth: Tensor) -> float:
        """Take one step; the learning rate follows the time used."""
        used = min(self.seconds / (60 * self.plan.minutes), 1.0)
        rate = self.plan.learning_rate * min((self.step + 1) / 100, 0.5 * (1 + cos(pi * used)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        image = image.to(self.device, memory_format=torch.channels_last)
        self.network.train()
        with autocast(self.device, self.precision):
            logits = self.network(image)
        loss = loss_of(logits.float(), truth.to(self.device))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        return float(loss.detach())

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(0.998, self.step / (self.step + 10))
        for ours, theirs in zip(
            self.mean.state_dict().values(), self.network.state_dict().values(), strict=True
        ):
            if ours.is_floating_point():
                ours.lerp_(theirs, 1 - keep)
            else:
                ours.copy_(theirs)


def train(trainer: Trainer, samples: list[Sample]) -> None:
    """Train until the minutes are used, saying how it goes every half minute."""
    plan, losses, said, start = trainer.plan, [], 0.0, monotonic()
    before = trainer.seconds
    for image, truth in batches(samples[VALIDATION:], plan, trainer.step):
        losses.append(trainer.train_step(image, truth))
        trainer.seconds = before + monotonic() - start
        if trainer.seconds - said > 30:
            said = trainer.seconds
            speed = trainer.step * plan.batch * EDGE**2 / trainer.seconds / 1e6
            left = plan.minutes - trainer.seconds / 60
            print(
                f"step {trainer.step}  loss {np.mean(losses):.4f}  {speed:.2f} Mpx/s  "
                f"{left:.1f} min left",
                flush=True,
            )
            losses.clear()
            trainer.save()
        if trainer.seconds > 60 * plan.minutes:
            break
    trainer.save()


# --- measuring ----------------------------------------------------------------


@torch.no_grad()
def predict(network: nn.Module, image: np.ndarray, device: torch.device) -> np.ndarray:
    """Mean probability of three planes, zyx, for a small volume in [0, 1]."""
    total = np.zeros(image.shape, np.float32)
    for plane in Plane:
        slices = np.ascontiguousarray(slices_of(image, plane), dtype=np.float32)
        rows, columns = slices.shape[1:]
        room = ((0, 0), (0, -rows % 32), (0, -columns % 32))
        tensor = torch.from_numpy(np.pad(slices, room, mode="reflect"))[:, None]
        parts = [torch.sigmoid(network(part.to(device))).cpu() for part in tensor.split(16)]
        probability = torch.cat(parts)[:, 0, :rows, :columns].numpy()
        total += block_of(probability, plane) / 3
    return total


def measure(name: str, probability: np.ndarray, truth: np.ndarray) -> None:
    """Print scores at several thresholds."""
    for threshold in THRESHOLDS:
        mask = probability >= threshold
        found = confusion(mask, truth)
        surface = surface_dice(mask, truth, voxel_size=VoxelSize(1, 1, 1))
        print(
            f"{name:28s} t={threshold:.1f} dice {found.dice:.3f} precision {found.precision:.3f} "
            f"recall {found.recall:.3f} surface {surface:.3f} cldice {cldice(mask, truth):.3f}",
            flush=True,
        )


def measure_phantoms(trainer: Trainer, samples: list[Sample]) -> dict[str, float]:
    """Score the held-out phantoms; return mean Dice by threshold."""
    rows = []
    for sample in samples[:VALIDATION]:
        p = predict(trainer.mean, sample.image.astype(np.float32), trainer.device)
        rows.append([confusion(p >= t, sample.truth).dice for t in THRESHOLDS])
    means = np.mean(rows, axis=0)
    return {f"phantom_dice_at_{t}": float(m) for t, m in zip(THRESHOLDS, means, strict=True)}


def measure_real(trainer: Trainer, folder: Path) -> None:
    """Print, for information, scores on the real patches that hold vessels."""
    import tifffile

    for name in ("01_kidney1", "02_kidney1", "04_kidney1", "05_kidney1", "17_kidney3"):
        place = folder / f"hipct3d_{name}"
        image, truth = (
            tifffile.imread(place / f"{what}.tif")[:, 2:-2, 2:-2] for what in ("image", "label")
        )
        window = IntensityWindow.of(image)
        measure(name, predict(trainer.mean, window.apply(image), trainer.device), truth > 0)


def save(trainer: Trainer, metrics: dict[str, float], threshold: float, out: Path) -> None:
    """Save the running mean as a checkpoint with its card."""
    plan = trainer.plan
    card = CheckpointCard(
        voxel_size_um=(50.0, 50.0, 50.0),
        polarity="dark",
        planes=tuple(Plane),
        threshold=threshold,
        metrics=metrics,
        provenance=(
            f"Trained by scripts/train_starter.py on {plan.phantoms} synthetic phantoms of "
            f"{EDGE}³ voxels only (napari_vessel.phantoms.random_config, seed {plan.seed}), "
            f"{trainer.step} steps of {plan.batch} slices in {trainer.seconds / 60:.0f} minutes. "
            f"No real data was learned from. Threshold chosen on {VALIDATION} held-out phantoms. "
            "Code BSD-3-Clause; weights CC0-1.0."
        ),
    )
    checkpoint = save_checkpoint(out, trainer.mean, card, half=True)
    print(f"Saved {checkpoint.path} ({checkpoint.weights.stat().st_size / 1e6:.1f} MB).")


def main() -> None:
    """Read the command line, then plan, train, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=Path, help="folder of phantoms and state; resumed from")
    parser.add_argument("--minutes", type=float, default=22.0, help="of training, in all")
    parser.add_argument("--phantoms", type=int, default=96, help="to train on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16, help="slices a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder of the checkpoint to write")
    parser.add_argument("--real", type=Path, help="folder of real patches to measure on")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    plan = Plan(args.work, args.minutes, args.phantoms, args.seed, args.batch, args.rate)
    trainer = Trainer(plan, choose_device())
    print(
        f"Plan: {plan.phantoms} phantoms of {EDGE}³, {plan.minutes:g} minutes on "
        f"{trainer.device} in {trainer.precision}, then measure on {VALIDATION} more."
    )
    samples = load_phantoms(plan)
    trainer.resume()
    if trainer.seconds < 60 * plan.minutes:
        train(trainer, samples)
    metrics = measure_phantoms(trainer, samples)
    print(metrics)
    best = max(THRESHOLDS, key=lambda t: metrics[f"phantom_dice_at_{t}"])
    print(f"Best threshold on held-out phantoms: {best}")
    if args.real:
        measure_real(trainer, args.real)
    if args.out:
        save(trainer, metrics, best, args.out)


if __name__ == "__main__":
    main()
