"""How a chunk of a volume becomes an image: for learning and for looking over a volume alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

from numpy.typing import NDArray

from napari_vessel.datasets._config import ChunksData
from napari_vessel.datasets._pictures import resized, to_unit
from napari_vessel.datasets._sample import Images
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.tiling import cut_reflected
from napari_vessel.volumes import IntensityWindow

__all__ = ["ChunkView", "Readable"]


class Readable(Protocol):
    """What is asked of a volume, or of a part of one that is held in memory."""

    @property
    def shape(self) -> Zyx:
        """Voxels along z, y, x."""

    @property
    def voxel_size(self) -> VoxelSize:
        """Edges of a voxel."""

    def read(self, box: Box) -> NDArray[Any]:
        """Read a box."""

    def window(self) -> IntensityWindow:
        """Return the intensity window of all of it."""


@dataclass(frozen=True, slots=True)
class ChunkView:
    """What a network is shown of a chunk.

    Attributes
    ----------
    chunk
        Edges z, y, x, in voxels of ``voxel_um``; the slices are the image's channels.
    size
        Edge of the image, in pixels.
    context
        Voxels shown around the chunk in y and x.
    voxel_um
        Edge of the voxels that these are counted in; None: each volume's own.
    intensity
        What becomes 0 and 1: the window of the volume or of each chunk, the range of the type,
        or two grey values.
    """

    chunk: Zyx
    size: int
    context: int = 0
    voxel_um: float | None = None
    intensity: Literal["volume", "chunk", "type"] | tuple[float, float] = "volume"

    @property
    def channels(self) -> int:
        """Channels of an image."""
        return self.chunk[0]

    def cell(self, voxel_size: VoxelSize) -> Zyx:
        """Return the chunk's edges in voxels of a volume of this voxel size."""
        return self._in_voxels(self.chunk, voxel_size)

    def step(self, step: Zyx | None, voxel_size: VoxelSize) -> Zyx:
        """Return a step in voxels of a volume of this voxel size; None: the chunk's edges."""
        return self._in_voxels(step or self.chunk, voxel_size)

    @classmethod
    def of(cls, config: ChunksData, size: int) -> Self:
        """Return what a network that takes images of ``size`` is shown of chunks."""
        return cls(config.chunk, size, config.context, config.voxel_um, config.intensity)

    def window(self, cell: Box, voxel_size: VoxelSize) -> Box:
        """Return what is shown of a chunk, with its context, in voxels; it may reach outside."""
        _, y, x = self._in_voxels((1, self.context, self.context), voxel_size)
        whole = Box(cell.start, _ends(cell.start, self.cell(voxel_size)))
        return whole.expanded((0, y, x) if self.context else (0, 0, 0))

    def image(self, volume: Readable, cell: Box, within: Box | None = None) -> Images:
        """Read the image of a chunk, (channels, size, size) in [0, 1].

        Parameters
        ----------
        volume
            Where it is read.
        cell
            The chunk, in voxels of level 0. One cut short by the border is completed.
        within
            What of the volume may be read; what is shown beyond it is its mirror image.

        Raises
        ------
        ReadError
            If voxels that should be there cannot be read.
        """
        window = self.window(cell, volume.voxel_size)
        held = window.intersection(within or Box.of(volume.shape))
        if held is None:
            held = cell
        voxels = volume.read(held)
        around = window.relative_to(held)
        shown = cut_reflected(voxels, around.start, around.stop)
        return resized(self._scaled(shown, volume), (self.channels, self.size, self.size))

    def _scaled(self, voxels: Images, volume: Readable) -> Images:
        if isinstance(self.intensity, tuple):
            low, high = self.intensity
            return IntensityWindow(low=low, high=high).apply(voxels)
        if self.intensity == "volume":
            return volume.window().apply(voxels)
        return to_unit(voxels, "type" if self.intensity == "type" else "image")

    def _in_voxels(self, edges: Zyx, voxel_size: VoxelSize) -> Zyx:
        if self.voxel_um is None:
            return edges
        z, y, x = (
            max(round(edge * self.voxel_um / own), 1)
            for edge, own in zip(edges, voxel_size.zyx, strict=True)
        )
        return z, y, x


def _ends(start: Zyx, edges: Zyx) -> Zyx:
    z, y, x = (a + edge for a, edge in zip(start, edges, strict=True))
    return z, y, x
