"""How good a starter is: scores on held-out phantoms and, for information, on real patches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
import torch
from torch import nn

from napari_vessel.geometry import Plane, VoxelSize
from napari_vessel.metrics import cldice, confusion, surface_dice
from napari_vessel.tiling import block_of, slices_of
from napari_vessel.volumes import IntensityWindow
from starter_batches import Sample

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
REAL = ("01_kidney1", "02_kidney1", "04_kidney1", "05_kidney1", "17_kidney3")


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


def measure_phantoms(
    network: nn.Module, samples: list[Sample], device: torch.device
) -> dict[str, float]:
    """Score the held-out phantoms; return mean Dice by threshold."""
    rows = []
    for sample in samples:
        p = predict(network, sample.image.astype(np.float32), device)
        rows.append([confusion(p >= t, sample.truth).dice for t in THRESHOLDS])
    means = np.mean(rows, axis=0)
    return {f"phantom_dice_at_{t}": float(m) for t, m in zip(THRESHOLDS, means, strict=True)}


def measure_real(network: nn.Module, folder: Path, device: torch.device) -> None:
    """Print, for information, scores on the real patches that hold vessels."""
    for name in REAL:
        place = folder / f"hipct3d_{name}"
        image, truth = (
            tifffile.imread(place / f"{what}.tif")[:, 2:-2, 2:-2] for what in ("image", "label")
        )
        window = IntensityWindow.of(image)
        measure(name, predict(network, window.apply(image), device), truth > 0)
