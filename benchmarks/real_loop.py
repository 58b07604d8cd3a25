"""The loop on real HiP-CT patches: predict, correct three slices by the truth, retrain, predict.

Prints Dice, surface dice (tolerance 0) and clDice of the proposal before and
after, where nobody corrected, on the volumes of NAPARI_VESSEL_DATA, else of
../shared/data. Run as ``python benchmarks/real_loop.py [--minutes 1] [--json]``.

The kidney1 items may be what a starter was trained on; kidney3 never is.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from _real_data import FRAME, data_folder
from _tables import show
from napari_vessel.geometry import VoxelSize
from napari_vessel.runner import InlineRunner
from napari_vessel.simulate import LoopConfig, Looped, run_loop
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import VolumeOptions

ITEMS = (
    "hipct3d_01_kidney1",
    "hipct3d_02_kidney1",
    "hipct3d_04_kidney1",
    "hipct3d_05_kidney1",
    "hipct3d_17_kidney3",
)
SCORES = ("dice", "surface_dice", "cldice")


def loop_on(item: Path, work: Path, *, minutes: float, seed: int) -> Looped:
    """Run the loop on one item in the folder ``work``; three evenly spaced slices are corrected."""
    entries = json.loads((item.parent / "manifest.json").read_text("utf-8"))
    entry = next(entry for entry in entries if entry["name"] == item.name)
    inner = (slice(None), slice(FRAME, -FRAME), slice(FRAME, -FRAME))
    volume = work / f"{item.name}.npy"
    np.save(volume, tifffile.imread(item / "image.tif")[inner])
    truth = tifffile.imread(item / "label.tif")[inner] != 0
    config = LoopConfig(
        training=TrainingConfig(minutes=minutes, seed=seed),
        options=VolumeOptions(voxel_size=VoxelSize(*entry["voxel_um"])),
    )
    events = run_loop(volume, truth, work / f"{item.name}.ome.zarr", config, InlineRunner())
    return next(event for event in events if isinstance(event, Looped))


def rows(items: list[Path], *, minutes: float, seed: int) -> Iterator[dict[str, Any]]:
    """Yield a row of the table for each item."""
    for item in items:
        print(f"{item.name} …", file=sys.stderr)
        with tempfile.TemporaryDirectory() as work:
            looped = loop_on(item, Path(work), minutes=minutes, seed=seed)
        before, after = looped.before.as_dict(), looped.after.as_dict()
        row: dict[str, Any] = {"volume": item.name}
        for name in SCORES:
            row |= {f"{name} before": before[name], f"{name} after": after[name]}
        retrained = looped.retrained
        yield row | {"adopted": retrained.adopted, "training s": round(retrained.seconds, 1)}


def mean_row(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the means of all numbers."""
    numbers = [key for key, value in found[0].items() if isinstance(value, float)]
    means = {key: float(np.mean([row[key] for row in found])) for key in numbers}
    return {key: means.get(key, "mean" if key == "volume" else "") for key in found[0]}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", nargs="*", default=ITEMS, help="Names of items.")
    parser.add_argument("--minutes", type=float, default=1.0, help="Of training, a volume.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = data_folder()
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: name the folder of real volumes in NAPARI_VESSEL_DATA")
    items = [folder / name for name in arguments.items]
    found = list(rows(items, minutes=arguments.minutes, seed=arguments.seed))
    show([*found, mean_row(found)], as_json=arguments.json)


if __name__ == "__main__":
    main()
