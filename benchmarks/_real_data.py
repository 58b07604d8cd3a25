"""Where the real volumes lie, and what of them to leave out."""

from __future__ import annotations

import os
from pathlib import Path

FRAME = 2  # px: the outermost ring of the HiP-CT patches is touched by a plot's frame


def data_folder() -> Path:
    """Return where the real volumes lie."""
    root = Path(__file__).resolve().parent.parent
    return Path(os.environ.get("NAPARI_VESSEL_DATA", root.parent / "shared" / "data"))
