"""Paths of a configuration are relative to the folder that its file lies in."""

from __future__ import annotations

from pathlib import Path


def place_of(text: str, folder: Path) -> str:
    """Make a path absolute; addresses stay as they are.

    >>> place_of("s3://bucket/a.zarr", Path("/data")), place_of("/b.tif", Path("/data"))
    ('s3://bucket/a.zarr', '/b.tif')
    """
    return text if "://" in text else str(folder / Path(text).expanduser())
