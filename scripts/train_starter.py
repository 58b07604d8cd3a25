"""Train the bundled starter network: on phantoms, and on the kidney1 items of the real data.

    python scripts/train_starter.py WORK --minutes 45 --real DATA --out STARTER

WORK holds the phantoms and the state to resume from; started again with the same WORK it
goes on. Without ``--out`` nothing is saved but the state. ``--real FOLDER`` learns from the
HiP-CT items of kidney1 (CC BY 4.0) in that folder and prints scores on the others, which are
never learned from. Draws are seeded by step; the schedule follows processor time (a GPU's:
the clock), so two runs agree in kind, not bit for bit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from compare_starters import CANDIDATES
from napari_vessel.geometry import Plane
from napari_vessel.networks import CheckpointCard, choose_device, save_checkpoint
from starter_batches import BatchPlan, batches
from starter_data import HELD_OUT, Sample, load_phantoms, load_real
from starter_scores import THRESHOLDS, Score, load_measured, measure, table
from starter_training import Trainer

_SOURCE = (
    "HiP-CT items of kidney1 of the SenNet + HOA 2023 competition (CC BY 4.0; Human Organ Atlas): "
)


def best_threshold(scores: list[Score]) -> float:
    """Return the threshold of the best mean surface dice."""
    means = np.mean([score.surface for score in scores], axis=0)
    return THRESHOLDS[int(np.argmax(means))]


def save(trainer: Trainer, args: argparse.Namespace, real: list[Sample], held: list[Score]) -> None:
    """Save the running mean as a checkpoint with its card."""
    plan, names = trainer.plan, ", ".join(sample.name for sample in real)
    card = CheckpointCard(
        network=trainer.network_config,
        voxel_size_um=(args.voxel_size,) * 3,
        normalisation="signed",
        polarity="dark",
        planes=tuple(Plane),
        threshold=args.threshold or best_threshold(held),
        metrics={"phantom_dice": float(np.mean([score.best for score in held]))},
        provenance=(
            f"Trained by scripts/train_starter.py on {args.phantoms} synthetic phantoms "
            f"(napari_vessel.phantoms.random_config, seed {args.seed})"
            + (f" and, {plan.real_share:.0%} of patches, on the {_SOURCE}{names}" if real else "")
            + f"; {trainer.step} steps of {plan.batch} patches of {plan.patch}² in "
            f"{trainer.seconds / 60:.0f} processor minutes on {trainer.device}. "
            "Code BSD-3-Clause; weights CC BY 4.0."
        ),
    )
    checkpoint = save_checkpoint(args.out, trainer.mean, card, half=True)
    print(f"Saved {checkpoint.path} ({checkpoint.weights.stat().st_size / 1e6:.1f} MB).")


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=Path, help="folder of phantoms and state; resumed from")
    parser.add_argument("--network", choices=CANDIDATES, default="tu-resnet10t")
    parser.add_argument("--minutes", type=float, default=90.0, help="of processor time, in all")
    parser.add_argument("--phantoms", type=int, default=600, help="to train on")
    parser.add_argument("--slices", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8, help="patches a step")
    parser.add_argument("--patch", type=int, default=96, help="edge of a patch, in pixels")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--real", type=Path, help="folder of the real data")
    parser.add_argument("--real-share", type=float, default=0.3, help="of patches")
    parser.add_argument("--threshold", type=float, help="of the card; else the best on phantoms")
    parser.add_argument("--voxel-size", type=float, default=63.08, help="of the card, in µm")
    parser.add_argument("--out", type=Path, help="folder of the checkpoint to write")
    return parser.parse_args()


def main() -> None:
    """Plan, train, measure and save."""
    args = parsed()
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    plan = BatchPlan(args.seed, args.batch, args.patch, args.slices, args.real_share)
    config = CANDIDATES[args.network].model_copy(update={"in_channels": args.slices})
    state = args.work / "state.pt"
    trainer = Trainer(
        config, plan, 60 * args.minutes, args.rate, choose_device(), state, args.precision
    )
    real = load_real(args.real) if args.real and args.real_share else []
    print(
        f"Plan: {args.network}, {args.phantoms} phantoms and {len(real)} real items, "
        f"{args.minutes:g} processor minutes on {trainer.device} in {trainer.precision}, then "
        f"measure on {HELD_OUT} more phantoms."
    )
    phantoms = load_phantoms(args.work / "phantoms", args.phantoms, args.seed)
    trainer.resume()
    if trainer.seconds < trainer.budget_s:
        trainer.train(batches(phantoms[HELD_OUT:], real, plan, trainer.step))
    held = measure(trainer.mean, phantoms[:HELD_OUT], plan.slices, surface=True)
    print(table(held))
    if args.real:
        print(table(measure(trainer.mean, real, plan.slices, surface=True)))
        print(table(measure(trainer.mean, load_measured(args.real), plan.slices)))
    if args.out:
        save(trainer, args, real, held)


if __name__ == "__main__":
    main()
