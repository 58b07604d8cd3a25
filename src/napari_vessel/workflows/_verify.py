"""Check an export against what it says of itself, voxel by voxel."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from math import prod
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, VoxelSize, Zyx
from napari_vessel.volumes import (
    MaskSource,
    MaskSum,
    VolumeOptions,
    open_volume,
    read_crate,
    read_rle,
    sum_of,
)
from napari_vessel.workflows._events import Progress, Verified
from napari_vessel.workflows._masks import open_mask
from napari_vessel.workflows._requests import Verify

_PIECE: Zyx = (64, 512, 512)
_EXACT = 1e-6  # share of an edge; NIfTI holds sizes in 32 bits


def verify(request: Verify) -> Iterator[Progress | Verified]:
    """Read an export back, and compare size, voxel size and every voxel with its crate.

    With ``against`` the mask of a project, or a mask file, is compared as well: an export
    from before a correction is not of that project any more.

    Raises
    ------
    ReadError
        The export, or its crate, is missing or damaged.
    """
    started = monotonic()
    document = read_crate(request.export)
    shape = _shape(document)
    read, size = _reader(request.export, str(document.get("format")), shape)
    expected = MaskSum.of_document(document["mask"])
    problems = [] if size is None else _sizes(document, size)
    total = (2 if request.against else 1) * prod(shape)
    found = yield from _summed(read, shape, 0, total)
    if found != expected:
        problems.append(
            f"Its voxels are not those that were exported: {found.vessel:,} vessel voxels, "
            f"expected {expected.vessel:,}; checksum {found.checksum}, "
            f"expected {expected.checksum}."
        )
    if request.against:
        mask = open_mask(request.against, VolumeOptions()).mask
        problems += yield from _compared(mask, found, shape, total)
    seconds = monotonic() - started
    yield Verified(request.export, not problems, tuple(problems), document, found.vessel, seconds)


def _compared(
    mask: MaskSource, found: MaskSum, shape: Zyx, total: int
) -> Generator[Progress, None, list[str]]:
    """Compare with the mask as it is now; returns the problems."""
    if mask.shape != shape:
        return [f"{mask.name} has {mask.shape} voxels, the export {shape}."]
    now = yield from _summed(mask.mask, shape, prod(shape), total)
    if now == found:
        return []
    change = f"{now.vessel:,} vessel voxels now, {found.vessel:,} in the export"
    return [f"The mask of {mask.name} is another by now: {change}. Export it again."]


def _summed(
    read: Callable[[Box], np.ndarray], shape: Zyx, before: int, total: int
) -> Generator[Progress, None, MaskSum]:
    """Sum up a whole mask; returns the sum."""
    found, done = MaskSum(), before
    for box in Box.of(shape).cells(_PIECE):
        found += sum_of(read(box), box, shape)
        done += box.size
        yield Progress(done, total, "voxels", "Reading it back")
    return found


def _shape(document: dict[str, Any]) -> Zyx:
    try:
        z, y, x = (int(edge) for edge in document["shape_zyx"])
    except (KeyError, TypeError, ValueError) as error:
        raise ReadError(f"The crate is damaged: its shape, {error!s:.100}.") from error
    return z, y, x


def _reader(
    out: Path, form: str, shape: Zyx
) -> tuple[Callable[[Box], np.ndarray], VoxelSize | None]:
    """Return what reads the export, and the voxel size that the format itself tells."""
    if form == "rle":
        mask = read_rle(out, shape)
        return lambda box: mask[box.slices], None
    volume = open_volume(_labels(out, form))
    if volume.shape != shape:
        raise ReadError(f"{out} has {volume.shape} voxels, its crate says {shape}.")
    return volume.read, volume.voxel_size if volume.voxel_size_known else None


def _labels(out: Path, form: str) -> Path:
    inside = out / "labels" / "vessels"
    return inside if form.startswith("ome-zarr") and inside.is_dir() else out


def _sizes(document: dict[str, Any], size: VoxelSize) -> list[str]:
    told = document.get("voxel_size_um_zyx")
    if told and np.allclose(size.zyx, told, rtol=_EXACT, atol=0):
        return []
    return [f"Its voxels are {size}, its crate says {told}."]
