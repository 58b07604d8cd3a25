"""The ladder's tables and what they show: means of seeds, marks, and the laws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from _tables import table
from ladder_cells import UNSEEDED, Cell, cell_of
from ladder_data import GROUPS, OTHER, SCORES
from ladder_laws import Law, all_known, laws_of

_STARTERS = ("zero-shot", "tuned")
_GROUPS = (*GROUPS.values(), OTHER)
_CHANCE = "hipct3d_17_kidney3"  # 276 vessel voxels are scored: its Dice is chance, and sways a mean
Figures = dict[str, Any]
Entry = tuple[str, str]  # method, volume


@dataclass(frozen=True)
class Report:
    """The seeds' means of each method on each volume."""

    methods: tuple[str, ...]
    volumes: tuple[str, ...]
    entries: dict[Entry, list[Figures]]
    groups: dict[str, str]  # of each volume
    flat: frozenset[str]  # single slices: in no mean
    marked: frozenset[str]  # volumes that the starter was trained on

    @classmethod
    def of(
        cls, wanted: Iterable[Cell], found: Iterable[Figures], marked: Iterable[str] = ()
    ) -> Report:
        """Collect what was found of the cells that are wanted.

        ``marked`` are volumes that the starter was trained on, where no cell of it says so yet.
        """
        cells = [cell.as_kept() for cell in wanted]
        results = {cell_of(figures): figures for figures in found}
        entries: dict[Entry, list[Figures]] = {}
        for cell in cells:
            if cell in results:
                entries.setdefault((cell.method, cell.volume), []).append(results[cell])
        every = [figures for several in entries.values() for figures in several]
        return cls(
            methods=tuple(dict.fromkeys(cell.method for cell in cells)),
            volumes=tuple(dict.fromkeys(cell.volume for cell in cells)),
            entries=entries,
            groups={figures["volume"]: figures["group"] for figures in every},
            flat=_flat(cells, every),
            marked=frozenset(marked) | {f["volume"] for f in every if f.get("marked")},
        )

    def value(self, entry: Entry, *path: str) -> float | None:
        """Return the seeds' mean of a figure, or None where there is none."""
        values = [_at(figures, path) for figures in self.entries.get(entry, ())]
        known = [value for value in values if value is not None]
        return fmean(known) if known else None

    def mean(self, method: str, volumes: Sequence[str], *path: str) -> float | None:
        """Return the mean of a figure over volumes, or None where one has none."""
        values = [self.value((method, volume), *path) for volume in volumes]
        return fmean(known) if (known := all_known(values)) else None

    def unmarked(self, group: str | None = None) -> list[str]:
        """Return the volumes that means are of: no single slices, none that is marked."""
        return [
            volume
            for volume in self.volumes
            if volume not in self.flat | self.marked and group in {None, self.groups.get(volume)}
        ]

    def means(self) -> list[Figures]:
        """Return the one table of a run: a row a method, its means over the unmarked volumes.

        What is trained has a row more for each moment of its training that was looked at.
        """
        rows = [self._mean_row(method, method, ()) for method in self.methods]
        for mark in self._marks():
            early = ("early", mark)
            rows += [
                self._mean_row(f"{method} after {mark} s", method, early)
                for method in self.methods
                if self._has(method, early)
            ]
        return rows

    def rows(self, score: str, *under: str) -> list[Figures]:
        """Return a table of a score: a row a method, a column a volume, then means.

        ``under`` names where the score lies in a cell: ``early`` and a mark, or nothing.
        """
        return [self._row(m, (*under, score)) for m in self.methods if self._has(m, under)]

    def text(self) -> str:
        """Return all tables and laws as Markdown."""
        if not self.entries:
            return "Nothing is computed yet."
        parts = [self._means_text(), _titled("Dice", self.rows("dice"))]
        for mark in self._marks():
            rows = self.rows("dice", "early", mark)
            parts.append(_titled(f"Dice after {mark} s of training", rows))
        parts += [_titled(score, self.rows(score)) for score in ("surface_dice", "cldice")]
        parts.append(_titled("Planes (Dice)", self.plane_rows()))
        laws = "\n".join(law.line() for law in self.laws())
        return "\n\n".join([*filter(None, parts), self._note(), "## Shown by\n\n" + laws])

    def as_dict(self) -> Figures:
        """Return all tables and laws in JSON's types."""
        early = {mark: self.rows("dice", "early", mark) for mark in self._marks()}
        return {
            "means": self.means(),
            "means of": self.unmarked(),
            "rows": {score: self.rows(score) for score in SCORES},
            "early": early,
            "planes": self.plane_rows(),
            "marked": sorted(self.marked),
            "laws": [vars(law) for law in self.laws()],
        }

    def plane_rows(self) -> list[Figures]:
        """Return each plane's Dice alone beside that of the chosen fusion."""
        rows = []
        for method, volume in self.entries:
            alone = {p: self.value((method, volume), "planes", p) for p in ("xy", "xz", "yz")}
            fused = self.value((method, volume), "fused")
            if fused is not None and (known := all_known(list(alone.values()))):
                row = {"method": method, "volume": self.name_of(volume)} | alone
                rows.append(row | {"fused": fused, "fused - best": fused - max(known)})
        return rows

    def laws(self) -> list[Law]:
        """Return what the issue wants shown, each with its figures."""
        return laws_of(self)

    def _row(self, method: str, path: tuple[str, ...]) -> Figures:
        row: Figures = {"method": method}
        for volume in self.volumes:
            row[self.name_of(volume)] = _shown(self.value((method, volume), *path))
        for group in self._groups():
            row[f"mean {group}"] = _shown(self.mean(method, self.unmarked(group), *path))
        row["mean"] = _shown(self.mean(method, self.unmarked(), *path))
        if self.marked:
            every = [volume for volume in self.volumes if volume not in self.flat]
            ours = method.startswith(_STARTERS)
            row["mean with *"] = "" if ours else _shown(self.mean(method, every, *path))
        return row

    def _mean_row(self, title: str, method: str, under: tuple[str, ...]) -> Figures:
        volumes = self.unmarked()
        row: Figures = {"method": title, "seeds": self._seeds(method, volumes)}
        for name, score in zip(("Dice", "surface dice", "clDice"), SCORES, strict=True):
            row[name] = _shown(self.mean(method, volumes, *under, score))
        row["seconds"] = "" if under else _shown(self.mean(method, volumes, "seconds"))
        if _CHANCE in volumes:
            rest = [volume for volume in volumes if volume != _CHANCE]
            row[f"Dice without {_CHANCE}"] = _shown(self.mean(method, rest, *under, "dice"))
        return row

    def _seeds(self, method: str, volumes: Sequence[str]) -> str:
        """Return how many seeds a mean is of, the least and the most of its volumes."""
        counts = [len(self.entries.get((method, volume), ())) for volume in volumes] or [0]
        least, most = min(counts), max(counts)
        return f"{least}" if least == most else f"{least} to {most}"

    def _means_text(self) -> str:
        volumes = self.unmarked()
        said = f"Over {', '.join(volumes)}." if volumes else "No volume is unmarked: no means."
        if _CHANCE in volumes:
            said += f" {_CHANCE} has so few vessel voxels that its Dice is chance: the last "
            said += "column is the mean without it."
        said += " Blank where a volume has no cell yet. What draws nothing needs one seed."
        return f"{_titled('Means', self.means())}\n\n{said}"

    def _has(self, method: str, under: tuple[str, ...]) -> bool:
        return not under or any(
            _at(figures, (*under, "dice")) is not None
            for (name, _), several in self.entries.items()
            for figures in several
            if name == method
        )

    def _marks(self) -> list[str]:
        marks = {m for fs in self.entries.values() for f in fs for m in f.get("early", {})}
        return sorted(marks, key=float)

    def _groups(self) -> list[str]:
        return [group for group in _GROUPS if group in self.groups.values()]

    def name_of(self, volume: str) -> str:
        """Name a volume as the tables do: * where the starter was trained on it."""
        return volume + ("*" if volume in self.marked else "")

    def _note(self) -> str:
        ends = [f["end"] for fs in self.entries.values() for f in fs if "end" in f]
        late = sum(end == "minutes" for end in ends)
        kept = sum(f.get("adopted") is False for fs in self.entries.values() for f in fs)
        return (
            "Means of the seeds; labelled slices are not scored. Oracles and zero-shot are scored "
            "on the whole volume. Means are of the volumes, without single slices and without "
            "those marked * (the starter's card names their kidney), so that rows compare. Seconds "
            f"are of one core. Of {len(ends)} trainings {late} ended by the clock, the others "
            f"because they no longer improved; {kept} were no better than the starter on the "
            "reviewed voxels, and the starter was kept."
        )


def _flat(cells: Sequence[Cell], every: Sequence[Figures]) -> frozenset[str]:
    """Return the volumes of which no slice can be labelled, as far as is known.

    What is seeded needs labelled slices; an unseeded cell of several slices says ``rest``.
    """
    solid = {cell.volume for cell in cells if not cell.method.startswith(UNSEEDED)}
    looked = {figures["volume"] for figures in every} if not solid else {c.volume for c in cells}
    return frozenset(looked - solid - {f["volume"] for f in every if "rest" in f})


def _at(figures: Figures, path: Iterable[str]) -> float | None:
    found: Any = figures
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return None if found is None else float(found)


def _shown(value: float | None) -> float | str:
    return "" if value is None else value


def _titled(title: str, rows: list[Figures]) -> str:
    return f"## {title}\n\n{table(rows)}" if rows else ""
