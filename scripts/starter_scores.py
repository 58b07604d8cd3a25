"""How good a starter is: scores on held-out phantoms and on real items it never learned from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from napari_vessel.geometry import Plane, VoxelSize
from napari_vessel.metrics import confusion, surface_dice
from napari_vessel.networks import autocast, choose_precision
from napari_vessel.tiling import block_of, slices_of
from starter_data import Sample, items_of, load_item, may_learn

THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
_LEAST = 200  # vessel voxels: fewer make a Dice of chance
_BATCH_PIXELS = 2**19


@dataclass(frozen=True)
class Score:
    """Dice and surface dice of one item at each of ``THRESHOLDS``."""

    name: str
    dice: tuple[float, ...]
    surface: tuple[float, ...]
    judges: bool = True  # there is enough vessel in it

    @property
    def best(self) -> float:
        """The best Dice of all thresholds."""
        return max(self.dice)


@torch.inference_mode()
def predict(
    network: nn.Module, sample: Sample, slices: int, planes: tuple[Plane, ...]
) -> np.ndarray:
    """Mean probability over ``planes``, zyx, the neighbours of a slice as its channels."""
    device = next(network.parameters()).device
    precision = choose_precision(device, "auto", network)
    total = np.zeros(sample.image.shape, np.float32)
    for plane in planes:
        stack = slices_of(sample.image, plane)
        rows, columns = stack.shape[1:]
        padded = np.pad(stack, ((0, 0), (0, -rows % 32), (0, -columns % 32)), mode="symmetric")
        batch = max(1, _BATCH_PIXELS // padded[0].size)
        parts = []
        for start in range(0, len(padded), batch):
            stop = min(start + batch, len(padded))
            seen = _neighbours(padded, range(start, stop), slices) - np.float32(sample.bright)
            tensor = torch.from_numpy(seen).to(device)
            with autocast(device, precision):
                logits = network(tensor.contiguous(memory_format=torch.channels_last))
            parts.append(torch.sigmoid(logits.float()).cpu()[:, 0, :rows, :columns])
        total += block_of(torch.cat(parts).numpy(), plane) / len(planes)
    return total


def _neighbours(stack: np.ndarray, numbers: range, slices: int) -> np.ndarray:
    beside = np.arange(slices) - slices // 2
    index = np.clip(np.array(numbers)[:, None] + beside, 0, len(stack) - 1)
    return np.asarray(stack[index], np.float32) / np.float32(255)


def measure(
    network: nn.Module, samples: list[Sample], slices: int, *, surface: bool = False
) -> list[Score]:
    """Score a network on samples, in the planes that suit each; surface dice takes longest."""
    network.eval()
    found = []
    for sample in samples:
        p = predict(network, sample, slices, sample.planes)
        masks = [p >= t for t in THRESHOLDS]
        dice = tuple(float(confusion(mask, sample.truth).dice) for mask in masks)
        outlines = _surface(masks, sample.truth) if surface else ()
        found.append(Score(sample.name, dice, outlines, _judges(sample)))
    return found


def _surface(masks: list[np.ndarray], truth: np.ndarray) -> tuple[float, ...]:
    one = VoxelSize(1, 1, 1)
    return tuple(surface_dice(mask, truth, voxel_size=one) for mask in masks)


def load_measured(folder: Path) -> list[Sample]:
    """Load the real items that a starter must never learn from and that hold enough vessel."""
    found = []
    for item in items_of(folder):
        name = item["name"]
        if not name.startswith(("hipct", "twophoton")) or "label" not in item["files"]:
            continue
        if may_learn(name, set(item["files"])):
            continue
        found.append(load_item(folder / name, item["voxel_um"]))
    return [sample for sample in found if _judges(sample)]


def _judges(sample: Sample) -> bool:
    return bool(sample.truth.sum() >= _LEAST)


def table(scores: list[Score]) -> str:
    """Write scores as a markdown table, by threshold."""
    rows = [(s.name, "Dice", s.dice) for s in scores]
    rows += [(s.name, "surface dice", s.surface) for s in scores if s.surface]
    lines = ["| item | | " + " | ".join(map(str, THRESHOLDS)) + " |"]
    lines.append("|---" * (2 + len(THRESHOLDS)) + "|")
    for name, what, values in rows:
        lines.append(f"| {name} | {what} | " + " | ".join(f"{x:.3f}" for x in values) + " |")
    return "\n".join(lines)
