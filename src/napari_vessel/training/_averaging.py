"""The running mean of a network's weights, which predicts better than the weights do.

A few steps at a high learning rate leave the weights somewhere about the best place; their
mean lies nearer to it. Source: Polyak and Juditsky, SIAM J. Control Optim. 30 (1992) 838.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["RunningMean"]

_WARM = 10  # steps: the mean of the first few must not hold on to the start

Weights = dict[str, Tensor]


class RunningMean:
    """Keeps a mean beside a network's own weights, and puts either into the network.

    Parameters
    ----------
    network
        Whose weights and running statistics are averaged.
    keep
        What each step leaves of the mean, 0 to 1; with 0 the mean is the weights.
    """

    def __init__(self, network: nn.Module, keep: float) -> None:
        self._network, self._keep = network, keep
        self._steps = 0
        self._aside = self._copy()  # what the network does not hold: first the mean
        self._shown = False

    @torch.no_grad()
    def update(self) -> None:
        """Take the network's own weights into the mean, after a step."""
        self._steps += 1
        keep = min(self._keep, self._steps / (self._steps + _WARM))
        for name, now in self._network.state_dict().items():
            mean = self._aside[name]
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def show(self) -> None:
        """Put the mean into the network."""
        self._swap(shown=True)

    def hide(self) -> None:
        """Put the network's own weights back, to go on learning from."""
        self._swap(shown=False)

    def state(self) -> dict[str, Weights | int]:
        """Return copies of the network's own weights and of the mean."""
        here, aside = self._copy(), {name: t.clone() for name, t in self._aside.items()}
        own, mean = (aside, here) if self._shown else (here, aside)
        return {"own": own, "mean": mean, "steps": self._steps}

    def restore(self, state: dict[str, Weights | int]) -> None:
        """Go back to a state; the network holds the mean."""
        own, mean, steps = state["own"], state["mean"], state["steps"]
        self._network.load_state_dict(mean)  # type: ignore[arg-type]
        self._aside = {name: t.clone() for name, t in own.items()}  # type: ignore[union-attr]
        self._shown, self._steps = True, int(steps)  # type: ignore[arg-type]

    def _copy(self) -> Weights:
        return {name: t.detach().clone() for name, t in self._network.state_dict().items()}

    def _swap(self, *, shown: bool) -> None:
        if shown == self._shown:
            return
        here = self._copy()
        self._network.load_state_dict(self._aside)
        self._aside, self._shown = here, shown
