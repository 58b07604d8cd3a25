"""Training, validation and test: groups are never parted, classes evenly shared."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.datasets._sample import Sample
from napari_vessel.datasets._sharing import shared_out
from napari_vessel.datasets._tables import read_table
from napari_vessel.errors import SamplesError
from napari_vessel.volumes import write_atomically

__all__ = ["PARTS", "Split", "split_samples"]

PARTS = ("train", "validation", "test")
_COLUMNS = ("name", "label", "group", "part")


@dataclass(frozen=True)
class Split:
    """Which sample is in which part.

    Attributes
    ----------
    samples
        What was split.
    part
        The part of each name: train, validation or test.
    notes
        What could not be done, in sentences: a class that is not in every part, a part left empty.
    """

    samples: tuple[Sample, ...]
    part: Mapping[str, str]
    notes: tuple[str, ...] = field(default=(), compare=False)

    def indices(self, part: str, samples: Sequence[Sample] | None = None) -> NDArray[np.int64]:
        """Return where the samples of a part stand in ``samples`` (those that were split).

        Raises
        ------
        SamplesError
            If one of ``samples`` was not split; see ``kept`` of :func:`split_samples`.
        """
        among = self.samples if samples is None else samples
        new = [sample.name for sample in among if sample.name not in self.part]
        if new:
            message = (
                f"{len(new)} samples are in no part of the split, {new[0]!r} the first. "
                "Split again; what was split keeps its part."
            )
            raise SamplesError(message)
        return np.array([at for at, s in enumerate(among) if self.part[s.name] == part], np.int64)

    def counts(self) -> dict[str, dict[str | None, int]]:
        """Return how many samples of each class each part holds."""
        found = {part: Counter[str | None]() for part in PARTS}
        for sample in self.samples:
            found[self.part[sample.name]][sample.label] += 1
        return {part: dict(counter) for part, counter in found.items()}

    def write(self, path: Path) -> None:
        """Write ``name,label,group,part``, whole or not at all."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for sample in self.samples:
            row = (sample.name, sample.label or "", sample.group, self.part[sample.name])
            writer.writerow(row)
        write_atomically(path, text.getvalue().encode())

    @classmethod
    def read(cls, path: Path) -> Split:
        """Read what :meth:`write` wrote, or a table of a person's own.

        Raises
        ------
        SamplesError
            If it is no such table, a part has another name, a name stands twice, or a group is
            in two parts.
        """
        table = read_table(path)
        table.needs(["name", "part"])
        samples, part = [], {}
        for line, row in table.rows:
            name, where = row["name"], f"{path}, line {line}"
            if row["part"] not in PARTS:
                message = f"{where}: part {row['part']!r}; expected {', '.join(PARTS)}."
                raise SamplesError(message)
            if name in part:
                raise SamplesError(f"{where}: {name!r} stands twice; expected every name once.")
            part[name] = row["part"]
            samples.append(Sample(name, row.get("label") or None, row.get("group") or name))
        _nothing_leaks(samples, part, str(path))
        return cls(tuple(samples), part, _notes(samples, part))


def split_samples(
    samples: Sequence[Sample],
    fractions: tuple[float, float, float] = (0.70, 0.15, 0.15),
    seed: int = 0,
    kept: Split | None = None,
) -> Split:
    """Split samples so that groups stay whole and classes are in every part alike.

    Parameters
    ----------
    samples
        All samples; those without a class are one class of their own.
    fractions
        Of training, validation and test; they add up to 1, and may be 0.
    seed
        The same samples and seed give the same split, in whichever order they come.
    kept
        An earlier split: what is in it keeps its part, and so does every group of it; only what
        is new is shared out.

    Raises
    ------
    SamplesError
        If the fractions are none, or a group of ``kept`` is in two parts.
    """
    _check_fractions(fractions)
    part: dict[str, str] = {}
    fixed: dict[str, str] = {}
    if kept is not None:
        _nothing_leaks(samples, kept.part, "The split kept")
        old = {sample.group: kept.part[sample.name] for sample in kept.samples}
        now = {s.group: kept.part[s.name] for s in samples if s.name in kept.part}
        fixed = old | now
    groups, counts = _group_counts(samples)
    pinned = np.array([PARTS.index(fixed[g]) if g in fixed else -1 for g in groups], np.int64)
    chosen = shared_out(counts, pinned, np.asarray(fractions, float), seed)
    of_group = {group: PARTS[at] for group, at in zip(groups, chosen, strict=True)}
    part = {sample.name: of_group[sample.group] for sample in samples}
    return Split(tuple(samples), part, _notes(samples, part, fractions))


def _check_fractions(fractions: Sequence[float]) -> None:
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6 or fractions[0] == 0:
        message = (
            f"Fractions {tuple(fractions)}: expected three numbers from 0 to 1 that add up to 1, "
            "as 0.7, 0.15, 0.15, the first (training) above 0."
        )
        raise SamplesError(message)


def _group_counts(samples: Sequence[Sample]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the groups in order, and how many samples of each class each has."""
    groups = sorted({sample.group for sample in samples})
    labels = sorted({sample.label or "" for sample in samples})
    row, column = ({name: at for at, name in enumerate(names)} for names in (groups, labels))
    counts = np.zeros((len(groups), len(labels)), np.int64)
    for sample in samples:
        counts[row[sample.group], column[sample.label or ""]] += 1
    return groups, counts


def _nothing_leaks(samples: Sequence[Sample], part: Mapping[str, str], where: str) -> None:
    seen: dict[str, tuple[str, str]] = {}
    for sample in samples:
        own = part.get(sample.name)
        if own is None:
            continue
        other, name = seen.setdefault(sample.group, (own, sample.name))
        if own != other:
            message = (
                f"{where}: group {sample.group!r} is in {other} ({name!r}) and in {own} "
                f"({sample.name!r}): what is learned there would leak. Put it into one part."
            )
            raise SamplesError(message)


def _notes(
    samples: Sequence[Sample],
    part: Mapping[str, str],
    fractions: Sequence[float] = (1.0, 1.0, 1.0),
) -> tuple[str, ...]:
    wanted = [name for name, fraction in zip(PARTS, fractions, strict=True) if fraction > 0]
    held: dict[str | None, set[str]] = {}
    groups: dict[str | None, set[str]] = {}
    for sample in samples:
        held.setdefault(sample.label, set()).add(part[sample.name])
        groups.setdefault(sample.label, set()).add(sample.group)
    notes = []
    for label in sorted(held, key=lambda name: name or ""):
        missing = [name for name in wanted if name not in held[label]]
        if missing:
            what = "Samples without a class" if label is None else f"Class {label!r}"
            count = len(groups[label])
            alone = "1 group" if count == 1 else f"{count} groups"
            notes.append(f"{what}: {alone} only, none in {' and '.join(missing)}.")
    return tuple(notes)
