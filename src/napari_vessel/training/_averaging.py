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
    start_share
        How much of the weights as they are now stays in what is shown, 0 to 1: a network that
        learned few slices holds on to what it knew, and is better beside them. Source: Wortsman
        et al., Robust fine-tuning of zero-shot models, CVPR 2022.
    """

    def __init__(self, network: nn.Module, keep: float, start_share: float = 0.0) -> None:
        self._network, self._keep, self._start_share = network, keep, start_share
        self._steps = 0
        self._mean = self._copy()
        self._start = self._copy() if start_share else {}
        self._own: Weights | None = None  # set aside while the mean is shown

    @torch.no_grad()
    def update(self) -> None:
        """Take the network's own weights into the mean, after a step."""
        self._steps += 1
        keep = min(self._keep, self._steps / (self._steps + _WARM))
        for name, now in self._network.state_dict().items():
            mean = self._mean[name]
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def show(self) -> None:
        """Put the mean into the network, drawn to the start."""
        if self._own is None:
            self._own = self._copy()
            self._network.load_state_dict(self._drawn())

    def hide(self) -> None:
        """Put the network's own weights back, to go on learning from."""
        if self._own is not None:
            self._network.load_state_dict(self._own)
            self._own = None

    def state(self) -> dict[str, Weights | int]:
        """Return copies of the network's own weights and of the mean, and the start."""
        own = self._copy() if self._own is None else _cloned(self._own)
        mean = _cloned(self._mean)
        return {"own": own, "mean": mean, "start": self._start, "steps": self._steps}

    def restore(self, state: dict[str, Weights | int]) -> None:
        """Go back to a state, of another start, too; the network shows the mean."""
        own, mean, start = state["own"], state["mean"], state["start"]
        self._own, self._mean = _cloned(own), _cloned(mean)  # type: ignore[arg-type]
        self._start, self._steps = start, int(state["steps"])  # type: ignore[assignment,arg-type]
        self._network.load_state_dict(self._drawn())

    def _drawn(self) -> Weights:
        share = self._start_share
        return {
            name: mean.lerp(self._start[name], share)
            if share and mean.is_floating_point()
            else mean
            for name, mean in self._mean.items()
        }

    def _copy(self) -> Weights:
        return _cloned(self._network.state_dict())


def _cloned(weights: Weights) -> Weights:
    return {name: tensor.detach().clone() for name, tensor in weights.items()}
