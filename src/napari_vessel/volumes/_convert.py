"""Write any volume as a sharded OME-Zarr 0.5 pyramid: the same cost in every plane.

Slices are read once, a slab of as many as a chunk is deep; chunked volumes are read in whole
shards, which hold whole chunks of theirs. What is in memory is bounded by that, whatever the
volume's size. Every shard is written by one thread, brought to the disk and logged, so that a
conversion that was killed goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_vessel import __version__
from napari_vessel.errors import CallerError, WriteError
from napari_vessel.geometry import Box
from napari_vessel.volumes._dtypes import Voxels
from napari_vessel.volumes._levels import Grid, Levels, make_levels, open_levels
from napari_vessel.volumes._mask_source import ExportProgress
from napari_vessel.volumes._ome_metadata import OURS, image_metadata, multiscales
from napari_vessel.volumes._output import ZARR, check_place, refuse_foreign
from napari_vessel.volumes._pyramid import level_factors
from napari_vessel.volumes._unfinished import Filling, filling, unfinished_at
from napari_vessel.volumes._volume import Volume

__all__ = ["ConvertPlan", "convert_plan", "convert_volume", "is_begun", "slow_planes"]

_CHUNK = 128  # voxels along y and x
_SHARD = (256, 512, 512)
_DEEP = (64, 32, 16)  # slices in a chunk, the deepest whose slab fits
_SLAB = 2**30  # bytes of a slab
_SLOW = 32  # times the voxels of an XZ slice that must be read to show it
_MUCH = 2**27  # bytes below which that is not slow


@dataclass(frozen=True, slots=True)
class ConvertPlan:
    """How a volume is converted.

    Attributes
    ----------
    grid
        Of what is written.
    by_slabs
        Whether all shards of a slab of slices are made of one reading.
    memory_bytes
        What is held, at most.
    disk_bytes
        What is written, before compression.
    """

    grid: Grid
    by_slabs: bool
    memory_bytes: int
    disk_bytes: int


def convert_plan(volume: Volume, workers: int) -> ConvertPlan:
    """Plan a conversion by ``workers`` threads; reads no voxels."""
    itemsize, (_, rows, columns) = volume.dtype.itemsize, volume.shape
    chunk = volume.source.chunk
    disk = round(volume.nbytes * 8 / 7)
    if chunk[0] > 1:
        held = workers * prod(_SHARD) * itemsize * 2
        return ConvertPlan(Grid((_DEEP[0], _CHUNK, _CHUNK), _SHARD), False, held, disk)
    slab = rows * columns * itemsize
    deep = next((depth for depth in _DEEP if depth * slab <= _SLAB), _DEEP[-1])
    grid = Grid((deep, _CHUNK, _CHUNK), (deep, *_SHARD[1:]))
    shard = prod(grid.unit) * itemsize
    return ConvertPlan(grid, True, deep * slab + workers * (2 * shard + slab), disk)


def slow_planes(volume: Volume) -> str | None:
    """Say why XZ and YZ are slow to show, where they are; None where they are not.

    A slice of those planes cuts every stored piece along z: of slices that are a file each,
    the whole volume.
    """
    if volume.source.chunk[0] > 1:
        return None
    pieces = [-(-edge // c) for edge, c in zip(volume.shape, volume.source.chunk, strict=True)]
    touched = pieces[0] * pieces[2] * prod(volume.source.chunk) * volume.dtype.itemsize
    shown = volume.shape[0] * volume.shape[2] * volume.dtype.itemsize
    if touched < _MUCH or touched < _SLOW * shown:
        return None
    return (
        f"Looking from the side (XZ, YZ) reads {touched / 1e9:.1f} GB for each slice, as this "
        "volume is stored slice by slice. An OME-Zarr reads as fast in every plane."
    )


def convert_volume(
    volume: Volume, out: Path, *, workers: int = 2, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write level 0 of a volume, and coarser levels made of it, at ``out``.

    Parameters
    ----------
    workers
        Threads that read, compress and write.

    Returns
    -------
    Iterator[ExportProgress]
        To be drawn to its end; nothing stands at ``out`` before. What breaks off is left as
        ``OUT.unfinished``, and gone on with when it is asked for again.

    Raises
    ------
    ExportError, OutputExistsError
        At once, if it cannot be written there.
    ReadError, WriteError
        While drawing; what is done is kept.
    """
    if workers < 1:
        raise CallerError(f"{workers} workers: expected at least one.")
    if volume.dtype.name not in _TYPES:
        raise CallerError(f"{volume.uri} holds {volume.dtype}; an OME-Zarr of it is not written.")
    local = () if "://" in volume.uri else (Path(volume.uri),)
    check_place(out, protected=local, overwrite=overwrite)
    if overwrite:
        refuse_foreign(out, marks=ZARR)
    plan = convert_plan(volume, workers)
    return _Conversion(volume, plan, workers).run(out, overwrite=overwrite)


_TYPES = frozenset(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)) | {
    "float32",
    "float64",
}


class _Conversion:
    """One conversion under way."""

    def __init__(self, volume: Volume, plan: ConvertPlan, workers: int) -> None:
        self._volume, self._plan, self._workers = volume, plan, workers

    def run(self, out: Path, *, overwrite: bool) -> Iterator[ExportProgress]:
        """Fill the levels one after another."""
        what = self._what()
        with filling(out, what=what, overwrite=overwrite, resume=True) as filled:
            levels = self._opened(filled) if filled.begun else self._made(filled.folder)
            total = sum(len(levels.units(level)) for level in range(len(levels.shapes))) + 1
            done = 0
            with ThreadPoolExecutor(self._workers, "convert") as pool:
                for done, _ in enumerate(self._fill(levels, filled, pool), start=1):
                    yield ExportProgress(done, total)
            self._verify(filled.folder)
        yield ExportProgress(done + 1, total)

    def _fill(self, levels: Levels, filled: Filling, pool: ThreadPoolExecutor) -> Iterator[object]:
        try:
            if self._plan.by_slabs:
                yield from self._fill_slabs(levels, filled, pool)
            else:
                units = levels.units(0)
                yield from self._some(
                    units, 0, filled, pool, lambda unit: self._whole(levels, unit)
                )
            for level in range(1, len(levels.shapes)):

                def coarser(unit: Box, level: int = level) -> None:
                    levels.fill_unit(unit, level, "mean")
                    levels.sync(unit, level)

                yield from self._some(levels.units(level), level, filled, pool, coarser)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _whole(self, levels: Levels, unit: Box) -> None:
        self._written(levels, unit, self._volume.read(unit))

    def _fill_slabs(
        self, levels: Levels, filled: Filling, pool: ThreadPoolExecutor
    ) -> Iterator[object]:
        shape = self._volume.shape
        for slab in Box.of(shape).cells((self._plan.grid.unit[0], *shape[1:])):
            units = list(slab.cells(self._plan.grid.unit))
            if all(_key(unit, 0) in filled.done for unit in units):
                yield from units
                continue
            voxels = np.empty(slab.shape, self._volume.dtype)
            slices = list(slab.cells((1, *shape[1:])))

            def read(box: Box, slab: Box = slab, voxels: Voxels = voxels) -> None:
                voxels[box.relative_to(slab).slices] = self._volume.read(box)

            list(pool.map(read, slices))

            def write(unit: Box, slab: Box = slab, voxels: Voxels = voxels) -> None:
                part = np.ascontiguousarray(voxels[unit.relative_to(slab).slices])
                self._written(levels, unit, part)

            yield from self._some(units, 0, filled, pool, write)

    def _written(self, levels: Levels, unit: Box, voxels: Voxels) -> None:
        levels.write(unit, voxels)
        if not np.array_equal(levels.read(unit), voxels, equal_nan=voxels.dtype.kind == "f"):
            raise WriteError(f"{unit} does not come back as it was written: check the disk.")
        levels.sync(unit)

    def _some(
        self, units: list[Box], level: int, filled: Filling, pool: ThreadPoolExecutor,
        work: Callable[[Box], None],
    ) -> Iterator[object]:  # fmt: skip
        """Run ``work`` on what is not done, a few at a time; note each as it ends."""
        waiting: dict[Future[None], Box] = {}
        for unit in units:
            if _key(unit, level) in filled.done:
                yield unit
                continue
            waiting[pool.submit(work, unit)] = unit
            while len(waiting) >= self._workers:  # memory is bounded by what is under way
                yield from _ended(waiting, level, filled)
        while waiting:
            yield from _ended(waiting, level, filled)

    def _made(self, folder: Path) -> Levels:
        volume = self._volume
        factors = level_factors(volume.shape)
        scales = multiscales(
            _name(volume.uri), volume.voxel_size, factors, origin_um=volume.origin_um
        )
        if not volume.voxel_size_known:  # no unit: who opens it is asked, as now
            for axis in scales[0]["axes"]:
                axis.pop("unit", None)
        attributes = {
            "ome": image_metadata(scales, highest=None),
            OURS: {"converted": self._told()},
        }
        root = zarr.create_group(folder, zarr_format=3, attributes=attributes, overwrite=True)
        make_levels(root, volume.shape, self._plan.grid, len(factors), volume.dtype.name)
        return open_levels(root, folder, self._plan.grid, len(factors))

    def _opened(self, filled: Filling) -> Levels:
        group = zarr.open_group(filled.folder, mode="r+")
        levels = len(level_factors(self._volume.shape))
        return open_levels(group, filled.folder, self._plan.grid, levels)

    def _told(self) -> dict[str, Any]:
        volume = self._volume
        return {
            "software": f"napari-vessel {__version__}",
            "from": _name(volume.uri),
            "fingerprint": volume.fingerprint,
            "level": volume.options.level,
            "channel": volume.options.channel,
        }

    def _what(self) -> str:
        size = list(self._volume.voxel_size.zyx)
        grid = [list(self._plan.grid.chunk), list(self._plan.grid.unit)]
        text = json.dumps([self._told(), size, grid, str(self._volume.dtype)], sort_keys=True)
        return sha256(text.encode()).hexdigest()

    @staticmethod
    def _verify(folder: Path) -> None:
        import yaozarrs

        try:
            yaozarrs.validate_zarr_store(folder)
        except ValueError as error:
            raise WriteError(f"{folder} is no valid OME-Zarr after writing: {error}") from error


def _ended(waiting: dict[Future[None], Box], level: int, filled: Filling) -> Iterator[Box]:
    """Wait for the next that ends; note it. An error ends the conversion."""
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        unit = waiting.pop(future)
        future.result()
        filled.record(_key(unit, level), None)
        yield unit


def _key(unit: Box, level: int) -> str:
    return f"{level}:{unit}"


def _name(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2] or "volume"


def is_begun(out: Path) -> bool:
    """Tell whether a conversion to ``out`` was begun before and can be gone on with."""
    return unfinished_at(out).is_dir()
