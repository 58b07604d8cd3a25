"""A volume: what the rest of the program reads voxels from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from math import prod
from threading import RLock
from typing import Any

import numpy as np

from napari_vessel.errors import CallerError, ReadError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._coarse import organ_of
from napari_vessel.volumes._dtypes import LazyArray, Voxels
from napari_vessel.volumes._holes import HoleySource
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._organ import Organ
from napari_vessel.volumes._polarity import PolarityFinding, find_polarity
from napari_vessel.volumes._sample import organ_slices, sample
from napari_vessel.volumes._source import Factors, Source, check_box
from napari_vessel.volumes._window import IntensityWindow

__all__ = ["Volume"]


class Volume:
    """Levels of voxels of known size, read lazily; all axes zyx.

    Level 0 of a volume is the level that ``options.level`` chose of its source. It can be
    used from several threads.

    Parameters
    ----------
    source
        Where voxels come from.
    options
        What of it is the volume.

    Raises
    ------
    CallerError
        If the source has no such level.
    """

    def __init__(self, source: Source, options: VolumeOptions = DEFAULT_OPTIONS) -> None:
        levels = len(source.shapes)
        if options.level >= levels:
            message = f"{source.uri} has no level {options.level}; it has levels 0 to {levels - 1}."
            raise CallerError(message)
        self.source = source
        self.options = options
        self._lock = RLock()  # the window asks for the organ
        self._windows: tuple[IntensityWindow, IntensityWindow] | None = None
        self._organ: Organ | None = None
        self._polarity: PolarityFinding | None = None

    @property
    def shapes(self) -> Sequence[Zyx]:
        """Edges of each level in voxels, this volume's level 0 first."""
        return list(self.source.shapes[self.options.level :])

    @property
    def shape(self) -> Zyx:
        """Edges of level 0, in voxels."""
        return self.source.shapes[self.options.level]

    @property
    def factors(self) -> Sequence[Factors]:
        """Edges of each level's voxels in those of this volume's level 0."""
        own = self.source.factors[self.options.level]
        found: list[Factors] = []
        for factors in self.source.factors[self.options.level :]:
            z, y, x = (f / f0 for f, f0 in zip(factors, own, strict=True))
            found.append((z, y, x))
        return found

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the voxels: native-endian integer or float, uint8 for bool."""
        return self.source.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of level 0 in memory, exact however large."""
        return prod(self.shape) * self.dtype.itemsize

    @cached_property
    def voxel_size(self) -> VoxelSize:
        """Edges of a voxel of level 0; 1 µm each where nothing says."""
        finest = self.options.voxel_size or self.source.voxel_size or VoxelSize(1.0, 1.0, 1.0)
        return finest.scaled(self.source.factors[self.options.level])

    @property
    def voxel_size_known(self) -> bool:
        """Tell whether the file or a person gave the voxel size in a unit of length."""
        return self.options.voxel_size is not None or self.source.voxel_size_known

    @cached_property
    def origin_um(self) -> tuple[float, float, float]:
        """Where the centre of the first voxel of level 0 lies: the layer's translation."""
        factors = self.source.factors[self.options.level]
        given = self.options.voxel_size or self.source.voxel_size or VoxelSize(1.0, 1.0, 1.0)
        parts = zip(self.source.origin_um, given.zyx, factors, strict=True)
        z, y, x = (start + edge * (f - 1) / 2 for start, edge, f in parts)
        return z, y, x

    @property
    def uri(self) -> str:
        """What to call it: path or address, without passwords and tokens."""
        return self.source.uri

    @cached_property
    def fingerprint(self) -> str:
        """Identify the content of the source (all levels); see :meth:`Source.fingerprint`."""
        return self.source.fingerprint()

    @property
    def names(self) -> Sequence[str] | None:
        """File name of each slice of level 0, where each is a file of its own."""
        return self.source.names if self.options.level == 0 else None

    @property
    def missing_chunks(self) -> int:
        """How many different chunks were asked for and not there, up to now."""
        return self.source.missing_chunks

    def read(self, box: Box, level: int = 0) -> Voxels:
        """Read a box of a level.

        Parameters
        ----------
        box
            In voxels of ``level``.
        level
            0 is the finest of this volume.

        Returns
        -------
        ndarray
            Of ``box.shape``, native-endian integer or float; bool comes as uint8.

        Raises
        ------
        CallerError
            If there is no such level, or the box reaches outside of it.
        ReadError
            If voxels that should be there cannot be read; the message names the chunk.
        """
        check_box(box, level, self.shapes)
        return self.source.read(box, self.options.level + level)

    def pyramid(self, on_hole: Callable[[ReadError], None] | None = None) -> list[LazyArray]:
        """Return all levels as dask arrays, finest first, in the chunks they are stored in.

        Parameters
        ----------
        on_hole
            Called (from a reading thread) for every piece that cannot be read, which is then
            shown as zeros. Without it the error is raised where dask computes the piece.
        """
        source = self.source if on_hole is None else HoleySource(self.source, on_hole)
        return [source.array(level) for level in self._levels()]

    def window(self, *, saturated: bool = False) -> IntensityWindow:
        """Find the intensity window; reads a bounded sample of voxels once, then keeps it.

        Parameters
        ----------
        saturated
            It ends between bright vessels and the rest (:meth:`IntensityWindow.saturated`).

        Raises
        ------
        ReadError
            If not one piece of the sample can be read.
        """
        with self._lock:
            if self._windows is None:
                voxels = sample(self, self.options.window, self.organ())
                window = IntensityWindow.of(voxels, self.options.window)
                self._windows = window, window.saturated(voxels)
            return self._windows[saturated]

    def organ(self) -> Organ:
        """Find where the organ lies; reads a bounded coarse look once, then keeps it.

        Where a part of that cannot be read everything is organ: nothing is left out unseen.
        """
        with self._lock:
            if self._organ is None:
                self._organ = organ_of(self)
            return self._organ

    def polarity(self) -> PolarityFinding:
        """Find whether vessels are dark or bright; reads a few slices once, then keeps it."""
        with self._lock:
            if self._polarity is None:
                self._polarity = find_polarity(organ_slices(self, self.organ()))
            return self._polarity

    def describe(self) -> dict[str, Any]:
        """Summarise what was opened, in JSON's types; reads no voxels."""
        return {
            "uri": self.uri,
            "shape": list(self.shape),
            "levels": [list(shape) for shape in self.shapes],
            "dtype": str(self.dtype),
            "voxel_size_um": list(self.voxel_size.zyx),
            "voxel_size_known": self.voxel_size_known,
            "bytes": self.nbytes,
            "channels": self.source.channels,
            "chunk": list(self.source.chunk),
        }

    def _levels(self) -> Iterator[int]:
        yield from range(self.options.level, len(self.source.shapes))

    def __repr__(self) -> str:
        return f"<Volume {self.shape} {self.dtype} of {self.uri}>"
