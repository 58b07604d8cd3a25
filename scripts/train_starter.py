"""Train the bundled starter network: on phantoms, and on the kidney1 items of the real data.

    python scripts/train_starter.py WORK --minutes 45 --real DATA --out STARTER

WORK holds the phantoms and the state to resume from; started again with the same WORK it
goes on, and refuses where a setting that decides what is learned is another than before.
Without ``--out`` nothing is saved but the state. ``--real FOLDER`` learns from the
HiP-CT items of kidney1 (CC BY 4.0) in that folder and prints scores on the others, which are
never learned from. Draws are seeded by step; the schedule follows processor time (a GPU's:
the clock), so two runs agree in kind, not bit for bit.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
import torch

from compare_starters import CANDIDATES
from napari_vessel.errors import CallerError, VesselError
from napari_vessel.geometry import Plane
from napari_vessel.networks import CheckpointCard, choose_device, save_checkpoint
from starter_batches import BatchPlan, batches
from starter_data import (
    FINER,
    HELD_OUT,
    LEARNED_UM,
    Sample,
    load_phantoms,
    load_real,
    phantom_bytes,
    phantoms_version,
)
from starter_scores import THRESHOLDS, Score, load_measured, measure, table
from starter_training import Trainer

_SOURCE = (
    "HiP-CT items of kidney1 of the SenNet + HOA 2023 competition (CC BY 4.0; Human Organ Atlas): "
)


def best_threshold(scores: list[Score]) -> float:
    """Return the threshold of the best mean surface dice."""
    means = np.mean([score.surface for score in scores], axis=0)
    return THRESHOLDS[int(np.argmax(means))]


def save(trainer: Trainer, args: argparse.Namespace, real: list[Score], held: list[Score]) -> None:
    """Save the running mean as a checkpoint with its card."""
    plan, names = trainer.plan, ", ".join(score.name for score in real)
    card = CheckpointCard(
        network=trainer.network_config,
        voxel_size_um=(args.voxel_size,) * 3,
        normalisation="saturated",
        polarity="dark",
        planes=tuple(Plane),
        threshold=args.threshold or best_threshold([s for s in real if s.judges] or held),
        metrics={"phantom_dice": float(np.mean([score.best for score in held]))},
        provenance=(
            f"Trained by scripts/train_starter.py on {args.phantoms} synthetic phantoms "
            f"(napari_vessel.phantoms.random_config, seed {args.seed})"
            + (f" and, {plan.real_share:.0%} of patches, on the {_SOURCE}{names}" if real else "")
            + f"; {trainer.step} steps of {plan.batch} patches of {plan.patch}² in "
            f"{trainer.seconds / 60:.0f} {trainer.unit} on {trainer.device}. "
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
    parser.add_argument("--slices", type=int, choices=(1, 3, 5), default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8, help="patches a step")
    parser.add_argument("--patch", type=int, default=96, help="edge of a patch, in pixels")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--real", type=Path, help="folder of the real data")
    parser.add_argument("--real-share", type=float, default=0.3, help="of patches")
    parser.add_argument(
        "--threshold",
        type=float,
        help="of the card; else by surface dice on kidney1",
    )
    parser.add_argument("--voxel-size", type=float, default=LEARNED_UM, help="of the card, in µm")
    parser.add_argument("--out", type=Path, help="folder of the checkpoint to write")
    args = parser.parse_args()
    if args.out and args.slices != 1:
        parser.error(f"--out: the program predicts with one slice in, not {args.slices}.")
    return args


def planned(args: argparse.Namespace, real: list[Sample]) -> Trainer:
    """Make the training that was asked for."""
    plan = BatchPlan(args.seed, args.batch, args.patch, args.slices, args.real_share)
    config = CANDIDATES[args.network].model_copy(update={"in_channels": args.slices})
    data = {
        "phantoms": args.phantoms,
        "way of making phantoms": phantoms_version(),
        "real items": ", ".join(s.name for s in real) or "none",
        "pixels per voxel of HiP-CT": FINER,
    }
    device, state = choose_device(), args.work / "state.pt"
    return Trainer(config, plan, 60 * args.minutes, args.rate, device, state, args.precision, data)


def plan_text(args: argparse.Namespace, trainer: Trainer, real: list[Sample]) -> str:
    """Say what will be done, and what it takes."""
    plan, (disk, memory) = trainer.plan, phantom_bytes(args.phantoms)
    free = shutil.disk_usage(args.work).free
    return (
        f"Plan: {args.network}, seed {plan.seed}, {plan.slices} slice(s) in; batches of "
        f"{plan.batch} patches of {plan.patch}², rate {trainer.rate:g}, {args.minutes:g} "
        f"{trainer.unit} on {trainer.device} in {trainer.precision}, {args.threads} thread(s).\n"
        f"Learns from {args.phantoms} phantoms and {len(real)} real items "
        f"({plan.real_share if real else 0:.0%} of patches); then measures on {HELD_OUT} more "
        f"phantoms. Phantoms take {disk / 1e9:.1f} GB of disk in all ({free / 1e9:.1f} GB are "
        f"free), and {memory / 1e9:.1f} GB of memory."
    )


def run(args: argparse.Namespace) -> None:
    """Plan, train, measure and save."""
    torch.set_num_threads(args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    real = load_real(args.real) if args.real and args.real_share else []
    trainer = planned(args, real)
    print(plan_text(args, trainer, real), flush=True)
    trainer.resume()  # before phantoms are made: it may refuse
    phantoms = load_phantoms(args.work / "phantoms", args.phantoms, args.seed)
    if trainer.seconds < trainer.budget_s:
        trainer.train(batches(phantoms[HELD_OUT:], real, trainer.plan, trainer.step))
    print(f"Trained: {trainer.step} steps. Measuring takes some minutes.", flush=True)
    slices = trainer.plan.slices
    held, learned = measure(trainer.mean, phantoms[:HELD_OUT], slices, surface=True), []
    print(table(held))
    if args.real:
        print(f"Real items; of HiP-CT, image and truth are shown {FINER:g} pixels a voxel:")
        learned = measure(trainer.mean, real, slices, surface=True)
        print(table(learned))
        print(table(measure(trainer.mean, load_measured(args.real), slices)))
    if args.out:
        save(trainer, args, learned, held)


def main() -> None:
    """Run, and end with one line where that fails."""
    try:
        run(parsed())
    except VesselError as error:
        print(f"train_starter: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, CallerError) else 1)


if __name__ == "__main__":
    main()
