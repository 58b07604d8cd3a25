"""Accuracy against effort: what every minute of correcting is worth, against the rules to beat.

A simulated person corrects slices of real volumes by the truth; after 1, 3, 6 and 10 of them the
network learns. Methods: ours (the starter, slices as the queue says); ours in random order; ours
from scratch; RootPainter's rules (its loss, split, adoption and corrections, from scratch) on the
same architecture; and ours from scratch on evenly spaced slices, each wholly corrected.

Run as ``python benchmarks/learning.py RESULTS.jsonl``. Every cell (method, volume, seed) is
appended to RESULTS.jsonl as soon as it is done, so a run that was stopped goes on where it was.
With ``--report`` nothing is computed. Scores are the network's own on all of the volume.
Volumes are those of NAPARI_VESSEL_DATA, else of ../shared/data.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from time import monotonic
from typing import Any

from _arguments import numbers, words

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def main() -> None:
    """Compute what is missing, then print the tables; ends with 1 where a cell failed."""
    arguments = _parser().parse_args()
    for name in _ONE_THREAD:  # before numpy and torch are imported
        os.environ[name] = "1"
    from ladder_data import ITEMS
    from learning_cells import METHODS, Cell, Settings, read_results
    from learning_report import Report
    from real_loop import data_folder

    if not arguments.volumes and not data_folder().is_dir():
        sys.exit(
            f"{data_folder()} is missing: name the folder of real volumes in NAPARI_VESSEL_DATA"
        )
    methods = arguments.methods or METHODS
    if unknown := set(methods) - set(METHODS):
        sys.exit(f"No such method: {', '.join(unknown)}. Methods: {', '.join(METHODS)}")
    flat = {name for name in ITEMS if name.startswith("hipct2d")}
    volumes = arguments.volumes or [name for name in ITEMS if name not in flat]
    settings = Settings(arguments.steps, arguments.scratch_steps, tuple(arguments.rounds))
    wanted = [
        Cell(method, Path(volume).name, seed, settings.recipe(method))
        for seed in arguments.seeds
        for volume in volumes
        for method in methods
    ]
    done = {Cell.of(found) for found in read_results(arguments.results)}
    todo = [] if arguments.report else [cell for cell in wanted if cell not in done]
    failed = sum(not _computed(cell, settings, arguments.results) for cell in todo)
    found = [each for each in read_results(arguments.results) if Cell.of(each) in set(wanted)]
    report = Report(found)
    if arguments.json:
        print(json.dumps(report.as_dict() | {"cells": len(found), "wanted": len(wanted)}))
    else:
        print(report.text() + f"\n\n{len(found)} of {len(wanted)} cells.")
    sys.exit(bool(failed))


def _computed(cell: Any, settings: Any, results: Path) -> bool:  # noqa: ANN401
    """Compute a cell and keep it; tell how it went on stderr."""
    import torch

    from ladder_cells import append_result
    from learning_cells import compute
    from napari_vessel.errors import VesselError

    torch.set_num_threads(1)
    started = monotonic()
    try:
        figures = compute(cell, settings)
    except VesselError as error:
        print(f"{cell.method} {cell.volume} seed {cell.seed} failed: {error}", file=sys.stderr)
        return False
    append_result(results, figures)
    dice = ", ".join(f"{row['slices']}: {row['dice']:.3f}" for row in figures["rows"])
    name, seconds = f"{cell.method} {cell.volume} seed {cell.seed}", monotonic() - started
    print(
        f"{name}: Dice {dice} ({seconds:.0f} s)",
        file=sys.stderr,
        flush=True,
    )
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("results", type=Path, metavar="RESULTS.jsonl", help="Made, or gone on with.")
    add("--seeds", type=numbers, default=[0], help="Comma-separated. Default 0.")
    add("--methods", type=words, help="Comma-separated. Default: all.")
    add("--volumes", type=words, help="Items or folders. Default: all nine of the ladder.")
    add("--rounds", type=numbers, default=[1, 3, 6, 10], help="Slices after which is learned.")
    add("--steps", type=int, default=200, help="Of training each time. Default 200.")
    add("--scratch-steps", type=int, default=400, help="The same from scratch. Default 400.")
    add("--report", action="store_true", help="Compute nothing; print what there is.")
    add("--json", action="store_true", help="One JSON object in place of the tables.")
    return parser


if __name__ == "__main__":
    main()
