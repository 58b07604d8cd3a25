"""A mask as TIFF: a folder of slices named like the input, or one stack.

Vessels are 255, everything else 0, losslessly compressed. Every file carries
the voxel size (resolution tags for x and y, all three in the recipe) and the
recipe, as JSON in its ImageDescription.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_vessel.errors import WriteError
from napari_vessel.geometry import Box
from napari_vessel.volumes._atomic import file_beside, sync
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._names import check_names, tiff_names
from napari_vessel.volumes._output import check_file, check_folder
from napari_vessel.volumes._provenance import crate_path, what_of, write_crate
from napari_vessel.volumes._unfinished import Filling, filling
from napari_vessel.volumes._witness import MaskSum, Witness, sum_of

__all__ = ["RECIPE", "export_tiff_slices", "export_tiff_stack"]

RECIPE = "recipe.json"
_CLASSIC = 2**32 - 2**26  # bytes a classic TIFF holds, less room for its tags
_UM_PER_CM = 10_000


def export_tiff_slices(
    source: MaskSource, out: Path, *, overwrite: bool = False, resume: bool = False
) -> Iterator[ExportProgress]:
    """Write a mask as a folder of TIFF slices and a ``recipe.json``.

    Parameters
    ----------
    source
        The mask; its slices' names are kept, else they are called ``0000.tif`` …
    out
        The folder to make.
    overwrite
        Replace an earlier one, once the new one is whole.
    resume
        Go on with what an earlier run left; keep what is done if this one breaks off.

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
    check_folder(source, out, overwrite=overwrite, marks=(RECIPE,))
    names = tiff_names(source.names, source.shape[0])
    check_names(names)
    what = what_of(source, "tiff")
    return _export_slices(
        source, names, filling(out, what=what, overwrite=overwrite, resume=resume)
    )


def export_tiff_stack(
    source: MaskSource, out: Path, *, overwrite: bool = False, resume: bool = False
) -> Iterator[ExportProgress]:
    """Write a mask as one TIFF of a page per slice; a BigTIFF where 4 GiB may not do.

    Parameters
    ----------
    source, overwrite
        As for :func:`export_tiff_slices`.
    out
        The file to make.
    resume
        Of no use: one file begins anew.

    Returns
    -------
    Iterator[ExportProgress]
        To be drawn to its end; nothing stands at ``out`` before. A second pass verifies.

    Raises
    ------
    ExportError, OutputExistsError, ReadError, WriteError
        As for :func:`export_tiff_slices`.
    """
    del resume
    for file in (out, crate_path(out, folder=False)):
        check_file(source, file, overwrite=overwrite)
    return _export_stack(source, out, overwrite=overwrite)


def _export_slices(
    source: MaskSource, names: list[str], place: AbstractContextManager[Filling]
) -> Iterator[ExportProgress]:
    total = source.shape[0] + 1
    tags = _tags(source)
    with place as filled:
        for index, found in _slices(source, filled, names, tags):
            filled.done[names[index]] = found
            yield ExportProgress(index + 1, total)
        recipe = json.dumps(source.document, indent=2, ensure_ascii=False)
        (filled.folder / RECIPE).write_text(recipe + "\n", encoding="utf-8")
        whole = MaskSum()
        for note in filled.done.values():
            whole += MaskSum.of_document(note)
        crate = crate_path(filled.folder, folder=True)
        write_crate(crate, source, whole, form="tiff", part="./")
    yield ExportProgress(total, total)


def _slices(
    source: MaskSource, filled: Filling, names: list[str], tags: dict[str, Any]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Write the slices that are not there yet; a slab at a time."""
    for first, count in source.slab_starts():
        wanted = range(first, first + count)
        if all(names[index] in filled.done for index in wanted):
            yield from ((index, filled.done[names[index]]) for index in wanted)
            continue
        slab = source.mask(Box((first, 0, 0), (first + count, *source.shape[1:])))
        for index, page in zip(wanted, slab, strict=True):
            file = filled.folder / names[index]
            tifffile.imwrite(file, page * np.uint8(255), **tags)
            _verify(file, page * np.uint8(255))
            sync(file)
            box = Box((index, 0, 0), (index + 1, *source.shape[1:]))
            found = sum_of(page[None], box, source.shape).document
            filled.record(names[index], found)
            yield index, found


def _export_stack(source: MaskSource, out: Path, *, overwrite: bool) -> Iterator[ExportProgress]:
    count = source.shape[0]
    total = 2 * count + 1
    witness = Witness(source)
    with file_beside(out, overwrite=overwrite) as beside:
        sums = []
        with tifffile.TiffWriter(beside, bigtiff=_is_big(source)) as stack:
            for index, page in _pages(witness.source):
                stack.write(page, contiguous=False, **_tags(source))
                sums.append(crc32(page.tobytes()))
                yield ExportProgress(index + 1, total)
        for index, found in enumerate(_sums(beside, count)):
            if found != sums[index]:
                raise _spoiled(out, index)
            yield ExportProgress(count + index + 1, total)
    place = crate_path(out, folder=False)
    write_crate(place, source, witness.sum, form="tiff-stack", part=out.name)
    yield ExportProgress(total, total)


def _is_big(source: MaskSource) -> bool:
    z, y, x = source.shape
    description = len(json.dumps(source.document))
    return z * (y * x + description + 1024) > _CLASSIC  # deflate never grows by more than that


def _pages(source: MaskSource) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for first, slab in source.slabs():
        for index, page in enumerate(slab, start=first):
            yield index, page * np.uint8(255)


def _tags(source: MaskSource) -> dict[str, Any]:
    size = source.voxel_size
    return {
        "photometric": "minisblack",
        "compression": "zlib",
        "resolution": (_UM_PER_CM / size.x_um, _UM_PER_CM / size.y_um),
        "resolutionunit": "CENTIMETER",
        "description": json.dumps(source.document),  # ASCII, as the format wants
        "software": str(source.document["software"]),
        "metadata": None,
    }


def _verify(file: Path, page: NDArray[np.uint8]) -> None:
    with tifffile.TiffFile(file) as written:
        if not np.array_equal(written.pages.first.asarray(), page):
            raise _spoiled(file, 0)


def _sums(file: Path, count: int) -> Iterator[int]:
    with tifffile.TiffFile(file) as written:
        if len(written.pages) != count:
            raise _spoiled(file, len(written.pages))
        for page in written.pages:
            yield crc32(page.asarray().tobytes())


def _spoiled(file: Path, index: int) -> WriteError:
    return WriteError(f"{file}: slice {index} does not come back as written: check the disk.")
