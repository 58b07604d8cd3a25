"""Weights in and out: safetensors to networks and back. Never pickle."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import overload

import safetensors
import safetensors.torch as st
import torch
from torch import nn

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.networks._build import build_network
from napari_vessel.networks._card import CheckpointCard
from napari_vessel.networks._checkpoint import Checkpoint
from napari_vessel.networks._classifier import build_classifier
from napari_vessel.networks._classifier_card import ClassifierCard
from napari_vessel.networks._classifier_checkpoint import ClassifierCheckpoint
from napari_vessel.networks._device import prepare
from napari_vessel.networks._sealed_card import CARD, Card, sealed_text
from napari_vessel.networks._weights_folder import WEIGHTS, WeightsFolder
from napari_vessel.volumes import folder_beside

__all__ = ["load_network", "save_checkpoint", "weights_sha256"]

_Tensors = dict[str, torch.Tensor]


def load_network(checkpoint: WeightsFolder[Card], device: str | torch.device) -> nn.Module:
    """Build the network of ``checkpoint`` with its weights; see :meth:`WeightsFolder.load`."""
    tensors = _tensors(checkpoint)
    try:
        network = _built(checkpoint.card)
    except CallerError as error:
        raise CheckpointError(f"{checkpoint.path / CARD}: field 'network': {error}") from error
    _refuse_mismatch(checkpoint.weights, network.state_dict(), tensors)
    network.load_state_dict({name: _widened(t) for name, t in tensors.items()}, strict=True)
    return prepare(network, torch.device(device))


def _built(card: Card) -> nn.Module:
    """Make the network that a card describes; weights follow: there is nothing to download."""
    here = {"pretrained": False}
    match card:
        case CheckpointCard():
            return build_network(card.network.model_copy(update=here))
        case ClassifierCard():
            return build_classifier(card.network.model_copy(update=here))
    raise TypeError(f"no network is known for a {type(card).__name__}")


def _tensors(checkpoint: WeightsFolder[Card]) -> _Tensors:
    content = checkpoint.read_weights()
    try:
        return st.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{checkpoint.weights} holds no safetensors: {error}.") from error


@overload
def save_checkpoint(
    folder: Path, module: nn.Module, card: CheckpointCard, *, half: bool = False
) -> Checkpoint: ...
@overload
def save_checkpoint(
    folder: Path, module: nn.Module, card: ClassifierCard, *, half: bool = False
) -> ClassifierCheckpoint: ...
def save_checkpoint(
    folder: Path,
    module: nn.Module,
    card: CheckpointCard | ClassifierCard,
    *,
    half: bool = False,
) -> Checkpoint | ClassifierCheckpoint:
    """Save a network as a new checkpoint: the folder is whole, or it is not there.

    Parameters
    ----------
    folder
        Where the checkpoint will be; its name becomes the checkpoint's id.
    module
        The network that ``card.network`` describes.
    card
        Its card, of either kind; the check sums are filled in here.
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
    kind = Checkpoint if isinstance(card, CheckpointCard) else ClassifierCheckpoint
    sealed = card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    with folder_beside(folder) as beside:
        (beside / WEIGHTS).write_bytes(content)
        (beside / CARD).write_text(sealed_text(sealed), encoding="utf-8")
        kind.open(beside).load()  # what was written is what a reader gets
    return kind.open(folder)


def weights_sha256(module: nn.Module) -> str:
    """Return the check sum that the card of ``module`` would hold, saved in full precision.

    Raises
    ------
    CheckpointError
        Where a weight is not finite.
    """
    return hashlib.sha256(st.save(_stored(module, half=False))).hexdigest()


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
