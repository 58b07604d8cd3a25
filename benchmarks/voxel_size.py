"""Whether real HiP-CT patches at twice and half their voxel size are predicted the same.

Each patch is resampled, given its new voxel size, and predicted; that is compared
(Dice of the two masks, not with the truth) with the prediction of the original,
its probability resampled the same way. "as is" is the same without rescaling for
the network: what the voxel size in the checkpoint's card is good for.

``--upscale`` instead predicts the kidney1 patches and the demo's phantom at several zooms and
compares with the truth, at each zoom's best threshold: is more zoom than the card says better?

Volumes of NAPARI_VESSEL_DATA, else of ../shared/data. Run as
``python benchmarks/voxel_size.py [--upscale] [--checkpoint FOLDER] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from _tables import show
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.metrics import surface_dice
from napari_vessel.networks import Checkpoint, starter
from napari_vessel.phantoms import make_phantom
from napari_vessel.simulate import DemoConfig
from napari_vessel.tiling import Zoom, grid_of, resample
from napari_vessel.volumes import VolumeOptions, open_store
from napari_vessel.workflows import WORKFLOWS, Predict
from real_loop import FRAME, ITEMS, data_folder, mean_row

TWICE, HALF = 2.0, 0.5  # of the voxel size
UPSCALES = (1.0, 1.25, 1.5, 2.0)
THRESHOLDS = np.arange(0.1, 0.9, 0.05)


def patch_of(item: Path) -> tuple[NDArray[Any], NDArray[np.bool_], VoxelSize]:
    """Return an item's image, its truth and its voxel size, without its frame."""
    entries = json.loads((item.parent / "manifest.json").read_text("utf-8"))
    entry = next(entry for entry in entries if entry["name"] == item.name)
    inner = (slice(None), slice(FRAME, -FRAME), slice(FRAME, -FRAME))
    image = tifffile.imread(item / "image.tif")[inner]
    truth = tifffile.imread(item / "label.tif")[inner] != 0
    return image, truth, VoxelSize(*entry["voxel_um"])


def scaled(voxels: NDArray[Any], times: float) -> NDArray[np.float32]:
    """Resample to voxels of ``times`` the edge."""
    zoom: Zoom = (1 / times, 1 / times, 1 / times)
    bounds = Box.of(voxels.shape)
    return resample(voxels.astype(np.float32), bounds, grid_of(bounds, zoom), zoom, bounds)


def probability(
    image: NDArray[Any], size: VoxelSize, checkpoint: Checkpoint, inference: InferenceConfig
) -> NDArray[np.float32]:
    """Predict an image as the command line does."""
    with tempfile.TemporaryDirectory() as folder:
        volume, out = Path(folder) / "volume.npy", Path(folder) / "out.ome.zarr"
        np.save(volume, image)
        request = Predict(
            str(volume),
            out,
            VolumeOptions(voxel_size=size),
            checkpoint=str(checkpoint.path),
            inference=inference,
            probability=True,
        )
        list(WORKFLOWS["predict"](request))
        store = open_store(out.with_name("out.probability.ome.zarr"))
        found = store.read("probability", Box.of(image.shape))
    return found.astype(np.float32) / 255


def agreements(
    item: Path, checkpoint: Checkpoint, times: float, settings: Sequence[InferenceConfig]
) -> list[float]:
    """Return, for each setting, Dice of the prediction at another voxel size and the original's.

    The original is predicted by the first; its probability is resampled as the image is.
    """
    image, _, size = patch_of(item)
    threshold = checkpoint.card.threshold
    first = scaled(probability(image, size, checkpoint, settings[0]), times) >= threshold
    other = VoxelSize(*(edge * times for edge in size.zyx))
    resampled = scaled(image, times)
    found = (probability(resampled, other, checkpoint, inference) for inference in settings)
    return [dice(mask >= threshold, first) for mask in found]


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return Dice of two masks; 1 where both are empty."""
    total = int(found.sum() + truth.sum())
    return float(2 * (found & truth).sum() / total) if total else 1.0


def agreement_rows(
    items: Sequence[Path], checkpoint: Checkpoint, inference: InferenceConfig
) -> Iterator[dict[str, Any]]:
    """Yield a row of agreements for each item."""
    settings = inference, inference.model_copy(update={"zoom": 1.0})
    for item in items:
        print(f"{item.name} …", file=sys.stderr)
        row: dict[str, Any] = {"volume": item.name}
        for name, times in (("×2", TWICE), ("×0.5", HALF)):
            row[name], row[f"{name} as is"] = agreements(item, checkpoint, times, settings)
        yield row


def upscale_rows(
    items: Sequence[Path], checkpoint: Checkpoint, inference: InferenceConfig
) -> Iterator[dict[str, Any]]:
    """Yield a row of scores at each zoom for each kidney1 item, and for the demo's phantom.

    Zooms are times what the voxel size in the card says.
    """
    phantom = make_phantom(DemoConfig().phantom)
    volumes = {"phantom": (phantom.image, phantom.vessels, phantom.voxel_size)}
    # kidney3 is for measuring, not for choosing
    volumes |= {item.name: patch_of(item) for item in items if item.name.endswith("kidney1")}
    for name, (image, truth, size) in volumes.items():
        print(f"{name} …", file=sys.stderr)
        row: dict[str, Any] = {"volume": name}
        learned = min(size.zyx[1:]) / min(checkpoint.card.voxel_size_um[1:])
        for zoom in UPSCALES:
            at = inference.model_copy(update={"zoom": zoom * learned})
            found = probability(image, size, checkpoint, at)
            masks = [found >= threshold for threshold in THRESHOLDS]
            row[f"dice {zoom:g}"] = max(dice(mask, truth) for mask in masks)
            row[f"surface {zoom:g}"] = max(surface_dice(mask, truth) for mask in masks)
        yield row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", nargs="*", default=ITEMS, help="Names of items.")
    parser.add_argument("--upscale", action="store_true", help="Scores at several zooms.")
    parser.add_argument("--checkpoint", type=Path, help="A checkpoint's folder; default: starter.")
    parser.add_argument("--views", default="flips", help="none is four times as fast.")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = data_folder()
    if not folder.is_dir():
        sys.exit(f"{folder} is missing: name the folder of real volumes in NAPARI_VESSEL_DATA")
    checkpoint = Checkpoint.open(arguments.checkpoint) if arguments.checkpoint else starter()
    items = [folder / name for name in arguments.items]
    rows = upscale_rows if arguments.upscale else agreement_rows
    found = list(rows(items, checkpoint, InferenceConfig(views=arguments.views)))
    show([*found, mean_row(found)], as_json=arguments.json)


if __name__ == "__main__":
    main()
