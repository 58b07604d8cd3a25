"""A mask as run lengths, the way Kaggle's vessel competition wants them.

One row for each slice: ``id`` is ``<volume>_<slice>``, ``rle`` is pairs of a
1-based start and a length, in row-major order; an empty slice is ``1 0``. The
recipe lies beside, as ``OUT.csv.recipe.json``, with the table's SHA-256.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from hashlib import file_digest, sha256
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError, WriteError
from napari_vessel.geometry import Zyx
from napari_vessel.volumes._atomic import file_beside, write_atomically
from napari_vessel.volumes._mask_source import ExportProgress, MaskSource
from napari_vessel.volumes._names import check_ids, slice_stems
from napari_vessel.volumes._output import check_file
from napari_vessel.volumes._provenance import crate_path, write_crate
from napari_vessel.volumes._witness import Witness

__all__ = ["decode_runs", "encode_runs", "export_rle", "read_rle"]

_HEADER = "id,rle"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # what a spreadsheet would run


def export_rle(
    source: MaskSource, out: Path, *, overwrite: bool = False, resume: bool = False
) -> Iterator[ExportProgress]:
    """Write a mask as a table of run lengths, and its recipe beside.

    An id that a spreadsheet would take for a formula is quoted and begins with
    an apostrophe, which :func:`read_rle` takes off; run lengths are untouched.

    Parameters
    ----------
    source
        The mask; ids are made of its name and its slices' names.
    out
        The file to make, by custom ``NAME.csv``.
    overwrite
        Replace an earlier one, once the new one is whole.
    resume
        Of no use: one file begins anew.

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
    del resume
    recipe = out.with_name(out.name + ".recipe.json")
    for file in (out, recipe, crate_path(out, folder=False)):
        check_file(source, file, overwrite=overwrite)
    ids = [f"{source.name}_{stem}" for stem in slice_stems(source.names, source.shape[0])]
    check_ids(ids)
    return _export(source, out, ids, overwrite=overwrite)


def read_rle(path: Path, shape: Zyx, *, name: str | None = None) -> NDArray[np.uint8]:
    """Read a table of run lengths back: 1 for vessel and 0 elsewhere.

    Parameters
    ----------
    path
        The table; rows are slices in order.
    shape
        Of the mask, zyx.
    name
        Take only the rows whose id is ``<name>_…``, where a table holds several volumes.

    Raises
    ------
    ReadError
        If it is no such table, has not as many rows as slices, or a run lies
        outside its slice; the message names the row.
    """
    mask = np.zeros(shape, np.uint8)
    count = 0
    for slice_id, runs in _rows(path):
        if name is not None and slice_id.rpartition("_")[0] != name:
            continue
        if count < shape[0]:
            mask[count] = _decoded(path, slice_id, runs, (shape[1], shape[2]))
        count += 1
    if count != shape[0]:
        raise ReadError(f"{path} has {count} slices: expected {shape[0]}.")
    return mask


def encode_runs(mask: NDArray[np.generic]) -> str:
    """Write a slice as run lengths.

    >>> encode_runs(np.array([[0, 1, 1], [1, 0, 1]])), encode_runs(np.zeros((2, 2)))
    ('2 3 6 1', '1 0')
    """
    flat = np.zeros(mask.size + 2, bool)
    flat[1:-1] = mask.ravel() != 0
    edges = np.flatnonzero(flat[1:] != flat[:-1])  # starts and ends take turns
    if not edges.size:
        return "1 0"
    pairs = np.stack([edges[::2] + 1, edges[1::2] - edges[::2]], axis=1)
    return " ".join(map(str, pairs.ravel().tolist()))


def decode_runs(runs: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Read a slice from run lengths.

    Raises
    ------
    ReadError
        If they are no pairs of whole numbers, or overlap, or leave the slice.

    Examples
    --------
    >>> decode_runs("2 3 6 1", (2, 3)).tolist()
    [[0, 1, 1], [1, 0, 1]]
    """
    size = shape[0] * shape[1]
    if not re.fullmatch(r"\d+ \d+( \d+ \d+)*", runs, re.ASCII):
        raise ReadError(f"{runs[:40]!r} is no list of starts and lengths")
    numbers = [int(word) for word in runs.split(" ")]
    flat = np.zeros(size, np.uint8)
    end = 1
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        if start < end or start - 1 + length > size:
            raise ReadError(f"run {start} {length} overlaps the last or leaves {size} voxels")
        flat[start - 1 : start - 1 + length] = 1
        end = start + length
    return flat.reshape(shape)


def _export(
    source: MaskSource, out: Path, ids: list[str], *, overwrite: bool
) -> Iterator[ExportProgress]:
    total = len(ids) + 1
    digest, witness = sha256(), Witness(source)
    with file_beside(out, overwrite=overwrite) as beside:
        with beside.open("wb") as file:
            for index, row in enumerate(_table(witness.source, ids)):
                digest.update(row)
                file.write(row)
                if index:  # the first is the header
                    yield ExportProgress(index, total)
        with beside.open("rb") as file:
            if file_digest(file, "sha256").digest() != digest.digest():
                raise WriteError(f"{out} does not come back as it was written: check the disk.")
    document = {**source.document, "sha256": digest.hexdigest()}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_atomically(out.with_name(out.name + ".recipe.json"), text.encode())
    write_crate(crate_path(out, folder=False), source, witness.sum, form="rle", part=out.name)
    yield ExportProgress(total, total)


def _table(source: MaskSource, ids: list[str]) -> Iterator[bytes]:
    yield f"{_HEADER}\n".encode()
    for first, slab in source.slabs():
        for index, page in enumerate(slab, start=first):
            yield f"{_quoted(ids[index])},{encode_runs(page)}\n".encode()


def _quoted(slice_id: str) -> str:
    line = StringIO()
    if _FORMULA.match(slice_id):
        csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="").writerow(["'" + slice_id])
    else:
        csv.writer(line, lineterminator="").writerow([slice_id])
    return line.getvalue()


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline().rstrip("\r\n")
            if header != _HEADER:
                raise ReadError(f"{path} begins with {header[:40]!r}: expected {_HEADER!r}.")
            for line in file:
                # By hand: the csv module refuses fields above 131,072 characters.
                quoted, _, runs = line.rstrip("\r\n").rpartition(",")
                yield _unquoted(quoted), runs.strip('"')
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReadError(f"{path} is no table of run lengths: {error}") from error


def _unquoted(quoted: str) -> str:
    fields = next(csv.reader([quoted]), [""])
    slice_id = fields[0] if fields else ""
    return slice_id[1:] if slice_id.startswith("'") and _FORMULA.match(slice_id) else slice_id


def _decoded(path: Path, slice_id: str, runs: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    try:
        return decode_runs(runs, shape)
    except ReadError as error:
        raise ReadError(f"{path}: slice {slice_id!r}: {error}.") from error
