"""One training of a starter: network, its running mean, optimiser, and how far it got."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from time import monotonic, process_time

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from napari_vessel.networks import NetworkConfig, autocast, build_network, choose_precision
from starter_batches import BatchPlan

_SAVE_S = 60.0


def loss_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, and soft Dice: half over the batch, half the mean of the patches' own.

    Over the batch alone, a few arteries of ten pixels would count for nothing beside a trunk.
    """
    bce = nnf.binary_cross_entropy_with_logits(logits, truth)
    p = torch.sigmoid(logits)
    each = _dice_loss(p, truth, (1, 2, 3))
    holding = (truth.sum((1, 2, 3)) > 0).float()
    own = (each * holding).sum() / holding.sum().clamp(min=1)
    return bce + 0.5 * own + 0.5 * _dice_loss(p, truth, (0, 1, 2, 3))


def _dice_loss(p: Tensor, truth: Tensor, axes: tuple[int, ...]) -> Tensor:
    return 1 - (2 * (p * truth).sum(axes) + 1) / (p.sum(axes) + truth.sum(axes) + 1)


@dataclass
class Trainer:
    """Trains until its budget of processor seconds (GPU: seconds) is used.

    Processor seconds, so that a busy machine does not shorten the training.
    """

    network_config: NetworkConfig
    plan: BatchPlan
    budget_s: float
    rate: float
    device: torch.device
    state_file: Path | None = None
    wish: str = "auto"  # of precision

    def __post_init__(self) -> None:
        torch.manual_seed(self.plan.seed)
        network = build_network(self.network_config)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.mean = deepcopy(self.network).eval()
        weights = self.network.parameters()
        self.optimiser = torch.optim.AdamW(weights, lr=self.rate, weight_decay=0.01, fused=True)
        self.precision = choose_precision(self.device, self.wish, self.network)
        self.step, self.seconds = 0, 0.0

    def save(self) -> None:
        """Write the state beside, then put it in place."""
        if self.state_file is None:
            return
        parts = {"network": self.network, "mean": self.mean, "optimiser": self.optimiser}
        state = {name: part.state_dict() for name, part in parts.items()}
        beside = self.state_file.with_suffix(".part")
        torch.save({**state, "step": self.step, "seconds": self.seconds}, beside)
        beside.replace(self.state_file)

    def resume(self) -> None:
        """Go on from the state, if there is one."""
        if self.state_file is None or not self.state_file.exists():
            return
        state = torch.load(self.state_file, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        print(f"Resumed at step {self.step}, after {self.seconds / 60:.1f} minutes.")

    def train(self, pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Train until the budget is used, saying how it goes every minute."""
        clock = monotonic if self.device.type == "cuda" else process_time
        start, before, said, losses = clock(), self.seconds, self.seconds, []
        for image, truth in pairs:
            losses.append(self._train_step(image, truth))
            self.seconds = before + clock() - start
            if self.seconds - said > _SAVE_S:
                said = self.seconds
                self._tell(losses)
                losses.clear()
                self.save()
            if self.seconds > self.budget_s:
                break
        self.save()

    def _tell(self, losses: list[float]) -> None:
        speed = self.step * self.plan.batch * self.plan.patch**2 / self.seconds / 1e6
        print(
            f"step {self.step}  loss {sum(losses) / len(losses):.4f}  {speed:.2f} Mpx/s  "
            f"{(self.budget_s - self.seconds) / 60:.1f} processor minutes left",
            flush=True,
        )

    def _train_step(self, image: Tensor, truth: Tensor) -> float:
        """Take one step; the learning rate follows the budget used."""
        used = min(self.seconds / self.budget_s, 1.0)
        rate = self.rate * min((self.step + 1) / 100, 0.5 * (1 + cos(pi * used)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        image = image.to(self.device, memory_format=torch.channels_last)
        self.network.train()
        with autocast(self.device, self.precision):
            logits = self.network(image)
        loss = loss_of(logits.float(), truth.to(self.device))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        if self.step % 5 == 0:
            self._average()
        return float(loss.detach())

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(0.98, self.step / (self.step + 50))
        for ours, theirs in zip(
            self.mean.state_dict().values(), self.network.state_dict().values(), strict=True
        ):
            if ours.is_floating_point():
                ours.lerp_(theirs, 1 - keep)
            else:
                ours.copy_(theirs)
