"""Units of length, as image files spell them, in micrometres."""

from __future__ import annotations

__all__ = ["micrometres"]

_UM = {
    "yoctometer": 1e-18, "zeptometer": 1e-15, "attometer": 1e-12, "femtometer": 1e-9,
    "picometer": 1e-6, "angstrom": 1e-4, "nanometer": 1e-3, "micrometer": 1.0,
    "millimeter": 1e3, "centimeter": 1e4, "decimeter": 1e5, "meter": 1e6, "kilometer": 1e9,
    "inch": 25_400.0, "foot": 304_800.0, "yard": 914_400.0,
}  # fmt: skip
_SHORT = {
    "pm": "picometer", "å": "angstrom", "nm": "nanometer", "um": "micrometer",
    "micron": "micrometer", "microns": "micrometer", "mm": "millimeter", "cm": "centimeter",
    "m": "meter", "in": "inch", "ft": "foot",
}  # fmt: skip


def micrometres(unit: str | None) -> float | None:
    """Return the length of ``unit`` in µm, or None where there is none or it is not known.

    Examples
    --------
    >>> micrometres("nanometer"), micrometres("µm"), micrometres("pixel")
    (0.001, 1.0, None)
    """
    if unit is None:
        return None
    name = unit.strip().replace("\\u00B5", "u").replace("µ", "u").replace("μ", "u")
    name = name.lower().replace("metre", "meter")
    return _UM.get(_SHORT.get(name, name.removesuffix("s")), _UM.get(_SHORT.get(name, name)))
