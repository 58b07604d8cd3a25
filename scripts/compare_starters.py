"""Compare networks that could be the starter: the same data, the same budget each.

    python scripts/compare_starters.py WORK --real DATA --minutes 4 --workers 2

Trains every candidate with one slice and with three slices in, each for the same
processor minutes on one thread, and prints accuracy on real items that none learned from
against speed and size. A candidate's row is kept in WORK and not made again.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from napari_vessel.networks import NetworkConfig, autocast, build_network, choose_precision
from starter_batches import BatchPlan, batches
from starter_data import HELD_OUT, load_phantoms, load_real, phantoms_version
from starter_scores import load_measured, measure
from starter_training import Trainer

NARROW = (96, 64, 32, 16)
WIDE = (128, 64, 48, 32, 16)
CANDIDATES = {
    "tu-resnet10t": NetworkConfig(),
    "tu-resnet18": NetworkConfig(encoder="tu-resnet18", decoder_channels=NARROW),
    "efficientnet-b0": NetworkConfig(
        encoder="efficientnet-b0", encoder_depth=5, decoder_channels=WIDE
    ),
    "mit_b0": NetworkConfig(encoder="mit_b0", encoder_depth=5, decoder_channels=WIDE),
    "mobileone_s0": NetworkConfig(encoder="mobileone_s0", encoder_depth=5, decoder_channels=WIDE),
    "tu-mobilenetv3_large_100": NetworkConfig(
        encoder="tu-mobilenetv3_large_100", encoder_depth=5, decoder_channels=WIDE
    ),
}


def settings(args: argparse.Namespace) -> dict[str, float | str]:
    """Return what all rows of a table have in common, so that others are computed anew."""
    names = ("minutes", "phantoms", "rate", "seed")
    return {name: getattr(args, name) for name in names} | {"made": phantoms_version()}


def run_cell(name: str, slices: int, real_share: float, args: argparse.Namespace) -> dict:
    """Train and measure one candidate; return its row."""
    torch.set_num_threads(1)
    config = CANDIDATES[name].model_copy(update={"in_channels": slices})
    plan = BatchPlan(seed=args.seed, slices=slices, real_share=real_share)
    phantoms = load_phantoms(args.work / "phantoms", args.phantoms, seed=1)
    real = load_real(args.real) if real_share else []
    trainer = Trainer(config, plan, 60 * args.minutes, args.rate, torch.device("cpu"))
    trainer.train(batches(phantoms[HELD_OUT:], real, plan, 0))
    scores = measure(trainer.mean, load_measured(args.real), slices)
    held = measure(trainer.mean, phantoms[:HELD_OUT], slices)
    size = sum(t.numel() for t in trainer.network.state_dict().values()) * 2 / 1e6
    row = {
        "network": name,
        "slices": slices,
        "real_share": real_share,
        **settings(args),
        "steps": trainer.step,
        "mb": size,
        "held": float(np.mean([s.best for s in held])),
    }
    row |= {score.name: score.best for score in scores}
    return row


def speed(name: str, slices: int) -> float:
    """Measure Mpx/s of forward passes of 512² in bf16: the clock of two threads, best of eight."""
    torch.set_num_threads(2)
    network = build_network(CANDIDATES[name].model_copy(update={"in_channels": slices})).eval()
    network = network.to(memory_format=torch.channels_last)
    device = torch.device("cpu")
    tile = torch.rand(1, slices, 512, 512).to(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode(), autocast(device, choose_precision(device)):
        for _ in range(8):
            start = perf_counter()
            network(tile)
            times.append(perf_counter() - start)
    return float(tile[0, 0].numel() / min(times) / 1e6)


def columns(rows: list[dict]) -> list[str]:
    """Name the real items of the rows."""
    return [key for key in rows[0] if key.startswith(("hipct", "two"))]


def table(rows: list[dict], speeds: dict[tuple[str, int], float]) -> str:
    """Write the rows as a markdown table, HiP-CT and two-photon means first."""
    items = columns(rows)
    head = ["network", "slices", "real", "MB", "Mpx/s", "steps", "HiP-CT", "two-photon", "phantoms"]
    lines = ["| " + " | ".join([*head, *items]) + " |", "|---" * (len(head) + len(items)) + "|"]
    for row in rows:
        ct, tp = (
            np.mean([row[i] for i in items if i.startswith(kind)]) for kind in ("hipct", "two")
        )
        values = [
            row["network"],
            str(row["slices"]),
            f"{row['real_share']:g}",
            f"{row['mb']:.1f}",
            f"{speeds.get((row['network'], row['slices']), float('nan')):.1f}",
            str(row["steps"]),
            *(f"{x:.3f}" for x in (ct, tp, row["held"], *(row[i] for i in items))),
        ]
        lines.append("| " + " | ".join(values) + " |")
    return "\n".join(lines)


def main() -> None:
    """Train what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--real", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--minutes", type=float, default=4.0, help="processor minutes each")
    parser.add_argument("--phantoms", type=int, default=200)
    parser.add_argument("--networks", nargs="+", default=list(CANDIDATES), choices=CANDIDATES)
    parser.add_argument("--slices", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--real-share", type=float, nargs="+", default=[0.3])
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--speed", action="store_true", help="time two threads of each: on two quiet cores"
    )
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    load_phantoms(args.work / "phantoms", args.phantoms, seed=1)
    kept, ours = args.work / "rows.jsonl", settings(args)
    lines = kept.read_text().splitlines() if kept.exists() else []
    rows = [row for row in map(json.loads, lines) if ours.items() <= row.items()]
    done = {(row["network"], row["slices"], row["real_share"]) for row in rows}
    cells = [(n, s, r) for s in args.slices for r in args.real_share for n in args.networks]
    with ProcessPoolExecutor(args.workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(run_cell, *cell, args) for cell in cells if cell not in done]
        for job in jobs:
            rows.append(job.result())
            with kept.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
            print(json.dumps(rows[-1]), flush=True)
    speeds = {(n, s): speed(n, s) for n, s, _ in cells} if args.speed else {}
    print(table(rows, speeds))


if __name__ == "__main__":
    main()
