"""An attribution as files: voxels with their place and provenance, and a picture."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.errors import ExportError, OutputExistsError
from napari_vessel.geometry import Box
from napari_vessel.volumes import StoreSpec, create_store, write_atomically
from napari_vessel.workflows._explain_figure import picture_of
from napari_vessel.workflows._explain_words import Explain, ExplainClass, Explained

__all__ = ["check_output", "write_explained"]

_ZARR = (".ome.zarr", ".zarr")
_TIFF = (".tif", ".tiff")
_SUFFIXES = (*_ZARR, *_TIFF, ".npy", ".png")


def check_output(request: Explain | ExplainClass) -> None:
    """Refuse now what could not be written later.

    Raises
    ------
    ExportError
        The name says no format that is known.
    OutputExistsError
        Something stands there.
    """
    if request.out is None:
        return
    if not request.out.name.lower().endswith(_SUFFIXES):
        raise ExportError(
            f"{request.out}: its name says no format; let it end in {', '.join(_SUFFIXES)}."
        )
    for path in _paths(request.out, figure=request.figure):
        if os.path.lexists(path) and not request.overwrite:
            raise OutputExistsError(f"{path} exists already: overwrite it, or name another place.")


def write_explained(
    found: Explained, out: Path | None = None, *, overwrite: bool = False
) -> Explained:
    """Write what was asked to be written, or all at ``out``; return the same with the paths.

    Raises
    ------
    ExportError, OutputExistsError
        It cannot be written at ``out``.
    WriteError
        The disk refuses.
    """
    if out is not None:
        asked = replace(found.question, out=out, overwrite=overwrite)
        check_output(asked)
        found = replace(found, question=asked)
    out = found.question.out
    if out is None:
        return found
    suffix = _suffix(out)
    if suffix != ".png":
        _WRITERS[suffix](out, found)
    if found.question.figure or suffix == ".png":
        write_atomically(_beside(out, ".png"), picture_of(found))
    if suffix not in _ZARR:
        write_atomically(_beside(out, ".json"), _document(found).encode())
    return replace(found, paths=_paths(out, figure=found.question.figure))


def _paths(out: Path, *, figure: bool) -> tuple[Path, ...]:
    """Return what is written for ``out``: it, its picture, and its provenance beside it."""
    suffix = _suffix(out)
    paths = [out]
    if figure and suffix != ".png":
        paths.append(_beside(out, ".png"))
    if suffix not in _ZARR:
        paths.append(_beside(out, ".json"))
    return tuple(paths)


def _suffix(out: Path) -> str:
    return next(end for end in _SUFFIXES if out.name.lower().endswith(end))


def _beside(out: Path, suffix: str) -> Path:
    return out.with_name(out.name[: -len(_suffix(out))] + suffix)


def _document(found: Explained) -> str:
    facts = found.facts | {
        "title": found.title,
        "sentence": found.sentence,
        "shape_zyx": list(found.values.shape),
        "origin_um": list(found.origin_um),
    }
    return json.dumps(facts, indent=2, allow_nan=False) + "\n"


def _write_npy(out: Path, found: Explained) -> None:
    content = io.BytesIO()
    np.save(content, _stacked(found), allow_pickle=False)
    write_atomically(out, content.getvalue())


def _write_tiff(out: Path, found: Explained) -> None:
    import tifffile

    z, y, x = found.voxel_size.zyx
    axes = "ZYX" if found.channels is None else "CYX"
    told = {"axes": axes, "spacing": z, "unit": "um", "Info": _document(found)}

    def write(path: Path) -> None:
        tifffile.imwrite(
            path,
            _stacked(found),
            imagej=True,
            resolution=(1 / x, 1 / y),
            metadata=told,
        )

    write_atomically(out, write)


def _write_zarr(out: Path, found: Explained) -> None:
    """Write attribution, image and target; each can be opened as a layer in its place."""
    arrays = {
        "attribution": found.values,
        "image": found.image,
        "target": found.target,
    }
    spec = StoreSpec(
        shape=found.box.shape,
        voxel_size=found.voxel_size,
        origin_um=found.origin_um,
        chunk=_chunk(found.box),
        arrays=tuple(arrays),
        dtype="float32",
        coarsening="mean",
        attrs=json.loads(_document(found)),
    )
    store = create_store(out, spec, overwrite=found.question.overwrite)
    whole = Box.of(found.box.shape)
    for name, values in arrays.items():
        for cell in whole.cells(store.unit):
            store.write(name, cell, values[cell.slices].astype(np.float32))
    store.finish()


def _chunk(box: Box) -> tuple[int, int, int]:
    z, y, x = (min(edge, most) for edge, most in zip(box.shape, (16, 256, 256), strict=True))
    return z, y, x


def _stacked(found: Explained) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the values, by channel where there are several."""
    several = found.channels is not None and len(found.channels) > 1
    return found.channels if several and found.channels is not None else found.values


_WRITERS: dict[str, Callable[[Path, Explained], None]] = {
    **dict.fromkeys(_ZARR, _write_zarr),
    **dict.fromkeys(_TIFF, _write_tiff),
    ".npy": _write_npy,
}
