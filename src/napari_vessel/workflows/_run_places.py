"""The file of a configuration: its values, and its paths, which are relative to its folder."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from napari_vessel.errors import CallerError

__all__ = ["place_of", "read_values"]


def place_of(text: str, folder: Path) -> str:
    """Make a path absolute; addresses stay as they are.

    >>> place_of("s3://bucket/a.zarr", Path("/data")), place_of("/b.tif", Path("/data"))
    ('s3://bucket/a.zarr', '/b.tif')
    """
    return text if "://" in text else str(folder / Path(text).expanduser())


def read_values(path: Path) -> dict[str, Any]:
    """Read the values of a TOML or JSON file.

    Raises
    ------
    CallerError
        There is none, it is neither, or holds no keys.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CallerError(f"{path} cannot be read: {reason}. Expected a .toml or .json.") from error
    try:
        values = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise CallerError(f"{path} cannot be understood: {error}.") from error
    if not isinstance(values, dict):
        raise CallerError(f"{path}: found {values!r:.40}; expected keys and values.")
    return values
