"""Train the bundled starter network on phantoms only.

    python scripts/train_starter.py WORK --minutes 22 --out STARTER

WORK holds the phantoms, the state to resume from, and the log; started again
with the same WORK it goes on. Without ``--out`` nothing is saved but the state.
``--real FOLDER`` prints, for information, scores on real HiP-CT patches.
Draws are seeded by step; the schedule follows the clock, so two runs agree in
kind, not bit for bit.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from time import monotonic

import numpy as np
import torch
import torch.nn.functional as nnf
from torch import Tensor, nn

from napari_vessel.geometry import Plane
from napari_vessel.networks import (
    CheckpointCard,
    NetworkConfig,
    autocast,
    build_network,
    choose_device,
    choose_precision,
    save_checkpoint,
)
from starter_batches import EDGE, PATCH, VALIDATION, Plan, Sample, batches, load_phantoms
from starter_scores import THRESHOLDS, measure_phantoms, measure_real


def loss_of(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, vessels twice as heavy, and soft Dice over the batch."""
    weight = torch.full((1,), 2.0, device=logits.device)
    bce = nnf.binary_cross_entropy_with_logits(logits, truth, pos_weight=weight)
    p = torch.sigmoid(logits)
    dice = 1 - (2 * (p * truth).sum() + 1) / (p.sum() + truth.sum() + 1)
    return bce + dice


@dataclass
class Trainer:
    """Network, its running mean (what is kept), optimiser, and how far it got."""

    plan: Plan
    device: torch.device

    def __post_init__(self) -> None:
        torch.manual_seed(self.plan.seed)
        kind = {"device": self.device, "memory_format": torch.channels_last}
        self.network = build_network(NetworkConfig()).to(**kind)
        self.mean = build_network(NetworkConfig()).to(**kind).eval()
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=self.plan.learning_rate, weight_decay=0.01, fused=True
        )
        self.precision = choose_precision(self.device)
        self.step, self.seconds = 0, 0.0

    @property
    def state_file(self) -> Path:
        """Where the state is kept."""
        return self.plan.work / "state.pt"

    def save(self) -> None:
        """Write the state beside, then put it in place."""
        parts = {"network": self.network, "mean": self.mean, "optimiser": self.optimiser}
        state = {name: part.state_dict() for name, part in parts.items()}
        beside = self.state_file.with_suffix(".part")
        torch.save({**state, "step": self.step, "seconds": self.seconds}, beside)
        beside.replace(self.state_file)

    def resume(self) -> None:
        """Go on from the state, if there is one."""
        if not self.state_file.exists():
            return
        state = torch.load(self.state_file, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        print(f"Resumed at step {self.step}, after {self.seconds / 60:.1f} minutes.")

    def train_step(self, image: Tensor, truth: Tensor) -> float:
        """Take one step; the learning rate follows the time used."""
        used = min(self.seconds / (60 * self.plan.minutes), 1.0)
        rate = self.plan.learning_rate * min((self.step + 1) / 100, 0.5 * (1 + cos(pi * used)))
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


def train(trainer: Trainer, samples: list[Sample]) -> None:
    """Train until the minutes are used, saying how it goes every half minute."""
    plan, losses, said, start = trainer.plan, [], 0.0, monotonic()
    before = trainer.seconds
    for image, truth in batches(samples[VALIDATION:], plan, trainer.step):
        losses.append(trainer.train_step(image, truth))
        trainer.seconds = before + monotonic() - start
        if trainer.seconds - said > 30:
            said = trainer.seconds
            speed = trainer.step * plan.batch * PATCH**2 / trainer.seconds / 1e6
            left = plan.minutes - trainer.seconds / 60
            print(
                f"step {trainer.step}  loss {np.mean(losses):.4f}  {speed:.2f} Mpx/s  "
                f"{left:.1f} min left",
                flush=True,
            )
            losses.clear()
            trainer.save()
        if trainer.seconds > 60 * plan.minutes:
            break
    trainer.save()


def best_threshold(metrics: dict[str, float]) -> float:
    """Return the threshold of the best mean Dice on held-out phantoms."""
    return max(THRESHOLDS, key=lambda t: metrics[f"phantom_dice_at_{t}"])


def save(trainer: Trainer, metrics: dict[str, float], threshold: float | None, out: Path) -> None:
    """Save the running mean as a checkpoint with its card."""
    plan = trainer.plan
    chosen = "by hand, from held-out phantoms and HiP-CT patches 01, 02, 04, 05 of kidney1"
    if threshold is None:
        threshold = best_threshold(metrics)
        chosen = f"by the Dice of {VALIDATION} held-out phantoms"
    card = CheckpointCard(
        voxel_size_um=(50.0, 50.0, 50.0),
        polarity="dark",
        planes=tuple(Plane),
        threshold=threshold,
        metrics=metrics,
        provenance=(
            f"Trained by scripts/train_starter.py on {plan.phantoms} synthetic phantoms of "
            f"{EDGE}³ voxels only (napari_vessel.phantoms.random_config, seed {plan.seed}), "
            f"{trainer.step} steps of {plan.batch} patches of {PATCH}² "
            f"in {trainer.seconds / 60:.0f} minutes on {trainer.device}. "
            f"No weight was learned from real data. Threshold chosen {chosen}. "
            "Code BSD-3-Clause; weights CC0-1.0."
        ),
    )
    checkpoint = save_checkpoint(out, trainer.mean, card, half=True)
    print(f"Saved {checkpoint.path} ({checkpoint.weights.stat().st_size / 1e6:.1f} MB).")


def main() -> None:
    """Read the command line, then plan, train, measure and save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=Path, help="folder of phantoms and state; resumed from")
    parser.add_argument("--minutes", type=float, default=22.0, help="of training, in all")
    parser.add_argument("--phantoms", type=int, default=120, help="to train on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8, help="patches a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--threshold", type=float, help="of the card, in place of the best on held-out phantoms"
    )
    parser.add_argument("--out", type=Path, help="folder of the checkpoint to write")
    parser.add_argument("--real", type=Path, help="folder of real patches to measure on")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    plan = Plan(args.work, args.minutes, args.phantoms, args.seed, args.batch, args.rate)
    trainer = Trainer(plan, choose_device())
    print(
        f"Plan: {plan.phantoms} phantoms of {EDGE}³, {plan.minutes:g} minutes on "
        f"{trainer.device} in {trainer.precision}, then measure on {VALIDATION} more."
    )
    samples = load_phantoms(plan)
    trainer.resume()
    if trainer.seconds < 60 * plan.minutes:
        train(trainer, samples)
    metrics = measure_phantoms(trainer.mean, samples[:VALIDATION], trainer.device)
    print(metrics)
    print(f"Best threshold on held-out phantoms: {best_threshold(metrics)}")
    if args.real:
        measure_real(trainer.mean, args.real, trainer.device)
    if args.out:
        save(trainer, metrics, args.threshold, args.out)


if __name__ == "__main__":
    main()
