"""Checkpoints as a person names them."""

from __future__ import annotations

from pathlib import Path

from napari_vessel.networks import Checkpoint, check_fits, starter
from napari_vessel.project import Project

_CHANNELS = 1  # a volume shows the network one channel


def checkpoint_of(name: str) -> Checkpoint:
    """Open the starter, or the checkpoint in a folder.

    Raises
    ------
    CheckpointError
        It is not there, damaged, or for images of several channels.
    """
    return _fitting(starter() if name == "starter" else Checkpoint.open(Path(name)))


def checkpoint_in(project: Project, name: str | None = None) -> Checkpoint:
    """Open a project's checkpoint, by default the one in use.

    Raises
    ------
    CheckpointError
        It is not there, damaged, or for images of several channels.
    """
    return _fitting(project.open_checkpoint(name))


def _fitting(checkpoint: Checkpoint) -> Checkpoint:
    check_fits(checkpoint.card, channels=_CHANNELS)
    return checkpoint
