"""OME-Zarr 0.4 and 0.5, and plain zarr arrays: a folder or an address."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import zarr

from napari_vessel.errors import ReadError, UnsupportedVolumeError, VesselError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes._array import shape_factors
from napari_vessel.volumes._axes import AxisPlan, checked_axes, plan_axes, unnamed_axes
from napari_vessel.volumes._chunk_pieces import chunk_pieces, cut_shape
from napari_vessel.volumes._dtypes import LazyArray, Voxels, native, readable_dtype
from napari_vessel.volumes._frames import frame_check
from napari_vessel.volumes._ngff import Multiscale, multiscale_of
from napari_vessel.volumes._options import VolumeOptions
from napari_vessel.volumes._reading_store import ReadingStore
from napari_vessel.volumes._source import Factors, check_box, digest, lazy_array
from napari_vessel.volumes._zarr_metadata import (
    array_document,
    check_path,
    document,
    group_attributes,
)

__all__ = ["OmeZarrSource", "open_zarr"]

# What zarr and its codecs raise for documents and chunks that are not what they should be.
_FAULTS = (
    OSError, ValueError, RuntimeError, TypeError, LookupError, AttributeError,
    ArithmeticError, EOFError, MemoryError, AssertionError, zlib.error,
)  # fmt: skip
_SIDE_BY_SIDE = 2**25  # bytes of chunks fetched at once, of a remote volume's coarse levels
_T = TypeVar("_T")


def open_zarr(store: ReadingStore, uri: str, options: VolumeOptions) -> OmeZarrSource | None:
    """Open what a store holds as a volume; None where it holds no zarr at all.

    Raises
    ------
    UnsupportedVolumeError
        If it holds no image of z, y and x, or its metadata is damaged.
    ReadError
        If metadata cannot be read.
    """
    attributes = group_attributes(store, uri)
    if attributes is None:
        if array_document(store, "", uri) is None:
            return None
        return OmeZarrSource(store, uri, options, None)
    multiscale = multiscale_of(attributes, uri)
    if multiscale is None:
        message = f"{uri} is a zarr group without an image; {_advice(attributes)}"
        raise UnsupportedVolumeError(message)
    return OmeZarrSource(store, uri, options, multiscale)


class OmeZarrSource:
    """The levels of a zarr image; see :class:`Source`.

    Parameters
    ----------
    store
        Where bytes come from.
    uri
        What to call it.
    options
        Chooses a channel.
    multiscale
        What the metadata says; None for a plain array at the root, of unknown voxel size.
    """

    names: Sequence[str] | None = None

    def __init__(
        self, store: ReadingStore, uri: str, options: VolumeOptions, multiscale: Multiscale | None
    ) -> None:
        self.uri = uri
        self._store = store
        paths = [level.path for level in multiscale.levels] if multiscale else [""]
        self._paths = [check_path(path, uri) if path else "" for path in paths]
        store.prefetch(_documents_of(self._paths, store, uri))
        self._notes = _notes(store, uri) if multiscale is None else {}
        self._documents = [self._document(path) for path in self._paths]
        opened = zip(self._paths, self._documents, strict=True)
        self._arrays = [self._opened(path, found) for path, found in opened]
        self._plan = self._planned(multiscale, options)
        self.channels = self._plan.channels
        self.shapes: list[Zyx] = [self._plan.shape(array.shape) for array in self._arrays]
        self.dtype: np.dtype[Any] = readable_dtype(self._arrays[0].dtype, uri)
        self.chunk: Zyx = self._chunk(0)
        self._multiscale = multiscale
        for path, found, array in zip(self._paths, self._documents, self._arrays, strict=True):
            stored = array.shards or array.chunks
            store.expect(path, frame_check(found, stored, array.dtype.itemsize))
        by_shape = shape_factors(self.shapes, uri)
        self.voxel_size: VoxelSize | None = None
        self.voxel_size_known = False
        self.factors: Sequence[Factors] = by_shape
        self.origin_um = (0.0, 0.0, 0.0)
        if multiscale is not None:
            self._place(multiscale)

    @property
    def missing_chunks(self) -> int:
        """The number of different chunks asked for and not there."""
        return self._store.missing_chunks

    def read(self, box: Box, level: int) -> Voxels:
        """Read ``box``; a chunk that cannot be decoded is fetched once more, then named."""
        check_box(box, level, self.shapes)
        array, index = self._arrays[level], self._plan.index(box)
        try:
            cut = np.asarray(array[index])
        except VesselError:
            raise
        except _FAULTS:
            cut = self._again(array, level, index)
        return np.ascontiguousarray(native(self._plan.oriented(cut)))

    @property
    def stamped(self) -> str:
        """Key of the document that a writer of level 0 writes."""
        name = "zarr.json" if self._documents[0].get("zarr_format") == 3 else ".zarray"
        return f"{self._paths[0]}/{name}".strip("/")

    def array(self, level: int) -> LazyArray:
        """Return a level as a dask array in its chunks.

        Coarse levels of a remote volume come several chunks at once: these are asked for side
        by side, where one thread would wait for each in turn.
        """
        chunk = self._chunk(level)
        if level == 0 or self._store.cached is None:
            return lazy_array(self, level, chunk)
        z, y, x = chunk
        _, rows, columns = self.shapes[level]
        while 2 * z * y * x * self.dtype.itemsize <= _SIDE_BY_SIDE and (y < rows or x < columns):
            y, x = (2 * y, x) if y < rows and (y <= x or x >= columns) else (y, 2 * x)
        return lazy_array(self, level, (z, y, x))

    def fingerprint(self) -> str:
        """Identify the content by axes, transformations and the metadata of every array.

        Display settings, labels and other additions to the group do not count.
        """
        return digest("zarr", repr(self._multiscale), self._documents, self._plan.fixed)

    def _document(self, path: str) -> dict[str, Any]:
        found = array_document(self._store, path, self.uri)
        if found is None:
            message = f"{self.uri}: its metadata names a level {path!r}, which is not there."
            raise UnsupportedVolumeError(message)
        # Attributes of an array are notes, not content.
        return {key: value for key, value in found.items() if key != "attributes"}

    def _opened(self, path: str, found: dict[str, Any]) -> zarr.Array[Any]:
        version: Literal[2, 3] = 3 if found.get("zarr_format") == 3 else 2
        where = f"{self.uri}/{path}" if path else self.uri
        return _explained(
            lambda: zarr.open_array(self._store, path=path, mode="r", zarr_format=version), where
        )

    def _planned(self, multiscale: Multiscale | None, options: VolumeOptions) -> AxisPlan:
        shape = self._arrays[0].shape
        axes = multiscale.axes if multiscale else self._axes_told(shape, options)
        for path, array in zip(self._paths, self._arrays, strict=True):
            if len(array.shape) != len(axes) or array.dtype != self._arrays[0].dtype:
                message = (
                    f"{self.uri}: level {path!r} is {array.shape} {array.dtype}; expected "
                    f"{len(axes)} axes of {self._arrays[0].dtype}, as its metadata says."
                )
                raise UnsupportedVolumeError(message)
        return plan_axes(axes, shape, options.channel, self.uri)

    def _axes_told(self, shape: tuple[int, ...], options: VolumeOptions) -> Sequence[str]:
        """Name the axes of a plain array: as a person says, as it says itself, else zyx."""
        if options.axes:
            return checked_axes(options.axes, shape, self.uri)
        named = self._documents[0].get("dimension_names") or self._notes.get("_ARRAY_DIMENSIONS")
        told = [str(name).lower() for name in named] if isinstance(named, list) else []
        if len(told) == len(shape) and {"z", "y", "x"} <= set(told) <= set("tczyx"):
            return told
        return unnamed_axes(shape, options.channel, self.uri)

    def _place(self, multiscale: Multiscale) -> None:
        placed = multiscale.placed(self._plan.zyx, self.uri)
        self.factors = placed.factors
        self.origin_um = placed.origin_um
        # All ones without a unit is what writers put where they know nothing.
        if placed.known or placed.voxel_size != VoxelSize(1.0, 1.0, 1.0):
            self.voxel_size, self.voxel_size_known = placed.voxel_size, placed.known

    def _chunk(self, level: int) -> Zyx:
        array = self._arrays[level]
        edges = zip(array.chunks, array.shape, strict=True)
        return self._plan.shape([min(chunk, edge) for chunk, edge in edges])

    def _again(self, array: zarr.Array[Any], level: int, index: tuple[slice | int, ...]) -> Voxels:
        """Read chunk by chunk, so that the one at fault can be named."""
        result = np.empty(cut_shape(index, array.shape), array.dtype)
        for piece, place, number in chunk_pieces(index, array.shape, array.chunks):
            try:
                with self._store.anew():
                    result[place] = array[piece]
            except VesselError:
                raise
            except _FAULTS as error:
                where = f"{self.uri}/{self._paths[level]}".rstrip("/")
                message = (
                    f"Chunk {'/'.join(map(str, number))} of {where} is damaged: "
                    f"{str(error) or type(error).__name__:.200}"
                )
                raise ReadError(message.replace("\n", " ")) from error
        return result


def _documents_of(paths: Sequence[str], store: ReadingStore, uri: str) -> list[str]:
    """Name the documents that will be asked for of each level."""
    current = document(store, "zarr.json", uri) is not None
    names = ("zarr.json",) if current else ("zarr.json", ".zarray", ".zattrs")
    return [f"{path}/{name}" for path in paths if path for name in names]


def _notes(store: ReadingStore, uri: str) -> dict[str, Any]:
    """Return the attributes of an array at the root; xarray names its axes there."""
    current = document(store, "zarr.json", uri)
    found = current.get("attributes") if current else document(store, ".zattrs", uri)
    return found if isinstance(found, dict) else {}


def _explained(action: Callable[[], _T], where: str) -> _T:
    """Turn what zarr raises for documents it does not accept into words."""
    try:
        return action()
    except VesselError:
        raise
    except _FAULTS as error:
        message = f"{where} is no zarr array this program can read: {error!s:.200}"
        raise UnsupportedVolumeError(message.replace("\n", " ")) from error


def _advice(attributes: dict[str, Any]) -> str:
    ome = attributes.get("ome")
    found = ome if isinstance(ome, dict) else attributes
    if "bioformats2raw.layout" in found:
        return "it holds a series of images: open one of them, as its subfolder 0."
    if "plate" in found or "well" in found:
        return "it is a plate of many images: open one of them, as its subfolder A/1/0."
    if "labels" in found:
        names = found["labels"]
        return f"it lists labels: open one of them by its path, of {names!r:.200}."
    return "expected OME-Zarr metadata ('multiscales'). Open an array in it by its own path."
