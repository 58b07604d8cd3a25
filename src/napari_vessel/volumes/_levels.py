"""The zarr arrays of a pyramid: made, read and filled in whole units.

Every chunk carries a CRC-32C: zarr's default codecs have no checksum, and
nearly every flipped bit would come back as a wrong voxel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numcodecs import Zstd
from numpy.typing import NDArray
from zarr.codecs import Crc32cCodec, ZstdCodec

from napari_vessel.errors import CallerError, ReadError, WriteError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._atomic import sync
from napari_vessel.volumes._pyramid import Coarsening, coarsen, finer_box, level_shapes

__all__ = ["Grid", "Levels", "make_levels", "open_levels"]

_FAULTS = (ValueError, RuntimeError, OSError, EOFError)  # what codecs and files raise


@dataclass(frozen=True, slots=True)
class Grid:
    """How an array lies on disk: chunks, and shards that hold whole chunks."""

    chunk: Zyx
    shard: Zyx | None = None

    @property
    def unit(self) -> Zyx:
        """The least box that may be written: a shard, else a chunk."""
        return self.shard or self.chunk


def make_levels(
    group: zarr.Group, shape: Zyx, grid: Grid, levels: int | None = None, dtype: str = "uint8"
) -> None:
    """Make the arrays ``"0"``, ``"1"`` … of a pyramid in ``group``, filled with 0.

    In a group of zarr 2 there are no shards, and the checksum is zstd's own.
    """
    for level, edges in enumerate(level_shapes(shape, levels)):
        if group.metadata.zarr_format == 2:
            group.create_array(
                str(level),
                shape=edges,
                chunks=grid.chunk,
                dtype=dtype,
                fill_value=0,
                compressors=Zstd(level=3, checksum=True),
                chunk_key_encoding={"name": "v2", "separator": "/"},
            )
            continue
        group.create_array(
            str(level),
            shape=edges,
            chunks=grid.chunk,
            shards=grid.shard,
            dtype=dtype,
            fill_value=0,
            compressors=[ZstdCodec(level=3), Crc32cCodec()],
            dimension_names=["z", "y", "x"],
        )


def open_levels(group: zarr.Group, where: Path, grid: Grid, levels: int) -> Levels:
    """Open the ``levels`` arrays that :func:`make_levels` made in ``group``, at ``where``.

    Raises
    ------
    KeyError, TypeError
        If an array is missing or is none.
    """
    arrays = [group[str(level)] for level in range(levels)]
    found = [array for array in arrays if isinstance(array, zarr.Array)]
    if len(found) < levels:
        raise TypeError(f"{where}: a level is no array")
    return Levels(found, where, grid)


class Levels:
    """The arrays of one pyramid.

    Parameters
    ----------
    arrays
        Finest first.
    where
        The folder that holds them.
    grid
        As they were made.
    """

    def __init__(self, arrays: list[zarr.Array[Any]], where: Path, grid: Grid) -> None:
        self._arrays = arrays
        self._where = where
        self.grid = grid

    @property
    def shapes(self) -> list[Zyx]:
        """The shape of every level, finest first."""
        return [(a.shape[0], a.shape[1], a.shape[2]) for a in self._arrays]

    def units(self, level: int) -> list[Box]:
        """Cut a level in the boxes that can be written on their own."""
        return list(Box.of(self.shapes[level]).cells(self.grid.unit))

    def read(self, box: Box, level: int = 0) -> NDArray[Any]:
        """Read a box.

        Raises
        ------
        CallerError
            If the box lies outside the array.
        ReadError
            If a chunk is damaged; the message names it. Or all of it was deleted meanwhile:
            chunks that are not there would be zeros.
        """
        if not Box.of(self.shapes[level]).contains(box):
            raise CallerError(f"Box {box} lies outside {self._where} of {self.shapes[level]}.")
        try:
            self._refuse_empty(box, level)
            found = np.asarray(self._arrays[level][box.slices])
        except _FAULTS as error:
            place = self._damaged(box, level)
            message = f"{self._where}: chunk {place} of level {level} is damaged: {error}"
            raise ReadError(f"{message}. Predict or export it again.") from error
        if not self._where.exists():
            raise ReadError(f"{self._where} is gone: it was deleted or moved meanwhile.")
        return found

    def write(self, box: Box, block: NDArray[Any], level: int = 0) -> None:
        """Write a box of whole units (see :attr:`Grid.unit`); writing it again changes nothing.

        Raises
        ------
        CallerError
            If the box is not of whole units, lies outside, or has another shape.
        WriteError
            If the disk refuses.
        """
        self._check(box, block, level)
        try:
            self._arrays[level][box.slices] = block
        except OSError as error:
            raise WriteError(f"{self._where}: {box} could not be written: {error}") from error

    def sync(self, box: Box, level: int = 0) -> None:
        """Bring the files of a written box, and their names, to the disk."""
        folders: set[Path] = set()
        for cell in box.cells(self.grid.unit):
            file = self._file(cell, level)
            if file.exists():  # a block of zeros has no file
                sync(file)
            folders.update(file.parents[:4])
        for folder in sorted(folders, reverse=True):  # the deepest first
            if folder.exists():
                sync(folder)

    def fill(self, level: int, how: Coarsening) -> Iterator[Box]:
        """Make a level of the next finer one, unit by unit, in bounded memory.

        Yields
        ------
        Box
            Each unit once it is written.
        """
        for unit in self.units(level):
            self.fill_unit(unit, level, how)
            yield unit

    def fill_unit(self, unit: Box, level: int, how: Coarsening) -> None:
        """Make one unit of a level of the next finer one."""
        finer, coarse = self.shapes[level - 1], self.shapes[level]
        z, y, x = (2 if a > b else 1 for a, b in zip(finer, coarse, strict=True))
        block = np.empty(unit.shape, self._arrays[level].dtype)
        for cell in unit.cells(self.grid.chunk):  # a shard's finer voxels may not fit
            fine = self.read(finer_box(cell, (z, y, x), finer), level - 1)
            block[cell.relative_to(unit).slices] = coarsen(fine, (z, y, x), how)
        self.write(unit, block, level)

    def _file(self, unit: Box, level: int) -> Path:
        index = [str(a // u) for a, u in zip(unit.start, self.grid.unit, strict=True)]
        begin = [] if self._arrays[level].metadata.zarr_format == 2 else ["c"]
        return self._where.joinpath(str(level), *begin, *index)

    def _refuse_empty(self, box: Box, level: int) -> None:
        """Refuse an empty file, which a disk can leave behind and zarr 3.1 reads as zeros."""
        for unit in box.cells(self.grid.unit):
            file = self._file(unit, level)
            if file.exists() and file.stat().st_size == 0:
                raise EOFError(f"{file.name} is empty")

    def _check(self, box: Box, block: NDArray[Any], level: int) -> None:
        expected = self._arrays[level].dtype
        if block.shape != box.shape or block.dtype != expected:
            found = f"{block.dtype} {block.shape}"
            raise CallerError(
                f"{self._where}: expected {expected} {box.shape} for {box}, found {found}."
            )
        edges = zip(box.start, box.stop, self.grid.unit, self.shapes[level], strict=True)
        if not all(a % u == 0 and (b % u == 0 or b == end) and b <= end for a, b, u, end in edges):
            message = f"{self._where}: box {box} cuts through a unit of {self.grid.unit}"
            raise CallerError(f"{message} of {self.shapes[level]}: write whole units only.")

    def _damaged(self, box: Box, level: int) -> str:
        """Name the first chunk of ``box`` that cannot be read alone, as its box."""
        for cell in box.cells(self.grid.chunk):
            try:
                self._refuse_empty(cell, level)
                self._arrays[level][cell.slices]
            except _FAULTS:
                index = "/".join(
                    str(a // c) for a, c in zip(cell.start, self.grid.chunk, strict=True)
                )
                return f"{index} (voxels {cell})"
        return f"of {box}"  # read well the second time
