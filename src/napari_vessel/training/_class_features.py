"""Features of a backbone that does not learn: computed once an image, not once an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

import torch
from torch import Tensor, nn

from napari_vessel.networks import Classifier
from napari_vessel.training._class_batches import ClassBatch, ClassBatches, Labels

__all__ = ["KeptFeatures", "head_alone_learns"]


def head_alone_learns(network: nn.Module) -> TypeGuard[Classifier]:
    """Tell whether nothing but the head of a classifier learns."""
    return isinstance(network, Classifier) and not any(
        weight.requires_grad for weight in network.backbone.parameters()
    )


class KeptFeatures:
    """The features of images that come again unchanged, by their index; some kB each.

    Parameters
    ----------
    network
        Whose backbone does not learn, on its device.
    """

    def __init__(self, network: Classifier) -> None:
        self._network, self._kept = network, dict[int, Tensor]()

    def of(self, batch: ClassBatch) -> Tensor:
        """Return (n, F) features of a batch, on the network's device."""
        fresh = [row for row, one in enumerate(batch.which) if int(one) not in self._kept]
        device = self._network.mean.device
        if fresh:
            with torch.no_grad():
                found = self._network.features(torch.from_numpy(batch.image[fresh]).to(device))
            self._keep(batch.which[fresh], found)
        return self._stacked(batch.which).to(device)

    def of_all(self, batches: ClassBatches) -> Iterator[Tensor]:
        """Yield the features of batches in order; images are loaded the first time only."""
        known = all(int(one) in self._kept for one in batches.indices)
        if known:
            yield self._stacked(batches.indices).to(self._network.mean.device)
            return
        for batch in batches.in_order():
            yield self.of(batch)

    def _keep(self, index: Labels, found: Tensor) -> None:
        for one, features in zip(index, found.float().cpu(), strict=True):
            self._kept[int(one)] = features.clone()

    def _stacked(self, index: Labels) -> Tensor:
        return torch.stack([self._kept[int(one)] for one in index])
