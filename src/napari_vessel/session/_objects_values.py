"""Objects, their classes, and what a person does to them: frozen values, in voxels, zyx."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeVar

__all__ = [
    "COLOURS",
    "DEFAULT_CLASSES",
    "SYMBOLS",
    "Added",
    "ClassesChanged",
    "Deed",
    "Labelled",
    "Moved",
    "ObjectClass",
    "Point",
    "Removed",
    "Verdict",
    "deed_of_json",
    "inverse",
    "json_of_deed",
    "new_class",
]

Point = tuple[float, float, float]
_T = TypeVar("_T")

SYMBOLS = (
    *("disc", "square", "diamond", "triangle_up", "star"),
    *("triangle_down", "cross", "clobber", "tailed_arrow"),
)
COLOURS = (
    *("#4cc38a", "#e5484d", "#5b9dff", "#f5a623", "#b57bee"),
    *("#2dd4d4", "#f06fb4", "#c2d94c", "#b08968"),
)


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """A class that objects can have, and how it is shown: a colour ``#rrggbb`` and a symbol."""

    name: str
    colour: str
    symbol: str


def new_class(name: str, place: int) -> ObjectClass:
    """Return a class that looks unlike the ``place`` classes before it."""
    return ObjectClass(name, COLOURS[place % len(COLOURS)], SYMBOLS[place % len(SYMBOLS)])


DEFAULT_CLASSES = (new_class("not sclerotic", 0), new_class("globally sclerotic", 1))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said an object is: the class and who said so."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Added:
    """Objects were marked; ``verdicts`` are None where nobody said what they are."""

    ids: tuple[str, ...]
    points: tuple[Point, ...]
    verdicts: tuple[Verdict | None, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """Objects were taken away, with what they were."""

    ids: tuple[str, ...]
    points: tuple[Point, ...]
    verdicts: tuple[Verdict | None, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """Objects are elsewhere now."""

    ids: tuple[str, ...]
    points: tuple[Point, ...]
    before: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A person said what objects are; None takes it back."""

    ids: tuple[str, ...]
    verdicts: tuple[Verdict | None, ...]
    before: tuple[Verdict | None, ...]


@dataclass(frozen=True, slots=True)
class ClassesChanged:
    """The list of classes is another; ``renamed`` holds (old, new) names."""

    classes: tuple[ObjectClass, ...]
    before: tuple[ObjectClass, ...]
    renamed: tuple[tuple[str, str], ...] = ()


Deed = Added | Removed | Moved | Labelled | ClassesChanged


def inverse(deed: Deed) -> Deed:
    """Return what takes ``deed`` back."""
    if isinstance(deed, Added):
        return Removed(deed.ids, deed.points, deed.verdicts)
    if isinstance(deed, Removed):
        return Added(deed.ids, deed.points, deed.verdicts)
    if isinstance(deed, Moved):
        return Moved(deed.ids, deed.before, deed.points)
    if isinstance(deed, Labelled):
        return Labelled(deed.ids, deed.before, deed.verdicts)
    return ClassesChanged(deed.before, deed.classes, tuple((new, old) for old, new in deed.renamed))


# -- as JSON and back ----------------------------------------------------------------------------


def json_of_deed(deed: Deed) -> dict[str, Any]:
    """Write a deed as values that JSON knows."""
    if isinstance(deed, ClassesChanged):
        return {
            "deed": "classes",
            "classes": [_class_values(one) for one in deed.classes],
            "before": [_class_values(one) for one in deed.before],
            "renamed": [list(pair) for pair in deed.renamed],
        }
    values: dict[str, Any] = {"deed": _NAMES[type(deed)], "ids": list(deed.ids)}
    if isinstance(deed, Labelled):
        before = [_verdict_values(one) for one in deed.before]
        return {**values, "verdicts": [_verdict_values(v) for v in deed.verdicts], "before": before}
    values["points"] = [list(point) for point in deed.points]
    if isinstance(deed, Moved):
        return {**values, "before": [list(point) for point in deed.before]}
    return {**values, "verdicts": [_verdict_values(one) for one in deed.verdicts]}


def deed_of_json(values: dict[str, Any]) -> Deed:
    """Read a deed that :func:`json_of_deed` wrote.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is damaged, or of a newer version.
    """
    kind = values["deed"]
    if kind == "classes":
        classes = tuple(ObjectClass(*map(str, one)) for one in values["classes"])
        before = tuple(ObjectClass(*map(str, one)) for one in values["before"])
        renamed = tuple((str(old), str(new)) for old, new in values["renamed"])
        return ClassesChanged(classes, before, renamed)
    ids, count = tuple(map(str, values["ids"])), len(values["ids"])
    if kind == "labelled":
        said, before_said = (_verdicts(values[name], count) for name in ("verdicts", "before"))
        return Labelled(ids, said, before_said)
    points = _points(values["points"], count)
    if kind == "moved":
        return Moved(ids, points, _points(values["before"], count))
    return _OF_NAMES[kind](ids, points, _verdicts(values["verdicts"], count))


_NAMES: dict[type, str] = {
    Added: "added",
    Removed: "removed",
    Moved: "moved",
    Labelled: "labelled",
}
_OF_NAMES: dict[str, type[Added] | type[Removed]] = {"added": Added, "removed": Removed}


def _class_values(one: ObjectClass) -> list[str]:
    return [one.name, one.colour, one.symbol]


def _verdict_values(one: Verdict | None) -> list[str] | None:
    return None if one is None else [one.name, one.by]


def _verdicts(values: list[Any], count: int) -> tuple[Verdict | None, ...]:
    made = tuple(None if one is None else Verdict(str(one[0]), str(one[1])) for one in values)
    return _of_length(made, count)


def _points(values: list[Any], count: int) -> tuple[Point, ...]:
    points = tuple((float(z), float(y), float(x)) for z, y, x in values)
    if not all(isfinite(number) for point in points for number in point):
        raise ValueError("a place that is not finite")
    return _of_length(points, count)


def _of_length(values: tuple[_T, ...], count: int) -> tuple[_T, ...]:
    if len(values) != count:
        message = f"{count} objects, but {len(values)} values"
        raise ValueError(message)
    return values
