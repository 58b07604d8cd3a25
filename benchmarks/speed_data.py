"""Large volumes for measuring speed and memory: a real slice, mirrored on and on, as OME-Zarr."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.tiling import reflection
from napari_vessel.volumes import StoreSpec, create_store, open_store
from real_loop import data_folder

ITEM = "hipct2d_raw16_kidney1_first3"
EDGE_UM = 63.08  # what the starter learned at: voxels are taken as they are


def tile_of() -> NDArray[np.uint16]:
    """Return real voxels (z, y, x); a phantom's where there are no real data."""
    path = data_folder() / ITEM / "image.tif"
    if path.exists():
        return np.asarray(tifffile.imread(path))[:, 300:812, 200:712]
    grey = make_phantom(PhantomConfig(shape=(64, 128, 128))).image
    scale = 65535 if grey.dtype.kind == "f" else 1
    return (grey * scale).astype(np.uint16)


def make_volume(path: Path, shape: tuple[int, ...]) -> None:
    """Write a volume, chunk by chunk, unless it is there."""
    if path.exists() and open_store(path).complete:
        return
    z, y, x = shape
    tile = tile_of()
    spec = StoreSpec(
        shape=(z, y, x),
        voxel_size=VoxelSize(EDGE_UM, EDGE_UM, EDGE_UM),
        chunk=(64, 128, 128),
        arrays=("image",),
        dtype="uint16",
        attrs={},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    store = create_store(path, spec, overwrite=path.exists())
    for box in Box.of(spec.shape).cells((64, 512, 512)):
        picks = [
            reflection(a, b, n) for a, b, n in zip(box.start, box.stop, tile.shape, strict=True)
        ]
        store.write("image", box, tile[np.ix_(*picks)])
    store.finish()
