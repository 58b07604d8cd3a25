"""How far the starter sees: the halo that a block needs to be predicted as in the whole.

For real slices, two measures: the radius (of a square around a pixel) that holds 99 % of the
gradient of its logit, and by how much, in 1/255 of probability, pieces predicted with a
halo differ from the same pixels of a 512² slice. Run as ``python benchmarks/field.py [--json]``.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from torch import nn

from _tables import show
from napari_vessel.networks import starter
from real_loop import data_folder

ITEMS = (
    "hipct2d_kidney_1_dense_0427",
    "hipct2d_kidney_3_sparse_0362",
    "hipct2d_raw16_kidney1_first3",
    "twophoton_burgess2014_tgMouse",
)
EDGE, PIECE = 512, 128
HALOS = (0, 16, 32, 48, 64, 96)
CORNERS = ((192, 192), (160, 224), (224, 160))
CENTRES = ((256, 256), (250, 262), (243, 271), (260, 244))


def image_of(item: str) -> NDArray[np.float32]:
    """Return the middle 512² of an item's middle slice, as the starter is shown it."""
    voxels = tifffile.imread(data_folder() / item / "image.tif").astype(np.float32)
    low, high = np.percentile(voxels, [0.5, 99.5])
    shown = np.clip((voxels - low) / (high - low), 0, 1)
    image = shown if shown.ndim == 2 else shown[len(shown) // 2]
    rows, columns = ((side - EDGE) // 2 for side in image.shape)
    image = image[rows : rows + EDGE, columns : columns + EDGE]
    return np.ascontiguousarray(-np.sqrt(image) if item.startswith("twophoton") else image)


@torch.inference_mode()
def probability(network: nn.Module, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Predict an image."""
    tensor = torch.from_numpy(np.ascontiguousarray(image))[None, None]
    found: NDArray[np.float32] = network(tensor).sigmoid()[0, 0].numpy()
    return found


def differences(network: nn.Module, image: NDArray[np.float32]) -> dict[str, float]:
    """Return the largest difference, × 255, at each halo."""
    whole, found = probability(network, image), {}
    for halo in HALOS:
        worst = 0.0
        for y, x in CORNERS:
            seen = image[y - halo : y + PIECE + halo, x - halo : x + PIECE + halo]
            piece = probability(network, seen)[halo : halo + PIECE, halo : halo + PIECE]
            apart = np.abs(piece - whole[y : y + PIECE, x : x + PIECE]).max()
            worst = max(worst, float(apart) * 255)
        found[f"halo {halo}"] = worst
    return found


def radius_of(network: nn.Module, image: NDArray[np.float32], share: float = 0.99) -> int:
    """Return the radius that holds a share of the gradient of a logit."""
    total = np.zeros((EDGE, EDGE))
    for row, column in CENTRES:
        tensor = torch.from_numpy(image)[None, None].requires_grad_(True)
        network(tensor)[0, 0, row, column].backward()
        gradient = tensor.grad
        if gradient is None:
            raise AssertionError("the logit depends on the image")
        total += np.roll(np.abs(gradient[0, 0].numpy()), (256 - row, 256 - column), (0, 1))
    rows, columns = np.indices(total.shape)
    radius = np.maximum(abs(rows - 256), abs(columns - 256))
    held = np.bincount(radius.ravel(), total.ravel()).cumsum() / total.sum()
    return int(np.searchsorted(held, share))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    network = starter().load(torch.device("cpu"))
    rows: list[dict[str, Any]] = []
    for item in ITEMS:
        image = image_of(item)
        row = {"slice": item, "99 % radius": radius_of(network, image)}
        rows.append(row | differences(network, image))
    show(rows, as_json=wish.json)


if __name__ == "__main__":
    main()
