"""What a quick look at each block saves, and how much vessel it loses.

Each volume is predicted in full and again with the look, which the network makes at some slices of
one plane (``napari_vessel.inference.look_of`` says the rule). Printed are

- blocks, and the share of them that was left out as a whole;
- left out: share of the voxels that were not predicted in full;
- pixels: network pixels of the run with the look, and of the look alone, as shares of the full run;
- lost: vessel voxels of the full run's mask that the other has not; of all, of the true ones, and
  of all at half the threshold;
- max, vote: what is lost of the masks that fusing the planes so would give, in what was left out.

Real volumes of NAPARI_VESSEL_DATA, else of ../shared/data: the HiP-CT patches of a kidney laid side
by side, most of them without a vessel, and the two-photon volumes. Phantoms: an organ with large
parts that hold none. All of each is predicted, as with ``--whole``. Run as
``python benchmarks/skipping.py [NAME …] [--checkpoint FOLDER] [--planes xy] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import tifffile
import torch
from numpy.typing import NDArray

from _tables import show
from napari_vessel.geometry import Box, Plane, VoxelSize, Zyx
from napari_vessel.inference import (
    BlockPrediction,
    InferenceConfig,
    fuse,
    look_at,
    predict_block,
)
from napari_vessel.networks import Checkpoint, choose_device, starter
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.tiling import BlockGrid
from napari_vessel.volumes import Volume, VolumeOptions, open_volume
from napari_vessel.workflows._reading import polarity_used, windowed_reader
from napari_vessel.workflows._settling import settled, with_precision
from real_loop import FRAME, data_folder

PHANTOMS = {
    # One thin tree of few branches in an organ that fills the volume.
    "phantom, few vessels": {"generations": 2, "trunk_radius": 0.03, "veins": False},
    "phantom, many vessels": {"generations": 4, "organ": 0.95, "cysts": 6, "seed": 1},
    # A small organ in much medium.
    "phantom, much air": {"generations": 7, "organ": 0.5, "seed": 2},
}
SHAPE = (64, 256, 256)


@dataclass(frozen=True)
class Item:
    """A volume and its truth."""

    name: str
    image: NDArray[Any]
    truth: NDArray[np.bool_]
    size: VoxelSize


class Counted(torch.nn.Module):
    """A network that counts the pixels it is shown."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.pixels = network, 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Count, and relay."""
        self.pixels += images.numel()
        found: torch.Tensor = self.network(images)
        return found


@dataclass
class Found:
    """What a run found of a volume."""

    planes: dict[Plane, NDArray[np.uint8]]
    probability: NDArray[np.uint8]
    predicted: NDArray[np.bool_]
    pixels: int = 0
    looks: int = 0  # pixels, among those
    skipped: int = 0  # blocks

    @classmethod
    def nothing(cls, shape: Zyx, config: InferenceConfig) -> Self:
        """Begin with nothing predicted."""
        planes = {Plane(plane): np.zeros(shape, np.uint8) for plane in config.planes}
        return cls(planes, np.zeros(shape, np.uint8), np.zeros(shape, np.bool_))

    def keep(self, box: Box, part: BlockPrediction | Found) -> None:
        """Take over the voxels of a box, from a prediction of it or from another run."""
        cut = box.slices
        inner = cut if isinstance(part, Found) else (slice(None),) * 3
        self.predicted[cut] = True
        self.probability[cut] = part.probability[inner]
        for plane, voxels in part.planes.items():
            self.planes[plane][cut] = voxels[inner]


def items(names: list[str]) -> Iterator[Item]:
    """Yield the volumes, or those whose names hold one of ``names``."""
    makers = {f"patches of {kidney}": mosaic for kidney in ("kidney1", "kidney3")}
    entries = json.loads((data_folder() / "manifest.json").read_text("utf-8"))
    makers |= {e["name"]: stack for e in entries if e["name"].startswith("twophoton")}
    makers |= dict.fromkeys(PHANTOMS, phantom)
    for name, make in makers.items():
        if not names or any(part in name for part in names):
            yield make(name)


def mosaic(name: str) -> Item:
    """Lay the nine patches of a kidney side by side, three by three."""
    folders = sorted(data_folder().glob(f"hipct3d_*_{name.rsplit(maxsplit=1)[-1]}"))
    cut = (slice(None), slice(FRAME, -FRAME), slice(FRAME, -FRAME))

    def joined(file: str) -> NDArray[Any]:
        parts = [tifffile.imread(folder / file)[cut] for folder in folders[:9]]
        return np.concatenate([np.concatenate(parts[i : i + 3], 2) for i in (0, 3, 6)], 1)

    return Item(name, joined("image.tif"), joined("label.tif") != 0, VoxelSize(63.08, 63.08, 63.08))


def stack(name: str) -> Item:
    """Read a stack of the data folder."""
    entries = json.loads((data_folder() / "manifest.json").read_text("utf-8"))
    (entry,) = (entry for entry in entries if entry["name"] == name)
    image, truth = (
        tifffile.imread(data_folder() / name / f"{file}.tif") for file in ("image", "label")
    )
    return Item(name, image, truth != 0, VoxelSize(*entry["voxel_um"]))


def phantom(name: str) -> Item:
    """Make one of the phantoms."""
    config = PhantomConfig(shape=SHAPE, voxel_size_um=(63.08, 63.08, 63.08), **PHANTOMS[name])
    made = make_phantom(config)
    return Item(name, made.image, made.vessels, VoxelSize(*config.voxel_size_um))


class Runs:
    """Predicts a volume in full, and with a look at each block."""

    def __init__(self, volume: Volume, checkpoint: Checkpoint, wish: InferenceConfig) -> None:
        self._network = Counted(checkpoint.load(choose_device(wish.device))).eval()
        self.config = with_precision(settled(wish, volume, checkpoint.card), self._network)
        polarity = polarity_used(volume, checkpoint.card)
        self._read = windowed_reader(volume, volume.window(), checkpoint.card, polarity)
        self._bounds = Box.of(volume.shape)
        self.blocks = BlockGrid(self._bounds, self.config.block).blocks

    def in_full(self) -> Found:
        """Predict all blocks."""
        found = Found.nothing(self._bounds.shape, self.config)
        for block in self.blocks:
            found.pixels += self._predict(block, found)
        return found

    def with_look(self, full: Found) -> Found:
        """Predict what a look finds worth it; a block that is predicted whole is as in ``full``."""
        found = Found.nothing(self._bounds.shape, self.config)
        for block in self.blocks:
            part, looked = self._look(block)
            found.looks += looked
            if part == block:
                found.keep(block, full)
                found.pixels += full.pixels * block.size // self._bounds.size
            elif part is not None:
                found.pixels += self._predict(part, found)
            found.skipped += part is None
        found.pixels += found.looks
        return found

    def _predict(self, box: Box, found: Found) -> int:
        self._network.pixels = 0
        steps = predict_block(self._network, self._read, box, self._bounds, self.config)
        *_, last = steps
        if not isinstance(last, BlockPrediction):
            raise TypeError(f"predict_block ended with {last!r}")
        found.keep(box, last)
        return self._network.pixels

    def _look(self, block: Box) -> tuple[Box | None, int]:
        self._network.pixels = 0
        where = block, self._bounds
        steps = look_at(self._network, self._read, where, self.config)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value, self._network.pixels


def row(item: Item, checkpoint: Checkpoint, wish: InferenceConfig) -> dict[str, Any]:
    """Predict a volume both ways and compare."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "volume.npy"
        np.save(path, item.image)
        volume = open_volume(path, VolumeOptions(voxel_size=item.size, organ_only=False))
        runs = Runs(volume, checkpoint, wish)
        full = runs.in_full()
        quick = runs.with_look(full)
    threshold = 255 * checkpoint.card.threshold
    return {
        "volume": item.name,
        "vessel voxels": int((full.probability >= threshold).sum()),
        "blocks": len(runs.blocks),
        "skipped": quick.skipped / len(runs.blocks),
        "left out": 1 - float(quick.predicted.mean()),
        "pixels": quick.pixels / full.pixels,
        "of the look": quick.looks / full.pixels,
        "lost, %": 100 * lost(full, quick, threshold),
        "of the truth, %": 100 * lost(full, quick, threshold, item.truth),
        "at half the threshold, %": 100 * lost(full, quick, threshold / 2),
        **{f"{name}, %": 100 * share for name, share in fused(full, quick, threshold)},
    }


def lost(
    full: Found, quick: Found, threshold: float, truth: NDArray[np.bool_] | None = None
) -> float:
    """Return the share of the full run's mask (that is true) which the quick one lacks."""
    mask = full.probability >= threshold
    if truth is not None:
        mask &= truth
    return share_of(mask, quick.probability < threshold)


def share_of(mask: NDArray[np.bool_], gone: NDArray[np.bool_]) -> float:
    """Return how much of a mask is gone; 0 of an empty one."""
    return float((mask & gone).sum() / max(int(mask.sum()), 1))


def fused(full: Found, quick: Found, threshold: float) -> Iterator[tuple[str, float]]:
    """Yield what other ways of fusing the planes lose in what was left out."""
    for name in ("max", "vote"):
        votes = name == "vote" and len(full.planes) > 1
        config = InferenceConfig(fuse="vote" if votes else "max")
        yield name, share_of(fuse(full.planes, config) >= threshold, ~quick.predicted)


def edges(text: str) -> Zyx:
    """Read Z,Y,X."""
    z, y, x = map(int, text.split(","))
    return z, y, x


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="Parts of names of volumes; default: all.")
    parser.add_argument("--checkpoint", type=Path, help="A checkpoint's folder; default: starter.")
    parser.add_argument("--planes", help="As xy,xz; default: as the volume suits.")
    parser.add_argument("--views", default="flips", choices=("none", "flips", "dihedral"))
    parser.add_argument("--block", type=edges, help="A block's edges; default: the product's.")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    wish: dict[str, Any] = {"views": asked.views}
    if asked.planes:
        wish["planes"] = tuple(asked.planes.split(","))
    if asked.block:
        wish["block"] = asked.block
    checkpoint = Checkpoint.open(asked.checkpoint) if asked.checkpoint else starter()
    rows = []
    for item in items(asked.names):
        print(f"{item.name} …", file=sys.stderr)
        rows.append(row(item, checkpoint, InferenceConfig.model_validate(wish)))
        print(rows[-1], file=sys.stderr)
    show(rows, as_json=asked.json)


if __name__ == "__main__":
    main()
