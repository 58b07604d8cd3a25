"""A mask as OME-Zarr 0.5 labels.

The specification wants labels below an image, with as many levels. So
``OUT.ome.zarr`` is an image whose levels *are* the arrays of its labels::

    OUT.ome.zarr          image: its datasets are labels/vessels/0, 1 …
      labels              list of labels: vessels
        vessels           labels: image-label, colours, properties, source ../../
          0, 1 …          uint8, 0 and 1

The voxels are stored once, and both readings are valid. Coarse levels take the
maximum: a vessel thinner than a coarse voxel stays visible, where the nearest
voxel would cut it to pieces. They are for looking; measure on the finest.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import zarr

from napari_vessel.errors import WriteError
from napari_vessel.geometry import Zyx
from napari_vessel.volumes._atomic import folder_beside
from napari_vessel.volumes._levels import Grid, Levels, make_levels, open_levels
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._ome_metadata import (
    OURS,
    VERSION,
    image_metadata,
    label_metadata,
    multiscales,
)
from napari_vessel.volumes._output import ZARR, check_folder
from napari_vessel.volumes._pyramid import level_factors

__all__ = ["export_ome_zarr"]

_LABELS = "vessels"
_CHUNK = (64, 128, 128)
_SHARD = (256, 512, 512)  # 64 MiB: what is held at once
_MANY = 4096  # chunks, above which a file for each becomes a burden


def export_ome_zarr(
    source: MaskSource, out: Path, *, overwrite: bool = False
) -> Iterator[ExportProgress]:
    """Write a mask as OME-Zarr 0.5: an image and its labels, as many levels as the volume.

    Parameters
    ----------
    source
        The mask; read once, in whole chunks.
    out
        The folder to make, by custom ``NAME.ome.zarr``.
    overwrite
        Replace an earlier one, once the new one is whole.

    Returns
    -------
    Iterator[ExportProgress]
        To be drawn to its end; nothing stands at ``out`` before.

    Raises
    ------
    ExportError, OutputExistsError
        At once, if it cannot be written as asked.
    ReadError, WriteError
        While drawing; what stood at ``out`` is kept.
    """
    check_folder(source, out, overwrite=overwrite, marks=ZARR)
    return _export(source, out, overwrite=overwrite)


def _export(source: MaskSource, out: Path, *, overwrite: bool) -> Iterator[ExportProgress]:
    with folder_beside(out, overwrite=overwrite) as beside:
        levels = _make(source, beside)
        total = sum(len(levels.units(level)) for level in range(source.levels)) + 1
        done = 0
        for done, _ in enumerate(_fill(source, levels), start=1):
            yield ExportProgress(done, total)
        _verify(beside)
    yield ExportProgress(done + 1, total)


def _make(source: MaskSource, folder: Path) -> Levels:
    factors = level_factors(source.shape, source.levels)
    inside = f"labels/{_LABELS}/"
    scales = multiscales(source.name, source.voxel_size, factors, folder=inside)
    ours = {OURS: source.document}
    root = zarr.create_group(
        folder, zarr_format=3, attributes={"ome": image_metadata(scales, highest=1), **ours}
    )
    listing = {"version": VERSION, "labels": [_LABELS]}
    labels = root.create_group("labels", attributes={"ome": listing})
    scales = multiscales(_LABELS, source.voxel_size, factors)
    metadata = label_metadata(scales, source="../../")
    vessels = labels.create_group(_LABELS, attributes={"ome": metadata, **ours})
    grid = _grid(source.shape)
    make_levels(vessels, source.shape, grid, source.levels)
    return open_levels(vessels, folder / inside, grid, source.levels)


def _grid(shape: Zyx) -> Grid:
    many = prod(-(-edge // c) for edge, c in zip(shape, _CHUNK, strict=True)) > _MANY
    return Grid(_CHUNK, _SHARD if many else None)


def _fill(source: MaskSource, levels: Levels) -> Iterator[object]:
    for unit in levels.units(0):
        block = source.mask(unit)
        levels.write(unit, block)
        if not np.array_equal(levels.read(unit), block):
            raise WriteError(f"{unit} does not come back as it was written: check the disk.")
        yield unit
    for level in range(1, source.levels):
        yield from levels.fill(level, "max")


def _verify(folder: Path) -> None:
    import yaozarrs

    try:
        yaozarrs.validate_zarr_store(folder)
    except ValueError as error:
        raise WriteError(f"{folder} is no valid OME-Zarr after writing: {error}") from error
