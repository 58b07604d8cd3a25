"""A mask as OME-Zarr labels, 0.5 or 0.4: beside its image, or inside it.

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

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
import zarr

from napari_vessel.errors import OutputExistsError, WriteError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._label_list import Version, image_version, list_labels
from napari_vessel.volumes._levels import Grid, Levels, make_levels, open_levels
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._ome_metadata import (
    OLDER,
    OURS,
    VERSION,
    image_metadata,
    label_metadata,
    multiscales,
    older,
)
from napari_vessel.volumes._output import ZARR, check_folder, refuse_foreign
from napari_vessel.volumes._provenance import crate_path, what_of, write_crate
from napari_vessel.volumes._pyramid import level_factors
from napari_vessel.volumes._unfinished import Filling, filling
from napari_vessel.volumes._witness import MaskSum, sum_of

__all__ = ["export_labels", "export_ome_zarr"]

_LABELS = "vessels"
_CHUNK = (64, 128, 128)
_SHARD = (256, 512, 512)  # 64 MiB: what is held at once
_MANY = 4096  # chunks, above which a file for each becomes a burden


def export_ome_zarr(
    source: MaskSource,
    out: Path,
    *,
    overwrite: bool = False,
    resume: bool = False,
    version: Version = VERSION,
) -> Iterator[ExportProgress]:
    """Write a mask as OME-Zarr: an image and its labels, as many levels as the volume.

    Parameters
    ----------
    source
        The mask; read once, in whole chunks.
    out
        The folder to make, by custom ``NAME.ome.zarr``.
    overwrite
        Replace an earlier one, once the new one is whole.
    resume
        Go on with what an earlier run left; keep what is done if this one breaks off.
    version
        0.5, or 0.4 for programs that read no zarr 3.

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
    plan = _Plan(source, version)
    what = what_of(source, f"ome-zarr {version}")
    place = filling(out, what=what, overwrite=overwrite, resume=resume)
    return _export(plan, place)


def export_labels(
    source: MaskSource, image: Path, *, overwrite: bool = False, resume: bool = False
) -> Iterator[ExportProgress]:
    """Write a mask into the OME-Zarr image it belongs to, as ``labels/vessels``.

    Nothing else of the image changes but the list of its labels.

    Raises
    ------
    ExportError, OutputExistsError
        At once, if ``image`` is no OME-Zarr of this size and number of levels, or has such
        labels already.
    ReadError, WriteError
        While drawing; what stood there is kept.
    """
    version = image_version(image, source)
    source.check()
    out = image / "labels" / _LABELS
    if os.path.lexists(out) and not overwrite:
        raise OutputExistsError(f"{out} exists already: overwrite it, or export beside the image.")
    if os.path.lexists(out):
        refuse_foreign(out, marks=ZARR)
    what = what_of(source, f"labels {version}")
    place = filling(out, what=what, overwrite=overwrite, resume=resume)
    return _export(_Plan(source, version, inside=True), place, image)


@dataclass(frozen=True)
class _Plan:
    """What is written: an image with its labels, or the labels of an image that is there."""

    source: MaskSource
    version: Version
    inside: bool = False

    @property
    def folder(self) -> str:
        """Where the labels lie within what is written."""
        return "" if self.inside else f"labels/{_LABELS}/"


def _export(
    plan: _Plan, place: AbstractContextManager[Filling], image: Path | None = None
) -> Iterator[ExportProgress]:
    source = plan.source
    with place as filled:
        levels = _opened(plan, filled) if filled.begun else _made(plan, filled.folder)
        total = sum(len(levels.units(level)) for level in range(source.levels)) + 1
        done = 0
        for done, _ in enumerate(_fill(source, levels, filled), start=1):
            yield ExportProgress(done, total)
        whole = MaskSum()
        for unit in levels.units(0):
            whole += MaskSum.of_document(filled.done[_key(unit, 0)])
        crate = crate_path(filled.folder, folder=True)
        write_crate(crate, source, whole, form=f"ome-zarr-{plan.version}", part="./")
        if image is None:
            _verify(filled.folder)
    if image is not None:
        list_labels(image, _LABELS)
    yield ExportProgress(done + 1, total)


def _made(plan: _Plan, folder: Path) -> Levels:
    source = plan.source
    factors = level_factors(source.shape, source.levels)
    ours = {OURS: source.document}
    size, origin = source.voxel_size, source.origin_um
    form: Literal[2, 3] = 2 if plan.version == OLDER else 3
    place = folder / plan.folder
    scales = multiscales(_LABELS, size, factors, origin_um=origin)
    metadata = label_metadata(scales, source="../../")
    attributes = _said(metadata, plan.version) | ours
    if plan.inside:
        vessels = zarr.create_group(folder, zarr_format=form, attributes=attributes, overwrite=True)
    else:
        inside = multiscales(source.name, size, factors, folder=plan.folder, origin_um=origin)
        told = _said(image_metadata(inside, highest=1), plan.version) | ours
        root = zarr.create_group(folder, zarr_format=form, attributes=told, overwrite=True)
        listing = _said({"version": VERSION, "labels": [_LABELS]}, plan.version)
        labels = root.create_group("labels", attributes=listing)
        vessels = labels.create_group(_LABELS, attributes=attributes)
    grid = _grid(source.shape, plan.version)
    make_levels(vessels, source.shape, grid, source.levels)
    return open_levels(vessels, place, grid, source.levels)


def _opened(plan: _Plan, filled: Filling) -> Levels:
    """Open what an earlier run began."""
    place = filled.folder / plan.folder
    group = zarr.open_group(place, mode="r+")
    grid = _grid(plan.source.shape, plan.version)
    return open_levels(group, place, grid, plan.source.levels)


def _said(metadata: dict[str, Any], version: Version) -> dict[str, Any]:
    return older(metadata) if version == OLDER else {"ome": metadata}


def _grid(shape: Zyx, version: Version) -> Grid:
    many = prod(-(-edge // c) for edge, c in zip(shape, _CHUNK, strict=True)) > _MANY
    return Grid(_CHUNK, _SHARD if many and version != OLDER else None)


def _fill(source: MaskSource, levels: Levels, filled: Filling) -> Iterator[object]:
    for unit in levels.units(0):
        if _key(unit, 0) not in filled.done:
            block = source.mask(unit)
            levels.write(unit, block)
            if not np.array_equal(levels.read(unit), block):
                raise WriteError(f"{unit} does not come back as it was written: check the disk.")
            levels.sync(unit)
            filled.record(_key(unit, 0), sum_of(block, unit, source.shape).document)
        yield unit
    for level in range(1, source.levels):
        for unit in levels.units(level):
            if _key(unit, level) not in filled.done:
                levels.fill_unit(unit, level, "max")
                levels.sync(unit, level)
                filled.record(_key(unit, level), None)
            yield unit


def _key(unit: Box, level: int) -> str:
    return f"{level}:{unit}"


def _verify(folder: Path) -> None:
    import yaozarrs

    try:
        yaozarrs.validate_zarr_store(folder)
    except ValueError as error:
        raise WriteError(f"{folder} is no valid OME-Zarr after writing: {error}") from error
