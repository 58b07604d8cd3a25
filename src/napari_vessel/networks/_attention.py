"""Attention gates on the skips of a U-Net (Oktay et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

__all__ = ["AttentionGate", "GatedBlock", "gate_skips"]


class AttentionGate(nn.Module):
    """Weigh each pixel of a skip by how it goes with the coarser features.

    The additive attention of Oktay et al. 2018, eq. 1 and 2:
    ``x · sigmoid(ψ(relu(W_x x + W_g g)))``, all three being convolutions of one pixel.
    There the attention is computed on the grid of the gating signal; here on that of the
    skip, as a vessel may be thinner than a coarse pixel. Coarse features are projected
    first and then interpolated, which is the same and cheaper.

    Parameters
    ----------
    skip, gating
        Channels of the skip and of the coarser features.
    """

    def __init__(self, skip: int, gating: int) -> None:
        super().__init__()
        between = max(skip // 2, 1)
        self.from_skip = nn.Conv2d(skip, between, 1, bias=False)
        self.from_gating = nn.Conv2d(gating, between, 1)
        self.to_weight = nn.Conv2d(between, 1, 1)

    def forward(self, skip: Tensor, gating: Tensor) -> Tensor:
        """Return the skip, weighed: (N, skip, H, W) from it and (N, gating, h, w)."""
        coarse = interpolate(
            self.from_gating(gating), size=skip.shape[-2:], mode="bilinear", align_corners=False
        )
        weight: Tensor = torch.sigmoid(self.to_weight(relu(self.from_skip(skip) + coarse)))
        return skip * weight


class GatedBlock(nn.Module):
    """A block of smp's U-Net decoder with a gate before its skip."""

    def __init__(self, block: nn.Module, gate: AttentionGate) -> None:
        super().__init__()
        self.block, self.gate = block, gate

    def forward(
        self, feature_map: Tensor, height: int, width: int, skip_connection: Tensor | None = None
    ) -> Tensor:
        """Decode as the block does, its skip gated by ``feature_map``."""
        if skip_connection is not None:
            skip_connection = self.gate(skip_connection, feature_map)
        decoded: Tensor = self.block(feature_map, height, width, skip_connection=skip_connection)
        return decoded


def gate_skips(blocks: nn.ModuleList, skips: Sequence[int], gating: Sequence[int]) -> None:
    """Put an attention gate into each decoder block that has a skip.

    Parameters
    ----------
    blocks
        Of an ``smp.Unet``, the coarsest first; changed in place.
    skips
        Channels of their skips, 0 or missing at the end where there is none.
    gating
        Channels of the coarser features that each block is given.
    """
    for number, (skip, coarse) in enumerate(zip(skips, gating, strict=False)):
        if skip:
            blocks[number] = GatedBlock(blocks[number], AttentionGate(skip, coarse))
