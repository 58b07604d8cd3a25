"""Write OME-Zarr as others do: zarr for the arrays, yaozarrs for the metadata."""

import numpy as np
import zarr
from yaozarrs import v04, v05


def pyramid(data, levels, spatial):
    """Return levels by plain subsampling of the spatial axes."""
    step = [lambda k: slice(None), lambda k: slice(None, None, 2**k)]
    return [data[tuple(step[a in spatial](k) for a in range(data.ndim))] for k in range(levels)]


def write_ome_zarr(
    path, data, *, version="0.5", axes="zyx", scale=None, unit="micrometer", levels=2,
    chunks=None, extra=None, translation=None, outer=None, **kw,
):  # fmt: skip
    """Write ``data`` with axes named in stored order; returns the path."""
    group = zarr.open_group(path, mode="w", zarr_format=3 if version == "0.5" else 2)
    spatial = [i for i, a in enumerate(axes) if a in "zyx"]
    scale = scale or [1.0] * len(axes)
    datasets = []
    for k, level in enumerate(pyramid(data, levels, spatial)):
        edges = tuple(min(n, 16) for n in level.shape) if chunks is None else chunks
        array = group.create_array(str(k), shape=level.shape, chunks=edges, dtype=level.dtype, **kw)
        array[...] = level
        steps = [s * (2**k if i in spatial else 1) for i, s in enumerate(scale)]
        transformations = [{"type": "scale", "scale": steps}]
        if translation:
            transformations.append({"type": "translation", "translation": translation})
        datasets.append({"path": str(k), "coordinateTransformations": transformations})
    types = {"t": "time", "c": "channel"}
    named = [{"name": a, "type": types.get(a, "space")} for a in axes]
    for axis in named:
        if axis["type"] == "space" and unit:
            axis["unit"] = unit
    scales = {"axes": named, "datasets": datasets}
    if outer:
        scales["coordinateTransformations"] = outer
    if version == "0.5":
        v05.Image.model_validate({"version": "0.5", "multiscales": [scales]})
        group.attrs["ome"] = {"version": "0.5", "multiscales": [scales], **(extra or {})}
    else:
        scales["version"] = "0.4"
        v04.Image.model_validate({"multiscales": [scales]})
        group.attrs.update({"multiscales": [scales], **(extra or {})})
    return path


def voxels(shape=(11, 37, 29), dtype="u2"):
    return np.random.default_rng(7).integers(0, 2**16, shape).astype(dtype)
