"""Arrays as a source: what a viewer already shows, or what is mapped into memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from napari_vessel.errors import CallerError, UnsupportedVolumeError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._axes import AxisPlan, plan_axes, unnamed_axes
from napari_vessel.volumes._coarser import with_coarser
from napari_vessel.volumes._dtypes import LazyArray, Stored, Voxels, native, readable_dtype
from napari_vessel.volumes._guard import check_shape
from napari_vessel.volumes._options import DEFAULT_OPTIONS, VolumeOptions
from napari_vessel.volumes._source import Factors, check_box, digest, lazy_array
from napari_vessel.volumes._volume import Volume

__all__ = ["About", "ArraySource", "shape_factors", "volume_of_array"]


@dataclass(frozen=True)
class About:
    """What a source knows besides its voxels; see :class:`Source`."""

    uri: str
    voxel_size: VoxelSize | None = None
    voxel_size_known: bool = False
    identity: object = None  # plain values that stand for the content in the fingerprint
    origin_um: tuple[float, float, float] = (0.0, 0.0, 0.0)


class ArraySource:
    """Levels held in arrays that are read by indexing (numpy, memory maps, dask, zarr)."""

    names: Sequence[str] | None = None
    missing_chunks = 0

    def __init__(
        self, levels: Sequence[Stored], plan: AxisPlan, about: About, chunk: Zyx | None = None
    ) -> None:
        self._levels = list(levels)
        self._plan = plan
        self._about = about
        self.shapes = [plan.shape(level.shape) for level in levels]
        self.dtype: np.dtype[Any] = readable_dtype(levels[0].dtype, about.uri)
        self.factors = shape_factors(self.shapes, about.uri)
        self.voxel_size = about.voxel_size
        self.voxel_size_known = about.voxel_size_known
        self.origin_um = about.origin_um
        self.uri = about.uri
        self.channels = plan.channels
        # One slice by default: what a map of a contiguous file reads at once.
        self.chunk = chunk or (1, *self.shapes[0][1:])

    def read(self, box: Box, level: int) -> Voxels:
        """Read ``box`` of ``level`` as a copy that holds no file open."""
        check_box(box, level, self.shapes)
        cut = np.array(self._levels[level][self._plan.index(box)])
        return np.ascontiguousarray(native(self._plan.oriented(cut)))

    def array(self, level: int) -> LazyArray:
        """Return a level as a dask array."""
        return lazy_array(self, level, self.chunk)

    def fingerprint(self) -> str:
        """Identify the content by shapes, type and what the format adds."""
        return digest(self.shapes, str(self.dtype), self._plan.fixed, self._about.identity)


class _DaskSource(ArraySource):
    """Levels held in dask arrays."""

    def read(self, box: Box, level: int) -> Voxels:
        """Compute ``box`` on threads, whatever scheduler is set: a cluster is too slow here."""
        check_box(box, level, self.shapes)
        lazy: LazyArray = self._levels[level][self._plan.index(box)]
        cut = lazy.compute(scheduler="threads")
        return np.ascontiguousarray(native(self._plan.oriented(np.asarray(cut))))


def shape_factors(shapes: Sequence[Zyx], uri: str) -> list[Factors]:
    """Return the edges of each level's voxels in those of level 0, from the shapes alone.

    Raises
    ------
    UnsupportedVolumeError
        If a level is larger than the one before it.
    """
    for finer, coarser in pairwise(shapes):
        if any(c > f for f, c in zip(finer, coarser, strict=True)):
            message = f"{uri}: a level of {coarser} follows one of {finer}; expected finest first."
            raise UnsupportedVolumeError(message)
    factors = []
    for shape in shapes:
        z, y, x = (f / c for f, c in zip(shapes[0], shape, strict=True))
        factors.append((z, y, x))
    return factors


def volume_of_array(
    array: Stored | Sequence[Stored],
    *,
    voxel_size: VoxelSize | None = None,
    uri: str = "array",
    options: VolumeOptions = DEFAULT_OPTIONS,
) -> Volume:
    """Take an array that is already open, as that of a viewer's layer, for a volume.

    Parameters
    ----------
    array
        A numpy, dask or zarr array (z, y, x), or (c, z, y, x) with ``options.channel``; or a
        list or tuple of such arrays, finest first.
    voxel_size
        Edges of a voxel of the first array, in µm; None where it is not known.
    uri
        What to call it.
    options
        As for :func:`open_volume`; ``options.voxel_size`` goes before ``voxel_size``.

    Raises
    ------
    UnsupportedVolumeError
        If it is no volume: 2-D, empty, complex, of several channels with none chosen, ….
    """
    levels: list[Any] = list(array) if isinstance(array, (list, tuple)) else [array]
    if not levels or not all(
        hasattr(level, "shape") and hasattr(level, "dtype") for level in levels
    ):
        message = f"{uri} is no array: {type(array).__name__}; expected numpy, dask or zarr."
        raise CallerError(message)
    dtype = readable_dtype(levels[0].dtype, uri)
    shapes = [check_shape(level.shape, dtype.itemsize, uri) for level in levels]
    axes = unnamed_axes(shapes[0], options.channel, uri)
    plan = plan_axes(axes, shapes[0], options.channel, uri)
    about = About(uri, voxel_size, voxel_size is not None, _identity(levels[0]))
    kind = _DaskSource if all(hasattr(level, "dask") for level in levels) else ArraySource
    source = kind(levels, plan, about, _chunk(levels[0], plan))
    return Volume(with_coarser(source), options)


def _chunk(level: Stored, plan: AxisPlan) -> Zyx | None:
    """Return the chunk in which a dask or zarr array is stored."""
    edges = getattr(level, "chunksize", None) or getattr(level, "chunks", None)
    return plan.shape(edges) if edges else None


def _identity(level: Stored) -> object:
    """Tell arrays in memory apart by a few bytes; others by their names, which are unique."""
    if isinstance(level, np.ndarray):
        few = level[tuple(slice(None, None, max(1, edge // 4)) for edge in level.shape)]
        return [str(value) for value in few.ravel().tolist()]
    return str(getattr(level, "name", ""))
