"""A layer's scale in micrometres."""

from __future__ import annotations

from collections.abc import Iterable

from napari_vessel.errors import CallerError
from napari_vessel.geometry import VoxelSize

__all__ = ["micrometres"]


def micrometres(scale: Iterable[float] | None, units: Iterable[object] | None) -> VoxelSize | None:
    """Return a layer's scale as a voxel size; None where it is in no unit of length.

    Parameters
    ----------
    scale
        The layer's scale, three axes zyx.
    units
        The layer's pint units, or their names.
    """
    from pint import DimensionalityError, UndefinedUnitError, get_application_registry

    if scale is None or units is None:
        return None
    registry = get_application_registry()  # type: ignore[no-untyped-call]  # pint's
    try:
        factors = [registry.Quantity(1, str(unit)).to("um").magnitude for unit in units]
        z, y, x = (abs(float(s) * f) for s, f in zip(scale, factors, strict=True))
        return VoxelSize(z, y, x)
    except (DimensionalityError, UndefinedUnitError, CallerError, ValueError, TypeError):
        return None
