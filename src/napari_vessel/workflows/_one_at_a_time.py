"""A network on a GPU that several threads share."""

from __future__ import annotations

from threading import Lock

import torch
from torch import nn


class OneAtATime(nn.Module):
    """Let one batch at a time through, so that a worker's threads do not fill the GPU together.

    They still read, blend and write beside each other.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._lock = Lock()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Run a batch through the network."""
        with self._lock:
            logits: torch.Tensor = self.network(images)
            return logits
