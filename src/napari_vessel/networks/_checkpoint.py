"""Checkpoints: a folder with weights (safetensors) and a card. Imports no torch to open one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from napari_vessel.errors import CheckpointError
from napari_vessel.networks._card import CARD, CheckpointCard, read_card

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["WEIGHTS", "Checkpoint", "starter"]

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A network's weights on disk, with all that is needed to use them.

    Made by :meth:`open` or ``save_checkpoint``, which verify it.
    """

    path: Path
    card: CheckpointCard

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self.path / WEIGHTS

    @classmethod
    def open(cls, path: str | Path) -> Checkpoint:
        """Open the checkpoint in folder ``path``: check its card and its weights' sha256.

        Raises
        ------
        CheckpointError
            Naming the file that is missing, cut or changed, and the field.
        """
        folder = Path(path).absolute()
        checkpoint = cls(folder, read_card(folder))
        checkpoint.read_weights()
        return checkpoint

    def load(self, device: str | torch.device = "cpu") -> nn.Module:
        """Return the network with its weights in float32, in eval mode, on ``device``.

        Raises
        ------
        CheckpointError
            Where a weight is missing, unknown, or of another shape than the card says.
        """
        from napari_vessel.networks._weights import load_network  # brings torch

        return load_network(self, device)

    def read_weights(self) -> bytes:
        """Return the weights file, once its check sum has been found right."""
        try:
            content = self.weights.read_bytes()
        except OSError as error:
            raise CheckpointError(
                f"{self.weights}: the weights cannot be read ({error.strerror})."
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.card.sha256:
            raise CheckpointError(
                f"{self.weights} is damaged: its {len(content)} bytes have sha256 {found[:12]}…, "
                f"the card's field 'sha256' says {self.card.sha256[:12] or 'nothing'}…. "
                "Use another checkpoint, or a copy of this one."
            )
        return content


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
