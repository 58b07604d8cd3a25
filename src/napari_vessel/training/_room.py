"""When memory runs out in training: the batch in parts, the recipe the same."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from napari_vessel.errors import DeviceMemoryError, Offer
from napari_vessel.networks import memory_explained

__all__ = ["Room", "RoomWords"]

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class RoomWords:
    """How messages name what is trained on, and the option that makes it smaller."""

    called: str = "patches"
    option: str = "patch"
    multiple_of: int = 32  # px


class Room:
    """How many patches of a batch a device has room for at a time; found when it runs out.

    A batch in parts goes through the network part by part, keeping logits only; the loss, which
    may be a ratio of sums over the whole batch, is of all of them; and backward, each part goes
    through again (Chen et al. 2016, arXiv:1604.06174). So the gradient is that of the whole
    batch, but for rounding, at a third more time. Only batch normalisation that is trained
    (``keep_statistics`` off) sees parts instead.

    Attributes
    ----------
    most
        Patches at a time; None: there was room for every batch so far.
    """

    def __init__(self, words: RoomWords = RoomWords()) -> None:
        self.most: int | None = None
        self._words = words

    def logits(self, network: nn.Module, images: Tensor) -> Tensor:
        """Run images through the network, in as many parts as there is room for."""
        if self.most is None or self.most >= len(images):
            whole: Tensor = network(images)
            return whole
        parts = [
            checkpoint(network, part, use_reentrant=False)
            for part in torch.split(images, self.most)
        ]
        return torch.cat(parts)

    def attempt(self, work: Callable[[], T], *, count: int, patch: int, device: torch.device) -> T:
        """Do ``work``, anew with half as many patches at a time as long as memory runs out.

        Each attempt begins with the same random numbers.

        Parameters
        ----------
        work
            One step's forward and backward pass, by :meth:`logits`.
        count, patch
            Patches of the batch, and their edge in pixels.
        device
            Where.

        Raises
        ------
        DeviceMemoryError
            There is no room for a single patch; its ``offers`` say what would do.
        """
        random = _random(device)
        while True:
            try:
                with memory_explained(tile=patch, batch=min(self.most or count, count)):
                    return work()
            except DeviceMemoryError as error:
                now = min(self.most or count, count)
                if now == 1:
                    raise _no_room(device, patch, self._words) from error
                self.most = now // 2
                _log.warning(
                    "%s has no room for %d %s at a time: they go in parts of %d. "
                    "What is learned stays the same.",
                    *(device, now, self._words.called, self.most),
                )
            _restore(random, device)
            if device.type == "cuda":
                torch.cuda.empty_cache()


def _no_room(device: torch.device, patch: int, words: RoomWords = RoomWords()) -> DeviceMemoryError:
    """Say that not even one patch fits, and what would do: another recipe."""
    half = patch // 2 // words.multiple_of * words.multiple_of
    smaller = Offer(f"smaller {words.called} of {half}²", {words.option: half})
    offers = [smaller] if half else []
    if device.type != "cpu":
        offers.append(Offer("the CPU", {"device": "cpu"}))
    ways = " or ".join(offer.label for offer in offers) or "more memory"
    return DeviceMemoryError(
        f"No room on {device} to train on {words.called} of {patch} × {patch} pixels, even one at "
        f"a time: train with "
        f"{ways}. That is another recipe: what is learned differs a little.",
        tuple(offers),
    )


def _random(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def _restore(states: list[Tensor], device: torch.device) -> None:
    torch.set_rng_state(states[0])
    if len(states) > 1:
        torch.cuda.set_rng_state(states[1], device)
