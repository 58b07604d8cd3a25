"""What is exported: a mask that is read in boxes, and what came with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from napari_vessel import __version__
from napari_vessel.errors import ExportError, ReadError, VesselError
from napari_vessel.geometry import Box, VoxelSize, Zyx

__all__ = ["ExportProgress", "MaskSource"]

_READ = (64, 512, 512)  # voxels asked for at once: 16 MiB, whole chunks of ours
_SLAB = 256 * 2**20  # bytes of slices held at once


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export is; ``done == total`` once it is in its place, and not before."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class MaskSource:
    """A mask to export.

    Parameters
    ----------
    shape
        Voxels, zyx.
    voxel_size
        Edges of a voxel, in µm.
    read
        Gives a box, of bool or integers; whatever is not 0 is vessel.
    name
        What the volume is called (in OME metadata, in run-length ids).
    names
        Its slices' file names, where the input is a folder of slices.
    recipe
        What made the mask, as JSON: checkpoint, volume, threshold, corrections, versions.
    levels
        How many levels the volume has.
    protected
        Files and folders that an export may neither replace nor write into: the input.
    origin_um
        Where the centre of the first voxel lies, in µm, as the volume says.
    like
        The volume's own file, of which a format may take over what else it says of space.
    """

    shape: Zyx
    voxel_size: VoxelSize
    read: Callable[[Box], NDArray[np.generic]]
    name: str = "mask"
    names: Sequence[str] | None = None
    recipe: Mapping[str, JsonValue] = field(default_factory=dict)
    levels: int = 1
    protected: tuple[Path, ...] = ()
    origin_um: tuple[float, float, float] = (0.0, 0.0, 0.0)
    like: Path | None = None

    @property
    def document(self) -> dict[str, JsonValue]:
        """What every exported file carries: the program, the voxel size in µm, the recipe."""
        return {
            "software": f"napari-vessel {__version__}",
            "name": self.name,
            "shape_zyx": list(self.shape),
            "voxel_size_um_zyx": list(self.voxel_size.zyx),
            "origin_um_zyx": list(self.origin_um),
            "recipe": dict(self.recipe),
        }

    def check(self) -> None:
        """Refuse what no format can hold.

        Raises
        ------
        ExportError
            If there is no voxel or no level, or the recipe is not JSON.
        """
        if min(self.shape) < 1 or self.levels < 1:
            found = f"{self.shape} voxels in {self.levels} levels"
            raise ExportError(f"Nothing to export: {found}, expected at least one of each.")
        try:
            json.dumps(self.document, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ExportError(f"The recipe cannot be written as JSON: {error}.") from error

    def mask(self, box: Box) -> NDArray[np.uint8]:
        """Read a box as 1 for vessel and 0 elsewhere.

        Raises
        ------
        ExportError
            If ``read`` gives another shape, or fractions (a NaN would become a vessel).
        ReadError
            If the voxels cannot be read.
        """
        whole = np.empty(box.shape, np.uint8)
        for cell in box.cells(_READ):
            whole[cell.relative_to(box).slices] = self._read(cell) != 0
        return whole

    def slabs(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Read the whole mask in slabs of slices, in at most 256 MiB or one slice.

        Yields
        ------
        tuple
            The first slice's number and the slab: 1 for vessel, zyx.
        """
        for first, count in self.slab_starts():
            yield first, self.mask(Box((first, 0, 0), (first + count, *self.shape[1:])))

    def slab_starts(self) -> list[tuple[int, int]]:
        """Return the first slice, and the number of slices, of each slab."""
        depth = _READ[0]
        while depth > 1 and depth * self.shape[1] * self.shape[2] > _SLAB:
            depth //= 2  # a power of two, so that slabs do not cut across chunks
        firsts = range(0, self.shape[0], depth)
        return [(first, min(depth, self.shape[0] - first)) for first in firsts]

    def _read(self, box: Box) -> NDArray[np.generic]:
        try:
            block = np.asarray(self.read(box))
        except VesselError:
            raise
        except OSError as error:
            raise ReadError(f"The mask could not be read at {box}: {error}") from error
        if block.shape != box.shape or block.dtype.kind not in "bui":
            found = f"{block.dtype} {block.shape}"
            raise ExportError(f"The mask at {box} is {found}: expected integers of {box.shape}.")
        return block
