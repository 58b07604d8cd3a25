"""What every set of samples must hold before it is used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from napari_vessel.datasets._sample import Sample
from napari_vessel.errors import SamplesError

__all__ = ["checked_classes", "checked_names", "natural"]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that counts numbers within a name: a2 before a10.

    >>> sorted(["a10", "a2"], key=natural)
    ['a2', 'a10']
    """
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def checked_names(samples: Sequence[Sample], where: str) -> None:
    """Refuse a set without samples, and one with a name twice.

    Raises
    ------
    SamplesError
        If there is none, or a name stands for several.
    """
    if not samples:
        raise SamplesError(f"{where} holds no sample. Check the path and what it should hold.")
    counts = Counter(sample.name for sample in samples)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        message = f"{where}: {listed(twice)} named more than once; expected every name once."
        raise SamplesError(message)


def checked_classes(
    samples: Iterable[Sample], given: tuple[str, ...] | None, where: str
) -> tuple[str, ...]:
    """Return the classes, those found in natural order where none were given.

    Raises
    ------
    SamplesError
        If samples have a class that was not given.
    """
    found = {sample.label: sample.name for sample in reversed(list(samples)) if sample.label}
    if given is None:
        return tuple(sorted(found, key=natural))
    unknown = [label for label in sorted(found, key=natural) if label not in given]
    if unknown:
        message = (
            f"{where}: class {listed(unknown)} (first at {found[unknown[0]]!r}) is not one of "
            f"{listed(given)}. Mend the label, or name the class."
        )
        raise SamplesError(message)
    return given


def listed(names: Sequence[str]) -> str:
    """Return up to five names in quotes."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name) for name in names[:5]) + more
