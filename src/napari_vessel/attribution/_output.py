"""A network's output as the one number for each image that is explained."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from napari_vessel.attribution._target import ClassTarget, Target
from napari_vessel.errors import CallerError, CheckpointError

__all__ = ["Explained", "log_odds_of"]


class Explained(nn.Module):
    """From images (N, C, H, W) to (N,) log odds of what is asked; tells each batch it runs.

    Parameters
    ----------
    network
        In eval mode, on the images' device.
    target
        What is explained.
    tell
        Called with the number of images before each batch.
    """

    def __init__(self, network: nn.Module, target: Target, tell: Callable[[int], None]) -> None:
        super().__init__()
        self.network = network
        self._target, self._tell = target, tell

    def forward(self, images: Tensor) -> Tensor:
        """Return the log odds of each image, negative for "why not?"."""
        self._tell(len(images))
        odds = log_odds_of(self.network(images).float(), self._target, images)
        return -odds if self._target.question == "not_here" else odds


def log_odds_of(logits: Tensor, target: Target, images: Tensor) -> Tensor:
    """Return (N,) log odds of a target, whatever the question.

    Raises
    ------
    CallerError
        The target does not fit what the network gives.
    CheckpointError
        It gave NaN.
    """
    if not torch.isfinite(logits).all():
        raise CheckpointError(
            "The network gave NaN or infinity: the checkpoint is damaged; use another."
        )
    if isinstance(target, ClassTarget):
        return _of_class(logits, target.index)
    expected = (len(images), 1, *target.mask.shape)
    if tuple(logits.shape) != expected:
        raise CallerError(
            f"The network gave {tuple(logits.shape)}, expected logits {expected}: a place can be "
            "explained of a segmentation network only."
        )
    where = torch.from_numpy(target.mask).to(logits.device)
    return logits[:, 0][:, where].mean(dim=1)


def _of_class(logits: Tensor, index: int) -> Tensor:
    """Return logit less the log of the sum of the others' odds: softmax's own log odds."""
    if logits.ndim != 2 or not 0 <= index < logits.shape[1] or logits.shape[1] < 2:
        raise CallerError(
            f"Class {index} of an output {tuple(logits.shape)}: expected (N, K) logits of a "
            "classifier and a class below K."
        )
    others = torch.cat([logits[:, :index], logits[:, index + 1 :]], dim=1)
    return logits[:, index] - others.logsumexp(dim=1)
