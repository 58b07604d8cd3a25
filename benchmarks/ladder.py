"""The ladder: what a starter network is worth on real volumes, against all a person has else.

Methods: the best global threshold, Frangi and Sato with the settings that the truth itself
chooses (oracles); signed-distance interpolation of 3 and 6 labelled slices; a random forest
from scribbles in 3; a U-Net from scratch on 1, 3 and 6 slices; the starter before any
correction and tuned on 1, 3 and 6. Slices that were labelled are not scored.

Run as ``python benchmarks/ladder.py RESULTS.jsonl``. Every cell (method, volume, seed) is
appended to RESULTS.jsonl as soon as it is done, so a run that was stopped goes on where
it was; cells of another starter or another time for training are computed anew and kept.
With ``--report`` nothing is computed; lines of other recipes are counted, and shown with
``--any-recipe``. Volumes are those of NAPARI_VESSEL_DATA, else of ../shared/data, or any folder
with image.tif and label.tif (any label but 0 is vessel): its voxel size is what ``--voxel-size``
says, else ``voxel_um`` in manifest.json beside the folder, else what the TIFF file says; whether
its vessels are dark or bright ``--vessels`` says, else ``vessels`` in manifest.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from time import monotonic
from typing import Any

from _arguments import numbers, words

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def main() -> None:
    """Compute what is missing, then print the tables; ends with 1 where a cell failed."""
    arguments = _parsed()
    for name in _ONE_THREAD:  # before numpy and torch are imported, here and in the workers
        os.environ[name] = "1"
    from ladder_cells import METHODS

    if unknown := set(arguments.methods or ()) - set(METHODS):
        sys.exit(f"No such method: {', '.join(unknown)}. Methods: {', '.join(METHODS)}")
    from napari_vessel.errors import VesselError

    try:
        sys.exit(_of_any_recipe(arguments) if arguments.any_recipe else _of_today(arguments))
    except VesselError as error:
        sys.exit(str(error))


def _of_today(arguments: argparse.Namespace) -> bool:
    """Compute and print cells of today's recipes; tell whether one failed."""
    from _real_data import data_folder
    from ladder_cells import METHODS, cells, left, places, read_results, trained_on
    from ladder_data import ITEMS
    from ladder_plan import Plan
    from ladder_recipes import Others

    if not arguments.volumes and not data_folder().is_dir():
        sys.exit(
            f"{data_folder()} is missing: name the folder of real volumes in NAPARI_VESSEL_DATA"
        )
    plan = Plan(
        arguments.checkpoint,
        arguments.seconds,
        arguments.scratch_seconds or arguments.seconds,
        polarity=arguments.polarity,
        views=arguments.views,
    )
    found = read_results(arguments.results)
    known = places(arguments.volumes or ITEMS, _told(arguments), found)
    flat = {name: place.flat for name, place in known.items()}
    wanted = cells(arguments.methods or METHODS, flat, arguments.seeds, plan)
    todo = [] if arguments.report else list(left(wanted, found))
    failed = sum(_computed(todo, plan, arguments))
    missing = {*left(wanted, found := read_results(arguments.results))}
    others = Others.of(wanted, found)
    more = {"missing": len(missing), "failed": failed, "other_recipes": others.as_rows()}
    ending = f"{len(wanted) - len(missing)} of {len(wanted)} cells."
    provenance = plan.open().card.provenance
    marked = {place.name for place in known.values() if trained_on(place.name, provenance)}
    _print(
        arguments, (wanted, found, marked), more, "\n\n".join(filter(None, (others.text(), ending)))
    )
    return bool(failed)


def _of_any_recipe(arguments: argparse.Namespace) -> bool:
    """Print what the results file has, whatever the recipe."""
    from ladder_cells import METHODS, read_results
    from ladder_recipes import by_recipe, recipes_text

    found = read_results(arguments.results)
    methods = arguments.methods or METHODS
    wanted, kept = by_recipe(found, methods, arguments.volumes, arguments.seeds)
    ending = f"{recipes_text(wanted)}\n\n{len(wanted)} of {len(found)} cells in the file."
    _print(arguments, (wanted, kept), {"cells": len(wanted)}, ending)
    return False


def _print(
    arguments: argparse.Namespace, results: tuple[Any, ...], more: dict[str, Any], ending: str
) -> None:
    from ladder_report import Report

    report = Report.of(*results)
    print(json.dumps(report.as_dict() | more) if arguments.json else f"{report.text()}\n\n{ending}")


def _told(arguments: argparse.Namespace) -> Any:  # noqa: ANN401
    from ladder_data import Told
    from napari_vessel.geometry import VoxelSize

    edges = arguments.voxel_size
    return Told(VoxelSize.parse(edges) if edges else None, arguments.vessels)


def _computed(todo: list[Any], plan: Any, arguments: argparse.Namespace) -> Iterator[bool]:  # noqa: ANN401
    """Compute cells in processes of their own; yield whether each failed."""
    if not todo:
        return
    from ladder_cells import append_result, compute

    started, context = monotonic(), multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.workers, context, initializer=_one_thread) as pool:
        seeds, told = tuple(arguments.seeds), _told(arguments)
        waiting: dict[Future[dict[str, Any]], Any] = {
            pool.submit(compute, cell, plan, seeds, told): cell for cell in todo
        }
        for done, future in enumerate(as_completed(waiting), 1):
            error, cell = future.exception(), waiting[future]
            if error is None:
                append_result(arguments.results, future.result())
            told = f"failed: {error!r}" if error else f"Dice {future.result()['dice']:.3f}"
            minutes = (monotonic() - started) / done * (len(todo) - done) / 60
            print(
                f"{done}/{len(todo)} {cell.method} {Path(cell.volume).name} seed {cell.seed}: "
                f"{told}, about {minutes:.0f} min left",
                file=sys.stderr,
                flush=True,
            )
            yield error is not None


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _parsed() -> argparse.Namespace:
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.any_recipe and not arguments.report:
        parser.error("--any-recipe shows what there is: it needs --report")
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("results", type=Path, metavar="RESULTS.jsonl", help="Made, or gone on with.")
    add("--seeds", type=numbers, default=[0, 1, 2], help="Comma-separated. Default 0,1,2.")
    add("--methods", type=words, help="Comma-separated. Default: all.")
    add("--volumes", type=words, help="Items or folders, comma-separated. Default: all ten.")
    add("--voxel-size", metavar="Z,Y,X", help="In µm, of the folders named; overrides their files.")
    add(
        "--vessels",
        choices=("dark", "bright"),
        help="Of the folders named.",
    )
    add("--workers", type=int, default=2, help="Processes of one thread each. Default 2.")
    add("--seconds", type=float, default=40.0, help="Of training, of one core. Default 40.")
    add("--scratch-seconds", type=float, help="The same from scratch. Default: --seconds.")
    add("--checkpoint", type=Path, help="A checkpoint's folder, in place of the starter.")
    add("--polarity", choices=("auto", "known"), default="auto", help="Found, or the manifest's.")
    add("--views", choices=("none", "flips"), default="none", help="Of all networks alike.")
    add("--report", action="store_true", help="Compute nothing; print what there is.")
    add("--any-recipe", action="store_true", help="With --report: old recipes too, by recipe.")
    add("--json", action="store_true", help="One JSON object in place of the tables.")
    return parser


if __name__ == "__main__":
    main()
