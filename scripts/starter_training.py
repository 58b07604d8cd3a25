"""One training of a starter: network, its running mean, optimiser, and how far it got."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from functools import partial
from math import cos, pi
from pathlib import Path
from pickle import UnpicklingError
from time import monotonic, process_time
from typing import Any

import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from napari_vessel.errors import CallerError, CheckpointError
from napari_vessel.networks import NetworkConfig, autocast, build_network, choose_precision
from napari_vessel.volumes import write_atomically
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

    Processor seconds, so that a busy machine does not shorten the training. ``data`` names
    what is learned from; with the other settings it is kept in the state, and a state of
    other settings is not gone on with.
    """

    network_config: NetworkConfig
    plan: BatchPlan
    budget_s: float
    rate: float
    device: torch.device
    state_file: Path | None = None
    wish: str = "auto"  # of precision
    data: dict[str, Any] = field(default_factory=dict)
    clock: Callable[[], float] | None = None  # in seconds; by the device where none

    def __post_init__(self) -> None:
        torch.manual_seed(self.plan.seed)
        network = build_network(self.network_config)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.mean = deepcopy(self.network).eval()
        weights = self.network.parameters()
        self.optimiser = torch.optim.AdamW(weights, lr=self.rate, weight_decay=0.01, fused=True)
        self.precision = choose_precision(self.device, self.wish, self.network)
        self.step, self.seconds = 0, 0.0

    @property
    def unit(self) -> str:
        """What the budget is counted in."""
        return "minutes" if self.device.type == "cuda" else "processor minutes"

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides what is learned, by the name that a person gives it."""
        network = self.network_config.model_dump(mode="json")
        return {
            **{f"network {name}": value for name, value in network.items()},
            **asdict(self.plan),
            "minutes": self.budget_s / 60,
            "rate": self.rate,
            "device": self.device.type,
            "precision": self.precision,
            **self.data,
        }

    def save(self) -> None:
        """Write the state, so that it is either the old one or all of the new one."""
        if self.state_file is None:
            return
        parts = {"network": self.network, "mean": self.mean, "optimiser": self.optimiser}
        state = {name: part.state_dict() for name, part in parts.items()}
        counted = {"step": self.step, "seconds": self.seconds, "settings": self.settings}
        write_atomically(self.state_file, partial(torch.save, state | counted))

    def resume(self) -> None:
        """Go on from the state, if there is one.

        Raises
        ------
        CallerError
            It is that of another training.
        CheckpointError
            It cannot be read.
        """
        if self.state_file is None or not self.state_file.exists():
            return
        state = _read(self.state_file, self.device)
        self._refuse_others(state.get("settings", {}))
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        print(
            f"Resumed at step {self.step}, after {self.seconds / 60:.1f} {self.unit}.", flush=True
        )

    def _refuse_others(self, found: dict[str, Any]) -> None:
        """Refuse a state that was not made with these settings, naming each that differs."""
        ours = self.settings
        told = "; ".join(
            f"{name.replace('_', ' ')} was {found.get(name)}, now {ours.get(name)}"
            for name in ours | found
            if ours.get(name) != found.get(name)
        )
        if told:
            raise CallerError(
                f"{self.state_file} is the state of another training: "
                f"{told if found else 'its settings are not told, an earlier version wrote it'}. "
                "Give its settings to go on with it, delete it to begin anew with the same "
                "phantoms, or name another folder."
            )

    def train(self, pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Train until the budget is used, saying how it goes every minute."""
        clock = self.clock or (monotonic if self.device.type == "cuda" else process_time)
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
            f"{max(self.budget_s - self.seconds, 0) / 60:.1f} {self.unit} left",
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


def _read(file: Path, device: torch.device) -> dict[str, Any]:
    """Read a state."""
    try:
        state = torch.load(file, map_location=device, weights_only=True)
    except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
        raise CheckpointError(
            f"{file} cannot be read, expected the state of a training: delete it to begin anew."
        ) from error
    return dict(state)
