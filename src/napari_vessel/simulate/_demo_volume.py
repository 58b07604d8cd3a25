"""The volume of the demo: a phantom and its truth, as files."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import BaseModel, Field

from napari_vessel.errors import OutputExistsError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.volumes import StoreSpec, create_store

PHANTOM, TRUTH = "phantom.ome.zarr", "truth.ome.zarr"


class DemoConfig(BaseModel, frozen=True, extra="forbid"):
    """What the demo shows.

    The phantom is more blurred and noisier than most that the starter learned from,
    as a scan from elsewhere would be: there is something to correct, and to learn.
    """

    phantom: PhantomConfig = Field(
        PhantomConfig(shape=(96, 160, 160), seed=7, trunk_radius=0.12, blur=1.6, noise=0.04),
        description="The volume.",
    )
    slices: int = Field(3, ge=1, description="Slices that the simulated person corrects.")
    minutes: float = Field(1.0, gt=0, description="Time for training.")


def demo_volume(config: DemoConfig, out: Path, *, overwrite: bool) -> Path:
    """Write the phantom and its truth into folder ``out``; return the phantom's path.

    Raises
    ------
    OutputExistsError
        ``out`` holds something and ``overwrite`` is off, or it is no earlier demo's,
        or ``out`` is a file.
    """
    if out.exists() and not out.is_dir():
        raise OutputExistsError(f"{out} is a file: give the demo a folder.")
    if out.exists() and any(out.iterdir()):
        if not overwrite:
            raise OutputExistsError(f"{out} is not empty: use --overwrite, or another folder.")
        if not (out / PHANTOM).exists():
            raise OutputExistsError(f"{out} holds no earlier demo: choose another folder.")
        shutil.rmtree(out)
    phantom = make_phantom(config.phantom)
    size = VoxelSize(*config.phantom.voxel_size_um)
    for name, voxels in ((PHANTOM, phantom.image), (TRUTH, phantom.vessels.astype("uint8"))):
        spec = StoreSpec(
            shape=config.phantom.shape,
            voxel_size=size,
            chunk=(32, 64, 64),
            arrays=("image",),
            dtype="uint16" if name == PHANTOM else "uint8",
            coarsening="mean" if name == PHANTOM else "max",
        )
        store = create_store(out / name, spec)
        store.write("image", Box.of(store.shape), voxels)
        store.finish()
    return out / PHANTOM
