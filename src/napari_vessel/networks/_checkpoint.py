"""Checkpoints: a folder with weights (safetensors) and a card. Never pickle."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors
import safetensors.torch as st
import torch

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.networks._build import build_network
from napari_vessel.networks._card import CARD, CheckpointCard, read_card, sealed_text
from napari_vessel.networks._device import prepare
from napari_vessel.volumes._atomic import folder_beside

if TYPE_CHECKING:
    from torch import nn

__all__ = ["WEIGHTS", "Checkpoint", "save_checkpoint", "starter"]

WEIGHTS = "model.safetensors"
_Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """A network's weights on disk, with all that is needed to use them.

    Made by :meth:`open` or :func:`save_checkpoint`, which verify it.
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
        tensors = self._tensors()
        # Weights follow, so there is nothing to download.
        config = self.card.network.model_copy(update={"pretrained": False})
        try:
            network = build_network(config)
        except CallerError as error:
            raise CheckpointError(f"{self.path / CARD}: field 'network': {error}") from error
        _refuse_mismatch(self.weights, network.state_dict(), tensors)
        network.load_state_dict({name: _widened(t) for name, t in tensors.items()}, strict=True)
        return prepare(network, torch.device(device))

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

    def _tensors(self) -> _Tensors:
        try:
            return st.load(self.read_weights())
        except (safetensors.SafetensorError, ValueError, KeyError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(f"{self.weights} holds no safetensors: {error}.") from error


def save_checkpoint(
    folder: Path, module: nn.Module, card: CheckpointCard, *, half: bool = False
) -> Checkpoint:
    """Save a network as a new checkpoint: the folder is whole, or it is not there.

    Parameters
    ----------
    folder
        Where the checkpoint will be; its name becomes the checkpoint's id.
    module
        The network that ``card.network`` describes.
    card
        Its card; the check sums are filled in here.
    half
        Store the weights in 16 bits, and running statistics as they are: half the size,
        and the same mask within rounding.

    Raises
    ------
    OutputExistsError
        Where something already stands at ``folder``.
    CheckpointError
        Where a weight is not finite, or does not belong to ``card.network``.
    WriteError
        Where the disk refuses.
    """
    tensors = _stored(module, half=half)
    content = st.save(tensors)
    sealed = card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    with folder_beside(folder) as beside:
        (beside / WEIGHTS).write_bytes(content)
        (beside / CARD).write_text(sealed_text(sealed), encoding="utf-8")
        Checkpoint.open(beside).load()  # what was written is what a reader gets
    return Checkpoint.open(folder)


def _stored(module: nn.Module, *, half: bool) -> _Tensors:
    """Return a network's state on the CPU, refusing what is not finite."""
    parameters = {name for name, _ in module.named_parameters()}
    tensors = {}
    for name, value in module.state_dict().items():
        narrow = half and name in parameters
        tensor = value.detach().to("cpu", torch.float16 if narrow else value.dtype).contiguous()
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"Weight {name} is not finite: such a network is not kept.")
        tensors[name] = tensor
    return tensors


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _refuse_mismatch(path: Path, expected: _Tensors, found: _Tensors) -> None:
    """Raise where names or shapes of weights differ from the network's."""
    missing, unknown = sorted(expected.keys() - found), sorted(found.keys() - expected)
    odd = [
        f"{name} {tuple(found[name].shape)} for {tuple(expected[name].shape)}"
        for name in sorted(expected.keys() & found)
        if found[name].shape != expected[name].shape
    ]
    for what, names in (("missing", missing), ("unknown", unknown), ("of another shape", odd)):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise CheckpointError(
                f"{path} does not fit the network its card describes: "
                f"{what}: {', '.join(names[:3])}{more}."
            )


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
