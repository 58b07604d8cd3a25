"""How fast phantoms are made, beside how fast a training of the starter uses them up.

    python scripts/starter_speed.py

Prints the processor time of one thread, which other work on the machine changes little: of
phantoms of 128³ voxels by family, and of steps on phantoms that are there already.
"""

from __future__ import annotations

import argparse
from itertools import islice
from time import process_time
from typing import get_args

import numpy as np
import torch

from napari_vessel.networks import NetworkConfig
from napari_vessel.phantoms import Family, make_phantom, random_config
from starter_batches import BatchPlan, batches
from starter_data import Sample, sample_of, shown
from starter_training import Trainer

SHAPE = (128, 128, 128)
WARM = 3  # steps that are not counted


def made(family: Family, seed: int) -> tuple[float, Sample]:
    """Return the seconds that a phantom and its outlines take, and the sample made of it."""
    config = random_config(np.random.default_rng(seed), SHAPE, polarity=None, family=family)
    started = process_time()
    phantom = make_phantom(config)
    truth = phantom.outlined()
    seconds = process_time() - started
    bright = config.polarity == "bright"
    image = shown(phantom.image, bright=bright)
    return seconds, sample_of(family, image, truth, phantom.voxel_size.zyx, bright=bright)


def step_seconds(samples: list[Sample], plan: BatchPlan, precision: str, steps: int) -> float:
    """Return the seconds of a step of the bundled network, cutting its patches included."""
    cpu = torch.device("cpu")
    trainer = Trainer(NetworkConfig(), plan, 1e9, 2e-3, cpu, wish=precision)
    pairs = batches(samples, [], plan, 0)
    trainer.train(islice(pairs, WARM))
    before = trainer.seconds
    trainer.train(islice(pairs, steps))
    return (trainer.seconds - before) / steps


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--phantoms", type=int, default=4, help="of each family")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--patch", type=int, default=160)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="bf16")
    args = parser.parse_args()
    torch.set_num_threads(1)
    made("ct", 0)  # what is loaded at first use is not counted
    samples, times = [], []
    for family in get_args(Family):
        runs = [made(family, 100 + number) for number in range(args.phantoms)]
        samples += [sample for _, sample in runs]
        times += [seconds for seconds, _ in runs]
        ours = times[-len(runs) :]
        mean = float(np.mean(ours))
        print(
            f"{family}: {mean:.2f} s ({min(ours):.2f} to {max(ours):.2f}), "
            f"{np.prod(SHAPE) / mean / 1e6:.1f} Mvoxel/s",
            flush=True,
        )
    plan = BatchPlan(1, args.batch, args.patch)
    step, phantom = step_seconds(samples, plan, args.precision, args.steps), float(np.mean(times))
    print(
        f"A step of {args.batch} patches of {args.patch}² in {args.precision}: {step:.2f} s.\n"
        f"A phantom takes as long as {phantom / step:.1f} steps, {phantom / step * args.batch:.0f} "
        "patches."
    )


if __name__ == "__main__":
    main()
