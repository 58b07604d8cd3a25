"""Checkpoints: a folder with weights (safetensors) and a card. Imports no torch to open one."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import ClassVar

from napari_vessel.errors import CheckpointError
from napari_vessel.networks._card import CheckpointCard
from napari_vessel.networks._sealed_card import CARD
from napari_vessel.networks._weights_folder import WeightsFolder

__all__ = ["Checkpoint", "starter"]


class Checkpoint(WeightsFolder[CheckpointCard]):
    """The weights of a segmentation network on disk, with all that is needed to use them."""

    card_model: ClassVar = CheckpointCard


def starter() -> Checkpoint:
    """Return the checkpoint that comes with the program.

    Raises
    ------
    CheckpointError
        Where it is missing from the installation, or damaged.
    """
    folder = Path(str(files("napari_vessel.networks") / "starter"))
    if not (folder / CARD).is_file():
        raise CheckpointError(
            f"The bundled starter is missing: expected {folder / CARD}. Reinstall napari-vessel, "
            "or name another checkpoint."
        )
    return Checkpoint.open(folder)
