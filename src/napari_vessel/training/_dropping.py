"""Dropout where a network has none of its own: on what its last layer sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.functional import dropout2d

from napari_vessel.errors import CallerError

__all__ = ["dropping", "head_of"]


def head_of(network: nn.Module) -> nn.Module:
    """Return the layer that makes logits of features.

    Raises
    ------
    CallerError
        The network has none by that name.
    """
    head = getattr(network, "segmentation_head", None)
    if not isinstance(head, nn.Module):
        raise CallerError(
            f"dropout: {type(network).__name__} has no segmentation_head; leave dropout out."
        )
    return head


@contextmanager
def dropping(network: nn.Module, share: float) -> Iterator[None]:
    """Leave out a share of the features, whole channels at random, before the last layer.

    The network itself stays as it is: nothing of it is kept in a checkpoint.
    """
    if not share:
        yield
        return

    def drop(_layer: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (dropout2d(given[0], share), *given[1:])

    handle = head_of(network).register_forward_pre_hook(drop)
    try:
        yield
    finally:
        handle.remove()
