"""What a network forgets of HiP-CT while it learns a two-photon volume, with and without replay.

The bundled starter learns a few slices of a two-photon volume by the product's own training, once
with phantoms beside (``TrainingConfig.replay_share``) and once without, for the same time of one
thread. Before and after, it proposes HiP-CT volumes that it was not corrected on, at the starter's
own threshold. ``fall`` is the mean Dice of these before, less after: the aim is at most 0.02 with
replay.

Run as ``python benchmarks/forgetting.py [--seconds 40] [--seeds 0 1] [--json]`` on the volumes of
NAPARI_VESSEL_DATA, else of ../shared/data. The first run makes the phantoms (half a minute).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from _tables import show
from ladder_data import Item, chosen_slices, load, scored
from ladder_networks import opened, predicted
from ladder_plan import Plan
from ladder_training import Training
from napari_vessel.geometry import Plane
from napari_vessel.networks import save_checkpoint, starter
from napari_vessel.phantoms import PhantomShelf
from napari_vessel.training import TrainingConfig
from napari_vessel.workflows import WORKFLOWS, Correct

ADAPTED_TO = ("twophoton_burgess2014_tgMouse",)
VALIDATION = ("hipct3d_17_kidney3", "hipct2d_kidney_3_sparse_0362")
"""HiP-CT that no starter may learn from (README of the data)."""

_Replay = tuple[float, float, int]  # share of the patches, share of the loss, seed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", nargs="*", default=ADAPTED_TO, help="Volumes to adapt to.")
    parser.add_argument("--validation", nargs="+", default=VALIDATION, help="HiP-CT volumes.")
    parser.add_argument("--seconds", type=float, default=40.0, help="Of training, one thread.")
    parser.add_argument("--slices", type=int, default=3, help="That are corrected.")
    parser.add_argument("--shares", type=float, nargs="+", help="Of replay; default: as it is, 0.")
    parser.add_argument("--weights", type=float, nargs="+", help="Of replay in the loss.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    default = TrainingConfig()
    shares = arguments.shares or [default.replay_share, 0.0]
    replays = list(product(shares, arguments.weights or [default.replay_weight], arguments.seeds))
    PhantomShelf().fill()  # what is compared is learning, not how soon phantoms are there
    validation = [load(name) for name in arguments.validation]
    found = list(rows(arguments, replays, validation))
    show(found, as_json=arguments.json)


def rows(
    arguments: argparse.Namespace, replays: Sequence[_Replay], validation: Sequence[Item]
) -> Iterator[dict[str, Any]]:
    """Yield a row of the table for each volume, replay and seed; the starter's first."""
    before = evaluated(None, validation)
    yield _row("(starter)", "", before, before, {})
    for item in map(load, arguments.items):
        for share, weight, seed in replays:
            said = (
                f"{share:g} ({weight:g} of the loss), seed {seed}" if share else f"0, seed {seed}"
            )
            print(f"{item.name}, replay {said} …", file=sys.stderr, flush=True)
            minutes = arguments.seconds / 60
            config = TrainingConfig(
                minutes=minutes, seed=seed, replay_share=share, replay_weight=weight
            )
            with tempfile.TemporaryDirectory() as work:
                network, figures = adapted(item, Path(work), config, arguments.slices)
                after = evaluated(network, validation)
            yield _row(item.name, said, before, after, figures)


def adapted(
    item: Item, work: Path, config: TrainingConfig, slices: int
) -> tuple[nn.Module, dict[str, float]]:
    """Train the starter on some slices of a volume; return it, and its own Dice there."""
    project = opened(item, work, Plan())
    chosen = chosen_slices(item.truth, slices, config.seed)
    np.save(work / "labels.npy", item.truth.astype(np.uint8))
    places = tuple((Plane.XY, z) for z in chosen)
    list(WORKFLOWS["correct"](Correct(project.path, str(work / "labels.npy"), slices=places)))
    before = scored(predicted(project), item, chosen)["dice"]
    training = Training(project, config)
    (*_, last) = training.snapshots(())
    training.settle(last, judged=False)
    after = scored(predicted(project), item, chosen)["dice"]
    figures = {"own before": before, "own after": after, "steps": float(last.told["steps"])}
    return last.network, figures


def evaluated(network: nn.Module | None, items: Sequence[Item]) -> dict[str, float]:
    """Return the Dice of each item, as the starter's card asks for it to be proposed."""
    found = {}
    for item in items:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            plan = Plan()
            if network is not None:
                save_checkpoint(work / "adapted", network, starter().card)
                plan = Plan(checkpoint=work / "adapted")
            found[item.name] = scored(predicted(opened(item, work, plan)), item)["dice"]
            shutil.rmtree(work / "ladder.vessel")
    return found


def _row(
    name: str,
    share: str,
    before: dict[str, float],
    after: dict[str, float],
    figures: dict[str, float],
) -> dict[str, Any]:
    fall = float(np.mean(list(before.values())) - np.mean(list(after.values())))
    own = {key: figures.get(key, "") for key in ("own before", "own after")}
    steps = {"steps": int(figures["steps"]) if figures else ""}
    return {"adapted to": name, "replay": share, **own, **steps, **after, "fall": fall}


if __name__ == "__main__":
    main()
