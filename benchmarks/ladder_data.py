"""What the ladder climbs on: real volumes of known truth, and how a mask of one is scored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics import scores
from napari_vessel.volumes import IntensityWindow
from real_loop import FRAME, data_folder

Mask = NDArray[np.bool_]
Image = NDArray[np.float32]

ITEMS = (
    "hipct3d_01_kidney1",
    "hipct3d_02_kidney1",
    "hipct3d_04_kidney1",
    "hipct3d_05_kidney1",
    "hipct3d_17_kidney3",
    "hipct2d_kidney_3_sparse_0362",
    "twophoton_burgess2014_lowerRes_hiSNR",
    "twophoton_burgess2014_tgMouse",
    "twophoton_poon2015_BBB_noLeakage",
    "twophoton_santos2015_lowContrastVessels",
)
SCORES = ("dice", "surface_dice", "cldice")
_FRAMED = "hipct3d"  # items whose outermost ring a plot's frame touched
_GOLDEN = 0.6180339887


@dataclass(frozen=True, eq=False)
class Item:
    """A volume with its truth, both (z, y, x); a single slice has one z."""

    name: str
    voxels: NDArray[Any]
    truth: Mask
    voxel_size: VoxelSize
    polarity: Literal["dark", "bright"]

    @property
    def flat(self) -> bool:
        """Whether it is one slice: nothing can be learned from one and scored on another."""
        return len(self.truth) == 1

    @property
    def group(self) -> str:
        """What it is an image of, for the means."""
        return "two-photon" if self.name.startswith("twophoton") else "HiP-CT"

    def image(self) -> Image:
        """Return the voxels windowed to [0, 1], vessels bright: what a filter is given."""
        windowed = IntensityWindow.of(self.voxels).apply(self.voxels)
        return 1 - windowed if self.polarity == "dark" else windowed


def load(name: str) -> Item:
    """Read an item by its name, or the path of any folder with image.tif and label.tif.

    A folder that ``manifest.json`` beside it does not name has cubic voxels of 1 µm and
    bright vessels.
    """
    folder = Path(name) if Path(name).is_dir() else data_folder() / name
    entry = _entry(folder)
    inner = slice(FRAME, -FRAME) if folder.name.startswith(_FRAMED) else slice(None)
    voxels, label = (_stack(folder / f"{part}.tif") for part in ("image", "label"))
    edges = entry.get("voxel_um", [1.0, 1.0, 1.0])
    return Item(
        name=folder.name,
        voxels=np.ascontiguousarray(voxels[:, inner, inner]),
        truth=np.ascontiguousarray(label[:, inner, inner] != 0),
        voxel_size=VoxelSize(*(edges if len(edges) == 3 else (edges[0], *edges))),
        polarity="dark" if entry.get("vessels", "").startswith("dark") else "bright",
    )


def chosen_slices(truth: Mask, count: int, seed: int) -> tuple[int, ...]:
    """Choose slices to label, evenly spaced among those that hold vessel; the seed shifts them.

    >>> chosen_slices(np.ones((12, 1, 1), bool), 3, 0)
    (2, 6, 10)
    """
    holding = np.flatnonzero(truth.any(axis=(1, 2)))
    if count >= len(holding):
        raise ValueError(f"{count} slices of {len(holding)} that hold vessel leave none to score")
    shift = (0.5 + seed * _GOLDEN) % 1
    return tuple(int(holding[int((i + shift) * len(holding) / count)]) for i in range(count))


def scored(mask: Mask, item: Item, slices: tuple[int, ...] = ()) -> dict[str, float]:
    """Score a mask where nobody labelled: the ``slices`` are blank in both."""
    mask, truth = mask.copy(), item.truth.copy()
    mask[list(slices)] = truth[list(slices)] = False
    found = scores(mask, truth, voxel_size=item.voxel_size).as_dict()
    return {name: found[name] for name in SCORES}


def _stack(path: Path) -> NDArray[Any]:
    voxels = tifffile.imread(path)
    return voxels[None] if voxels.ndim == 2 else voxels


def _entry(folder: Path) -> dict[str, Any]:
    manifest = folder.parent / "manifest.json"
    entries = json.loads(manifest.read_text("utf-8")) if manifest.exists() else []
    return next((entry for entry in entries if entry["name"] == folder.name), {})
