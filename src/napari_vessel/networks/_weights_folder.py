"""A folder with weights and a sealed card, of whichever kind. Imports no torch to open one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, Self, TypeVar

from napari_vessel.errors import CheckpointError
from napari_vessel.networks._sealed_card import Card, read_sealed

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["WEIGHTS", "WeightsFolder"]

WEIGHTS = "model.safetensors"
C_co = TypeVar("C_co", bound=Card, covariant=True)


@dataclass(frozen=True)
class WeightsFolder(Generic[C_co]):
    """A network's weights on disk, with all that is needed to use them.

    Made by :meth:`open` or ``save_checkpoint``, which verify it.
    """

    card_model: ClassVar[type[Card]]

    path: Path
    card: C_co

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self.path / WEIGHTS

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the checkpoint in folder ``path``: check its card and its weights' sha256.

        Raises
        ------
        CheckpointError
            Naming the file that is missing, cut or changed, and the field; or saying that it is
            of another kind of network.
        """
        folder = Path(path).absolute()
        checkpoint = cls(folder, read_sealed(folder, cls.card_model))  # type: ignore[arg-type]
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
