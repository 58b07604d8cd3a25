"""A container of voxels, mostly probabilities: OME-Zarr 0.5, filled in blocks.

The first array of a store is the image at its root, the others are images in
groups below it. All levels exist from the start, filled with 0, and the store
says ``"partial"`` until :meth:`Store.finish` has made the coarse levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zarr
from numpy.typing import NDArray
from pydantic import JsonValue

from napari_vessel.errors import CallerError, UnsupportedVolumeError, VolumeNotFoundError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._atomic import folder_beside, sync_tree
from napari_vessel.volumes._levels import Grid, Levels, make_levels, open_levels
from napari_vessel.volumes._mask_source import ExportProgress
from napari_vessel.volumes._ome_metadata import OURS, image_metadata, multiscales
from napari_vessel.volumes._output import ZARR, refuse_foreign
from napari_vessel.volumes._pyramid import level_factors
from napari_vessel.volumes._store_spec import StoreSpec

__all__ = ["Store", "create_store", "open_store"]


class Store:
    """An open store; made by :func:`create_store` or :func:`open_store`."""

    def __init__(self, path: Path, group: zarr.Group, spec: StoreSpec) -> None:
        self.path = path
        self.spec = spec
        self._group = group
        self._touched = False
        self._levels = {name: self._open_levels(name) for name in spec.arrays}

    @property
    def shape(self) -> Zyx:
        """The shape of every array's finest level."""
        return self.spec.shape

    @property
    def voxel_size(self) -> VoxelSize:
        """Edges of a voxel of the finest level."""
        return self.spec.voxel_size

    @property
    def chunk(self) -> Zyx:
        """Voxels that are compressed together, zyx."""
        return self.spec.chunk

    @property
    def unit(self) -> Zyx:
        """Voxels that must be written together: a shard, else a chunk."""
        return self.spec.shard or self.spec.chunk

    @property
    def arrays(self) -> tuple[str, ...]:
        """The arrays' names, the one at the root first."""
        return self.spec.arrays

    @property
    def attrs(self) -> Mapping[str, JsonValue]:
        """The recipe, as it was given."""
        return self.spec.attrs

    @property
    def complete(self) -> bool:
        """Whether :meth:`finish` has ended, in this process or another.

        Raises
        ------
        VolumeNotFoundError
            The store was deleted, or moved, since it was opened.
        UnsupportedVolumeError
            It was damaged since.
        """
        with _explained(self.path):
            return bool(_ours(zarr.open_group(self.path, mode="r")).get("state") == "complete")

    @property
    def level_shapes(self) -> list[Zyx]:
        """The shape of every level, finest first."""
        return self._of(self.arrays[0]).shapes

    def write(self, name: str, box: Box, block: NDArray[Any]) -> None:
        """Write whole units (:attr:`unit`) of the finest level of array ``name``.

        One process at a time may write to one unit; different units do not
        meet. Writing the same again changes nothing.

        Raises
        ------
        CallerError
            If the name is unknown, the store was opened to read, the box is not
            of whole units (clipped at the array's end) or lies outside, or
            ``block`` is not of its shape and the store's dtype.
        WriteError
            If the disk refuses.
        """
        self._writable()
        levels = self._of(name)
        if not self._touched and self.complete:
            self._say("partial")  # its coarse levels are stale from now on
        self._touched = True
        levels.write(box, block)

    def read(self, name: str, box: Box, level: int = 0) -> NDArray[Any]:
        """Read any box of a level of array ``name``; what was never written is 0.

        Raises
        ------
        CallerError
            If the name or level is unknown or the box lies outside.
        ReadError
            If a chunk is damaged; the message names it.
        """
        levels = self._of(name)
        if not 0 <= level < len(levels.shapes):
            raise CallerError(f"{self.path} has no level {level}, only {len(levels.shapes)}.")
        return levels.read(box, level)

    def sync(self, name: str, box: Box) -> None:
        """Bring a written box to the disk, before a record says that it is there."""
        self._of(name).sync(box)

    def finish(self) -> None:
        """Make the coarse levels, bring all to the disk, and say ``"complete"``.

        Can be called again after an error or more writes. To show progress, or
        stop in between, draw :meth:`finishing` instead.

        Raises
        ------
        CallerError
            If the store was opened to read.
        ReadError, WriteError
            If a chunk is damaged, or the disk refuses; the store stays partial.
        """
        for _ in self.finishing():
            pass

    def finishing(self) -> Iterator[ExportProgress]:
        """Do what :meth:`finish` does, unit by unit; ``done == total`` once it is complete.

        Memory: one unit and eight chunks.
        """
        self._writable()
        coarse = range(1, len(self.level_shapes))
        total = len(self.arrays) * sum(len(self._of(self.arrays[0]).units(n)) for n in coarse) + 1
        filled = (
            unit
            for levels in self._levels.values()
            for level in coarse
            for unit in levels.fill(level, self.spec.coarsening)
        )
        for done, _ in enumerate(filled, start=1):
            yield ExportProgress(done, total)
        sync_tree(self.path)  # the voxels first, then the word that they are there
        self._touched = False
        self._say("complete")
        sync_tree(self.path)
        yield ExportProgress(total, total)

    def _say(self, state: str) -> None:
        self._group.attrs[OURS] = _our_attrs(self.spec, state)

    def _writable(self) -> None:
        if self._group.read_only:
            raise CallerError(f"{self.path} was opened to read: open it with writable=True.")

    def _of(self, name: str) -> Levels:
        if name not in self._levels:
            raise CallerError(f"{self.path} has no array {name!r}, only {', '.join(self.arrays)}.")
        return self._levels[name]

    def _open_levels(self, name: str) -> Levels:
        root = name == self.arrays[0]
        group = self._group if root else self._group[name]
        if not isinstance(group, zarr.Group):
            raise UnsupportedVolumeError(f"{self.path}: {name!r} is no group of arrays.")
        where = self.path if root else self.path / name
        grid = Grid(self.spec.chunk, self.spec.shard)
        return open_levels(group, where, grid, len(level_factors(self.spec.shape)))


def create_store(path: Path, spec: StoreSpec, *, overwrite: bool = False) -> Store:
    """Make an empty store, with all the levels it will have, and open it to write.

    It appears at ``path`` in one step, valid but ``"partial"``.

    Raises
    ------
    OutputExistsError
        If something stands at ``path``, unless ``overwrite`` says to delete it.
    ExportError
        If told to overwrite something that is no zarr.
    WriteError
        If the disk refuses.
    """
    path = Path(path)
    if overwrite:
        refuse_foreign(path, marks=ZARR)
    with folder_beside(path, overwrite=overwrite) as beside:
        root = zarr.create_group(beside, zarr_format=3, attributes=_attributes(spec, 0))
        for index, name in enumerate(spec.arrays):
            attributes = _attributes(spec, index)
            group = root if index == 0 else root.create_group(name, attributes=attributes)
            make_levels(group, spec.shape, Grid(spec.chunk, spec.shard), dtype=spec.dtype)
    return open_store(path, writable=True)


def open_store(path: Path, *, writable: bool = False) -> Store:
    """Open a store that :func:`create_store` made, complete or partial.

    Raises
    ------
    VolumeNotFoundError
        If nothing stands at ``path``, or no more: another process may delete it meanwhile.
    UnsupportedVolumeError
        If what stands there is no store of ours.
    """
    path = Path(path)
    with _explained(path):
        group = zarr.open_group(path, mode="r+" if writable else "r")
        ours = _ours(group)
        spec = StoreSpec.model_validate({**ours["store"], "attrs": ours["recipe"]})
        return Store(path, group, spec)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Tell what could not be opened at ``path`` as gone, or as no store of ours."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not path.exists():
            raise VolumeNotFoundError(f"{path} does not exist: predict first.") from error
        raise UnsupportedVolumeError(f"{path} is no store of napari-vessel: {error}") from error


def _attributes(spec: StoreSpec, index: int) -> dict[str, Any]:
    factors, origin = level_factors(spec.shape), spec.origin_um
    scales = multiscales(spec.arrays[index], spec.voxel_size, factors, origin_um=origin)
    image = {"ome": image_metadata(scales, highest=255 if spec.dtype == "uint8" else None)}
    return image if index else {**image, OURS: _our_attrs(spec, "partial")}


def _our_attrs(spec: StoreSpec, state: str) -> dict[str, Any]:
    # Left out where it says nothing, so that older versions open it too.
    silent = {"attrs"} if any(spec.origin_um) else {"attrs", "origin_um"}
    store = spec.model_dump(mode="json", exclude=silent)
    return {"state": state, "recipe": spec.attrs, "store": store}


def _ours(group: zarr.Group) -> dict[str, Any]:
    ours = group.attrs[OURS]
    if not isinstance(ours, dict):
        raise TypeError(f"{OURS!r} is no object")
    return ours
