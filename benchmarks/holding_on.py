"""How much of the network in use should stay in one that learned a few slices.

The bundled starter learns slices of a volume by the product's own training, without
``TrainingConfig.start_share``; what came of it after some seconds is mixed with the starter in
several shares, each mixture with the threshold and planes that the reviewed voxels choose, and
proposes the volume. The table holds the Dice beside the slices that were learned.

Run as ``python benchmarks/holding_on.py VOLUME [VOLUME …] [--slices 1] [--seconds 20 120]`` on the
volumes of NAPARI_VESSEL_DATA, else of ../shared/data.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import nn

from _tables import show
from ladder_data import Item, chosen_slices, load, scored
from ladder_networks import correct, opened, predicted
from ladder_plan import Plan
from ladder_training import Training
from napari_vessel.networks import save_checkpoint
from napari_vessel.training import TrainingConfig


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", nargs="+", help="Volumes to learn slices of.")
    parser.add_argument("--slices", type=int, default=1, help="That are corrected.")
    parser.add_argument(
        "--seconds", type=float, nargs="+", default=[20.0, 120.0], help="One thread."
    )
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.3, 0.5, 0.7])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = [
        row
        for item in map(load, arguments.items)
        for row in rows(item, arguments.slices, arguments.seconds, arguments.shares, arguments.seed)
    ]
    show(found, as_json=arguments.json)


def rows(
    item: Item, slices: int, seconds: Sequence[float], shares: Sequence[float], seed: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for each moment of the training; a column for each share."""
    chosen = chosen_slices(item.truth, slices, seed)
    *marks, end = sorted(seconds)
    with tempfile.TemporaryDirectory() as folder:
        project = opened(item, Path(folder), Plan())
        correct(project, item, Path(folder), chosen)
        config = TrainingConfig(minutes=end / 60, seed=seed, start_share=0.0)
        training = Training(project, config)
        start = training.parent.load("cpu")
        for snapshot in training.snapshots(tuple(marks)):
            print(f"{item.name}, {snapshot.seconds:.0f} s …", file=sys.stderr, flush=True)
            row: dict[str, Any] = {"volume": item.name, "slices": slices}
            row["seconds"] = round(snapshot.seconds)
            for share in shares:
                _use(training, mixed(start, snapshot.network, share))
                row[f"share {share:g}"] = scored(predicted(project), item, chosen)["dice"]
                training.back()
            yield row


def mixed(start: nn.Module, trained: nn.Module, share: float) -> nn.Module:
    """Return a network whose weights are so far on the way back from ``trained`` to ``start``."""
    network, before = deepcopy(trained).eval(), start.state_dict()
    weights = {
        name: torch.lerp(after, before[name], share) if after.is_floating_point() else after
        for name, after in trained.state_dict().items()
    }
    network.load_state_dict(weights)
    return network


def _use(training: Training, network: nn.Module) -> None:
    """Take a network into use, whether better or not, with threshold and planes of its own."""
    project, fusion = training.project, training.lesson.best_fusion(network)
    changes = {"threshold": fusion.threshold, "weights": fusion.weights}
    card = training.parent.card.model_copy(update={**changes, "sha256": "", "card_sha256": ""})
    name = project.new_id()
    save_checkpoint(project.checkpoints / name, network, card)
    project.update(checkpoint=name)


if __name__ == "__main__":
    main()
