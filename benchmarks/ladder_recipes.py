"""Cells of other recipes than today's in a results file: told of, and shown where asked for.

A recipe names a network, its time and how it learns (``Plan.recipe``); as the starter and
``TrainingConfig`` change, older cells stay in their files and are no answer to today's question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladder_cells import METHODS, Cell, cell_of
from ladder_data import ITEMS

Figures = dict[str, Any]
Named = tuple[str, str]  # method, recipe


@dataclass(frozen=True)
class Others:
    """How many lines there are of each method and recipe that is not wanted."""

    counts: dict[Named, int]

    @classmethod
    def of(cls, wanted: Iterable[Cell], found: Iterable[Figures]) -> Others:
        """Count the lines of a wanted method on a wanted volume, but of another recipe."""
        kept = [cell.as_kept() for cell in wanted]
        asked = {(cell.method, cell.volume) for cell in kept}
        recipes = {(cell.method, cell.recipe) for cell in kept}
        lines = map(cell_of, found)
        others = [
            (cell.method, cell.recipe)
            for cell in lines
            if (cell.method, cell.volume) in asked and (cell.method, cell.recipe) not in recipes
        ]
        return cls(dict(Counter(others)))

    def text(self) -> str:
        """Say how many there are and what to do; nothing where there are none."""
        if not self.counts:
            return ""
        each = "\n".join(f"- {m} of `{recipe}`: {n}" for (m, recipe), n in self.counts.items())
        return (
            f"**{sum(self.counts.values())} lines of other recipes** are in the file and not in "
            "the tables: another network, time or way of training than today's. `--report "
            "--any-recipe` shows them, by recipe; without `--report` their cells are computed "
            f"anew, and the old lines stay.\n\n{each}"
        )

    def as_rows(self) -> list[Figures]:
        """Return the counts in JSON's types."""
        return [{"method": m, "recipe": r, "lines": n} for (m, r), n in self.counts.items()]


def by_recipe(
    found: Sequence[Figures],
    methods: Collection[str],
    volumes: Iterable[str] | None,
    seeds: Collection[int],
) -> tuple[list[Cell], list[Figures]]:
    """Return what there is of any recipe, as if it were wanted.

    Where a method has several recipes, each is a method of its own, which carries the recipe
    in its name. Without ``volumes``, all in the file.
    """
    names = None if volumes is None else [Path(volume).name for volume in volumes]
    asked = [
        figures
        for figures in found
        if figures["method"] in methods
        and figures["seed"] in seeds
        and (names is None or figures["volume"] in names)
    ]
    recipes: dict[str, list[str]] = {}
    for cell in map(cell_of, asked):
        if cell.recipe not in recipes.setdefault(cell.method, []):
            recipes[cell.method].append(cell.recipe)
    order = [*(names or ITEMS), *(figures["volume"] for figures in asked)]
    rank = [(m, r) for m in METHODS for r in recipes.get(m, ())]
    asked.sort(key=lambda f: (rank.index(_named(f)), order.index(f["volume"]), f["seed"]))
    labelled = [figures | {"method": _label(figures, recipes)} for figures in asked]
    return [cell_of(figures) for figures in labelled], labelled


def recipes_text(cells: Iterable[Cell]) -> str:
    """Name the recipe of each method, where it has one."""
    named = dict.fromkeys((cell.method, cell.recipe) for cell in cells if cell.recipe)
    each = "\n".join(f"- {method}: `{recipe}`" for method, recipe in named)
    return (
        f"**Recipes**, old ones too. A law about a method of several recipes is UNKNOWN.\n\n{each}"
    )


def _named(figures: Figures) -> Named:
    return figures["method"], figures["recipe"]


def _label(figures: Figures, recipes: dict[str, list[str]]) -> str:
    method, recipe = _named(figures)
    return method if len(recipes[method]) == 1 else f"{method} [{recipe}]"
