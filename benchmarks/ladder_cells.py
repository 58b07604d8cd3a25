"""One cell of the ladder: a method on a volume with a seed, and the file that keeps them."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from time import process_time
from typing import Any

from ladder_classic import best_ridges, best_threshold, interpolated
from ladder_data import UNTOLD, Item, Mask, Place, Told, chosen_slices, find, load, scored
from ladder_plan import Plan
from napari_vessel.errors import CallerError

ORACLES = ("threshold", "frangi", "sato")
METHODS = (
    *ORACLES,
    "sdf-3",
    "sdf-6",
    "forest-3",
    "zero-shot",
    "tuned-3",
    "scratch-3",
    "tuned-1",
    "scratch-1",
    "tuned-6",
    "scratch-6",
)
UNSEEDED = (*ORACLES, "zero-shot")  # nothing of them is drawn: one cell is all seeds
_COMPARED = 3  # labelled slices that an unseeded method is also scored without


@dataclass(frozen=True)
class Cell:
    """What is computed at a time; ``volume`` is an item's name or a folder."""

    method: str
    volume: str
    seed: int
    recipe: str  # the network and the time it has, where the method is one

    @property
    def count(self) -> int:
        """How many slices are labelled."""
        return int(self.method.partition("-")[2]) if self.method[-1].isdigit() else 0

    def as_kept(self) -> Cell:
        """Return the cell as results name it: a folder by its last part."""
        return replace(self, volume=Path(self.volume).name)


def cells(
    methods: Iterable[str], flat: Mapping[str, bool], seeds: Iterable[int], plan: Plan
) -> list[Cell]:
    """List the cells, all of the first seed first; of single slices what needs no others.

    ``flat`` names the volumes, and says of each whether it is a single slice.
    """
    return [
        Cell(method, name, seed, "" if _classic(method) else plan.recipe(method))
        for number, seed in enumerate(seeds)
        for method in methods
        for name in flat
        if not (flat[name] and method not in UNSEEDED) and not (number and method in UNSEEDED)
    ]


def places(volumes: Iterable[str], told: Told, found: Iterable[dict[str, Any]]) -> dict[str, Place]:
    """Find the volumes, and refuse what the results file could not tell apart.

    Raises
    ------
    CallerError
        Two volumes have one name, or the file has cells of one as it is not told to be now.
    """
    known = {volume: find(volume, told) for volume in volumes}
    by_name = {place.name: place for place in known.values()}
    if len(by_name) < len(known):
        names = [place.name for place in known.values()]
        twice = ", ".join(sorted({name for name in names if names.count(name) > 1}))
        raise CallerError(f"Several folders are called {twice}: results name them by that alone.")
    for figures in found:
        place = by_name.get(figures["volume"])
        kept = {name: figures[name] for name in ("voxel_um", "polarity") if name in figures}
        if place and not kept.items() <= place.as_kept().items():
            raise CallerError(
                f"The results file has cells of {place.name} with {kept}, and here it is "
                f"{place.as_kept()}: say it as before, or name another results file."
            )
    return known


def compute(cell: Cell, plan: Plan, seeds: tuple[int, ...], told: Told = UNTOLD) -> dict[str, Any]:
    """Compute a cell; return what one line of the results file holds."""
    place, item = find(cell.volume, told), load(cell.volume, told)
    figures: dict[str, Any] = asdict(cell) | {"volume": item.name, "group": item.group}
    figures |= place.as_kept()
    if not _classic(cell.method):
        figures["marked"] = trained_on(item.name, plan.open().card.provenance)
    return figures | _figures(cell, item, plan, seeds)


def trained_on(volume: str, provenance: str) -> bool:
    """Tell whether a network's card says that it was made with the kidney a volume is of."""
    return "kidney1" in volume.replace("_", "") and "kidney1" in provenance.replace("_", "")


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read the cells in a results file, the last of equal ones; what was cut off is left out."""
    found: dict[Cell, dict[str, Any]] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            figures = json.loads(line)
        except json.JSONDecodeError:
            warnings.warn(f"{path}: a line that was cut off is left out", stacklevel=2)
            continue
        found[cell_of(figures)] = figures
    return list(found.values())


def cell_of(figures: dict[str, Any]) -> Cell:
    """Return the cell that a line of a results file is of."""
    return Cell(*(figures[name] for name in ("method", "volume", "seed", "recipe")))


def append_result(path: Path, figures: dict[str, Any]) -> None:
    """Append a cell's line, after a new line where the last one was cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(figures).encode() + b"\n")


def left(wanted: list[Cell], found: Iterable[dict[str, Any]]) -> Iterator[Cell]:
    """Yield the cells that are not in the results yet."""
    done = {cell_of(figures) for figures in found}
    for cell in wanted:
        if cell.as_kept() not in done:
            yield cell


def _figures(cell: Cell, item: Item, plan: Plan, seeds: tuple[int, ...]) -> dict[str, Any]:
    method, seed = cell.method, cell.seed
    if method in UNSEEDED:
        return _unseeded(method, item, plan, seeds)
    slices = chosen_slices(item.truth, cell.count, seed)
    if method.startswith(("tuned", "scratch")):
        from ladder_networks import learned  # brings torch

        with tempfile.TemporaryDirectory() as folder:
            found = learned(item, Path(folder), method, slices, plan, seed)
        return {"slices": slices} | found
    started = process_time()
    if method.startswith("sdf"):
        mask = interpolated(item.truth, slices)
    else:
        from ladder_forest import forest_mask  # scikit-learn is needed for this alone

        mask = forest_mask(item.image(), item.truth, slices, seed)
    seconds = process_time() - started
    return {"slices": slices, "seconds": seconds} | scored(mask, item, slices)


def _unseeded(method: str, item: Item, plan: Plan, seeds: tuple[int, ...]) -> dict[str, Any]:
    """Score on the whole volume and, as ``rest``, where slices of the seeds are not labelled."""
    mask, figures = _once(method, item, plan)
    figures |= scored(mask, item)
    if not item.flat:
        chosen = [chosen_slices(item.truth, _COMPARED, seed) for seed in seeds]
        rests = [scored(mask, item, slices) for slices in chosen]
        figures["rest"] = {name: fmean(rest[name] for rest in rests) for name in rests[0]}
    return figures


def _once(method: str, item: Item, plan: Plan) -> tuple[Mask, dict[str, Any]]:
    if method == "zero-shot":
        from ladder_networks import zero_shot

        with tempfile.TemporaryDirectory() as folder:
            return zero_shot(item, Path(folder), plan)
    started = process_time()
    if method == "threshold":
        oracle = best_threshold(item.image(), item.truth)
    else:
        oracle = best_ridges(item.image(), item.truth, method)
    return oracle.mask, {"setting": oracle.setting, "seconds": process_time() - started}


def _classic(method: str) -> bool:
    return not method.startswith(("zero-shot", "tuned", "scratch"))
