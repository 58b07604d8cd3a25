"""Checkpoints as a person names them."""

from __future__ import annotations

from pathlib import Path

from napari_vessel.networks import Checkpoint, starter


def checkpoint_of(name: str) -> Checkpoint:
    """Open the starter, or the checkpoint in a folder."""
    return starter() if name == "starter" else Checkpoint.open(Path(name))
