"""One part of throughput.py, in a process of its own; prints one line of JSON.

``python benchmarks/speed_parts.py raw|ours|monai|script PLANES FOLDER``
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig, pixels_of
from napari_vessel.networks import (
    Checkpoint,
    autocast,
    choose_device,
    choose_precision,
    keep_activations,
    prepare,
    starter,
)
from napari_vessel.tiling import BlockGrid, block_of, slices_of
from napari_vessel.volumes import (
    StoreSpec,
    Volume,
    VolumeOptions,
    create_store,
    open_store,
    open_volume,
)
from napari_vessel.workflows import WORKFLOWS, Predict

_MONAI_EDGE = 512
SECONDS = 8.0  # of the raw network, for each batch size
Found = dict[str, Any]


def loaded(checkpoint: Checkpoint) -> tuple[nn.Module, torch.device, str]:
    """Load the network as ours does, and choose its precision."""
    device = choose_device()
    if device.type == "cpu":
        keep_activations()
    network = prepare(checkpoint.load(device), device)
    return network, device, choose_precision(device, "auto", network)


def as_torch_has_it() -> tuple[nn.Module, torch.device, str]:
    """Load the network with its weights as saved and torch's defaults, but the same precision."""
    device = choose_device()
    network = starter().load(device).eval()
    return network, device, choose_precision(device, "auto", network)


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def raw(volume: Volume, _planes: int, _folder: Path) -> Found:
    """Run the network alone on slices, at the best of several batches."""
    network, device, precision = loaded(starter())
    edges = [min(-(-n // 32) * 32, 1024) for n in volume.shape[1:]]
    best: Found = {}
    for batch in (1, 2, 4) if device.type == "cpu" else (1, 4, 16, 64):
        images = torch.rand(batch, 1, *edges, device=device)
        with torch.inference_mode(), autocast(device, precision):
            network(images)
            wait_for(device)
            started, processor, runs = perf_counter(), process_time(), 0
            while perf_counter() - started < SECONDS:
                network(images)
                runs += 1
            wait_for(device)
            seconds, processor = perf_counter() - started, process_time() - processor
        pushed = runs * images.numel()
        if not best or pushed / seconds > best["pushed"] / best["seconds"]:
            best = {"pushed": pushed, "seconds": seconds, "processor": processor}
            best |= {"voxels": pushed, "useful": 1.0}
            best |= {"precision": precision, "batch": batch}
    return best


def ours(volume: Volume, planes: int, folder: Path) -> Found:
    """Predict as the command line does."""
    out = folder / f"ours-{planes}.ome.zarr"
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(out.with_name(f"{out.name}.job"), ignore_errors=True)
    config = InferenceConfig(planes=tuple(Plane)[:planes], views="none", empty_below=0)
    request = Predict(volume.uri, out, VolumeOptions(organ_only=False), inference=config)
    started, processor = perf_counter(), process_time()
    for _ in WORKFLOWS["predict"](request):
        pass
    seconds, processor = perf_counter() - started, process_time() - processor
    used = InferenceConfig.model_validate(recipe_of(out)["inference"])
    bounds = Box.of(volume.shape)
    pushed = sum(pixels_of(block, bounds, used) for block in BlockGrid(bounds, used.block))
    voxels = bounds.size
    return {
        "pushed": pushed,
        "seconds": seconds,
        "processor": processor,
        "voxels": voxels,
        "useful": planes * voxels / pushed,
        "precision": used.precision,
        "block": used.block,
    }


def recipe_of(mask: Path) -> dict[str, Any]:
    """Read the recipe that a mask carries."""

    def found(value: Any) -> dict[str, Any] | None:  # noqa: ANN401
        if isinstance(value, dict):
            if "inference" in value:
                return value
            return next((hit for child in value.values() if (hit := found(child))), None)
        return None

    recipe = found(json.loads((mask / "zarr.json").read_text()))
    if recipe is None:
        raise SystemExit(f"{mask} carries no recipe")
    return recipe


def script(volume: Volume, planes: int, folder: Path) -> Found:
    """Do as ``monai``, with the network and the allocator as torch has them."""
    return monai(volume, planes, folder, plain=True)


def monai(volume: Volume, planes: int, folder: Path, *, plain: bool = False) -> Found:
    """Predict slice by slice with MONAI's sliding window, all of the volume in memory."""
    from monai.inferers import SlidingWindowInferer

    out = folder / f"monai-{planes}.ome.zarr"
    config, card = InferenceConfig(), starter().card
    started, processor = perf_counter(), process_time()
    network, device, precision = as_torch_has_it() if plain else loaded(starter())
    layout = torch.contiguous_format if plain else torch.channels_last
    voxels = volume.window().apply(volume.read(Box.of(volume.shape)))
    total = np.zeros(volume.shape, np.float32)
    pushed = 0

    def seen(images: torch.Tensor) -> torch.Tensor:
        nonlocal pushed
        pushed += images.numel()
        logits: torch.Tensor = network(images.contiguous(memory_format=layout))
        return logits

    for plane in tuple(Plane)[:planes]:
        slices = slices_of(voxels, plane)
        inferer = SlidingWindowInferer(
            roi_size=[min(_MONAI_EDGE, side) for side in slices.shape[1:]],
            overlap=config.tiles.overlap / _MONAI_EDGE,
            mode="gaussian",
        )
        found = _slice_by_slice(slices, inferer, seen, (device, precision))
        total += block_of(found, plane)
    _write(out, (total / planes >= card.threshold).astype(np.uint8) * 255, volume.voxel_size)
    seconds, processor = perf_counter() - started, process_time() - processor
    size = Box.of(volume.shape).size
    return {
        "pushed": pushed,
        "seconds": seconds,
        "processor": processor,
        "voxels": size,
        "useful": planes * size / pushed,
        "precision": precision,
    }


def _slice_by_slice(
    slices: NDArray[np.float32],
    inferer: Callable[..., Any],
    network: Callable[[torch.Tensor], torch.Tensor],
    how: tuple[torch.device, str],
) -> NDArray[np.float32]:
    device, precision = how
    found = np.empty(slices.shape, np.float32)
    with torch.inference_mode(), autocast(device, precision):
        for index, image in enumerate(slices):
            tensor = torch.from_numpy(np.ascontiguousarray(image))[None, None].to(device)
            found[index] = inferer(tensor, network).float().sigmoid()[0, 0].cpu().numpy()
    return found


def _write(out: Path, mask: NDArray[np.uint8], voxel_size: VoxelSize) -> None:
    z, y, x = mask.shape
    spec = StoreSpec(shape=(z, y, x), voxel_size=voxel_size, arrays=("mask",))
    store = create_store(out, spec, overwrite=out.exists())
    store.write("mask", Box.of(spec.shape), mask)
    store.finish()


def main() -> None:
    """Run the part that is named."""
    name, planes, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    path = folder / "volume.ome.zarr"
    if not open_store(path).complete:
        raise SystemExit(f"{path} is not complete: start with --fresh")
    parts = {"raw": raw, "ours": ours, "monai": monai, "script": script}
    found = parts[name](open_volume(str(path)), planes, folder)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(found | {"peak_gb": kilobytes * 1024 / 1e9}))


if __name__ == "__main__":
    main()
