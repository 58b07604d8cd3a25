"""OME-Zarr metadata, 0.4 and 0.5: which arrays, which axes, which size."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from napari_vessel.errors import CallerError, UnsupportedVolumeError
from napari_vessel.geometry import VoxelSize
from napari_vessel.volumes._source import Factors
from napari_vessel.volumes._units import micrometres

if TYPE_CHECKING:
    from yaozarrs import v04, v05

__all__ = ["Multiscale", "Placement", "multiscale_of"]


@dataclass(frozen=True)
class Placement:
    """Where the voxels of one level lie: all transformations multiplied, stored axis order."""

    path: str
    scale: tuple[float, ...]
    translation: tuple[float, ...]


@dataclass(frozen=True)
class Multiscale:
    """The levels of an image, finest first.

    Attributes
    ----------
    axes
        Names in stored order.
    units
        The unit of each axis in µm, None where it has none.
    """

    axes: tuple[str, ...]
    units: tuple[float | None, ...]
    levels: tuple[Placement, ...]

    def placed(self, zyx: tuple[int, int, int], uri: str) -> Placed:
        """Turn transformations into micrometres, zyx."""
        units = [self.units[axis] for axis in zyx]
        known = None not in units
        lengths = [unit if known and unit is not None else 1.0 for unit in units]
        edges = [
            [level.scale[axis] * length for axis, length in zip(zyx, lengths, strict=True)]
            for level in self.levels
        ]
        try:
            voxel_size = VoxelSize(*edges[0])
        except CallerError as error:
            message = f"{uri}: {error}"
            raise UnsupportedVolumeError(message) from error
        ratios = [tuple(e / f for e, f in zip(edge, edges[0], strict=True)) for edge in edges]
        first = self.levels[0].translation
        z, y, x = (first[axis] * length for axis, length in zip(zyx, lengths, strict=True))
        return Placed(voxel_size, known, tuple((a, b, c) for a, b, c in ratios), (z, y, x))


@dataclass(frozen=True)
class Placed:
    """Voxel size, whether its unit is known, factors of the levels, and origin; zyx."""

    voxel_size: VoxelSize
    known: bool
    factors: tuple[Factors, ...]
    origin_um: tuple[float, float, float]


def multiscale_of(attributes: dict[str, Any], uri: str) -> Multiscale | None:
    """Read the first image that a group's attributes describe; None where there is none.

    Raises
    ------
    UnsupportedVolumeError
        If the metadata does not follow OME-Zarr 0.4 or 0.5.
    """
    ome = attributes.get("ome")
    found = ome if isinstance(ome, dict) else attributes
    if "multiscales" not in found:
        return None
    image = _validated(found, uri, current=isinstance(ome, dict))
    multiscale = image.multiscales[0]
    axes = tuple(axis.name for axis in multiscale.axes)
    units = tuple(micrometres(getattr(axis, "unit", None)) for axis in multiscale.axes)
    outer = multiscale.coordinateTransformations or []
    levels = tuple(
        _placement(dataset.path, [*dataset.coordinateTransformations, *outer], len(axes))
        for dataset in multiscale.datasets
    )
    return Multiscale(axes, units, levels)


def _validated(found: dict[str, Any], uri: str, *, current: bool) -> v04.Image | v05.Image:
    from yaozarrs import v04, v05

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what SHOULD be; what it MUST be is an error
            model = v05.Image if current else v04.Image
            return model.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        version = found.get("version") or _version(found)
        message = (
            f"{uri}: its OME-Zarr metadata ({version or 'no version'}) cannot be used: "
            f"{where}: {first['msg']:.200}. Expected version 0.4 or 0.5."
        )
        raise UnsupportedVolumeError(message.replace("\n", " ")) from error


def _version(found: dict[str, Any]) -> object:
    scales = found["multiscales"]
    first = scales[0] if isinstance(scales, list) and scales else None
    return first.get("version") if isinstance(first, dict) else None


def _placement(path: str, transformations: list[Any], axes: int) -> Placement:
    """Apply one transformation after another to the identity."""
    scale, translation = np.ones(axes), np.zeros(axes)
    for step in transformations:
        if step.type == "scale":
            scale, translation = scale * step.scale, translation * step.scale
        elif step.type == "translation":
            translation = translation + step.translation
    return Placement(path, tuple(scale.tolist()), tuple(translation.tolist()))
