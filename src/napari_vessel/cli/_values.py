"""Results as JSON, or as lines a person reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from math import isfinite
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from napari_vessel.geometry import Box

_UNITS = {"um": " (µm)", "gb": " (GB)", "minutes": " (minutes)"}


def report(values: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result: one JSON object, or a line per value."""
    plain = {key: jsonable(value) for key, value in values.items()}
    if as_json:
        typer.echo(json.dumps(plain, allow_nan=False))
        return
    lines = {_label(key): _readable(value) for key, value in plain.items()}
    width = max(map(len, lines), default=0)
    for label, text in lines.items():
        typer.echo(f"{label:{width}}  {text}")


def jsonable(value: Any) -> Any:  # noqa: ANN401  any value there is
    """Turn a result's value into what JSON knows; a number it does not know becomes null.

    >>> jsonable((Box((0, 0, 0), (1, 2, 3)), Path("mask.ome.zarr"), float("nan")))
    ['0:1,0:2,0:3', 'mask.ome.zarr', None]
    """
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [jsonable(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type | Box):
        return {f.name: jsonable(getattr(value, f.name)) for f in fields(value)}
    return _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401  any value there is
    if isinstance(value, Box | Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def _label(key: str) -> str:
    """Write a key as words, its unit in brackets.

    >>> _label("voxel_size_um"), _label("prediction_memory_gb")
    ('voxel size (µm)', 'prediction memory (GB)')
    """
    name, _, last = key.rpartition("_")
    return f"{name if last in _UNITS else key}".replace("_", " ") + _UNITS.get(last, "")


def _readable(value: Any) -> str:  # noqa: ANN401  any JSON value
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, list):
        between = "; " if any(isinstance(item, list) for item in value) else ", "
        return between.join(_readable(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_readable(item)}" for key, item in value.items()) or "none"
    return str(value)
