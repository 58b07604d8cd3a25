"""Is there a vessel in this chunk? The LeNet-like network on real volumes unseen in training.

Cubes of 2 mm of the HiP-CT volumes, split by volume in four turns: a turn learns from two
quarters of the volumes, chooses by the third and is tested on the fourth, so that every volume
is tested on once. Recipes: ``greys``, how bright a chunk is, without a network; ``before``, the
program's defaults; ``parted``, the same with chunks split without regard to their volumes;
``small``, the same with cubes of 1 mm; ``tuned``, the best by validation of 20 trials for each
turn; ``whole``, with cubes overlapped and turned, three networks, each chosen by another quarter
of what is not tested on, and twelve views of each cube.

Run as ``python benchmarks/chunks.py RESULTS.jsonl``. Every training is appended to RESULTS.jsonl
as soon as it is done, and studies are kept in RESULTS.studies, so a run that was stopped goes on
where it was. With ``--report`` nothing is computed. Volumes are those of NAPARI_VESSEL_DATA,
else of ../shared/data.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from _arguments import numbers, words


def main() -> None:
    """Compute what is missing, then print the table."""
    arguments = _parser().parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported
    from _real_data import data_folder
    from chunks_cells import read_results
    from chunks_report import rows, text

    if not arguments.report:
        if not data_folder().is_dir():
            sys.exit(f"{data_folder()} is missing: name it in NAPARI_VESSEL_DATA")
        _compute(arguments)
    found = read_results(arguments.results)
    print(json.dumps({"rows": rows(found)}) if arguments.json else text(found))


def _compute(arguments: argparse.Namespace) -> None:
    import torch

    from chunks_cells import append_result, cell_of, cells, compute, read_results

    torch.set_num_threads(1)
    done = {cell_of(result) for result in read_results(arguments.results)}
    for cell in cells():
        wanted = cell.recipe in arguments.recipes and cell.number < arguments.seeds
        if wanted and cell.turn in arguments.turns and cell not in done:
            append_result(arguments.results, result := compute(cell))
            _tell(result)
    if "tuned" in arguments.recipes:
        _tune(arguments)


def _tune(arguments: argparse.Namespace) -> None:
    from chunks_cells import BALANCES, TRIALS, append_result, cell_of, read_results, tuned

    folder = arguments.studies or arguments.results.with_suffix(".studies")
    for at in arguments.turns:
        for balance in BALANCES:
            cells = {cell_of(result) for result in read_results(arguments.results)}
            done = {
                c.number for c in cells if (c.recipe, c.balance, c.turn) == ("tuned", balance, at)
            }
            if len(done) >= TRIALS:
                continue
            for result in tuned(balance, at, folder, done):
                append_result(arguments.results, result)
                _tell(result)


def _tell(result: dict[str, object]) -> None:
    names = ("recipe", "balance", "turn", "number", "validation", "seconds")
    print(*(f"{name} {result[name]}" for name in names), file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    recipes = ["greys", "parted", "small", "before", "tuned", "whole"]
    add("results", type=Path, metavar="RESULTS.jsonl", help="Made, or gone on with.")
    add("--recipes", type=words, default=recipes, help=f"Default: {','.join(recipes)}.")
    add("--seeds", type=int, default=3, help="Of before and whole. Default 3.")
    add("--turns", type=numbers, default=[0, 1, 2, 3], help="Comma-separated. Default: all four.")
    add("--studies", type=Path, help="Folder of the studies. Default: RESULTS.studies.")
    add("--report", action="store_true", help="Compute nothing; print what there is.")
    add("--json", action="store_true", help="One JSON object in place of the table.")
    return parser


if __name__ == "__main__":
    main()
