"""The objects as they are now: places, what persons said, what a classifier said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_vessel.session._objects_values import (
    DEFAULT_CLASSES,
    Added,
    ClassesChanged,
    Deed,
    Labelled,
    Moved,
    ObjectClass,
    Removed,
    Verdict,
)

__all__ = ["Book", "Prediction"]

_V = TypeVar("_V")


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What a classifier said: ``probabilities`` (N, K) of ``ids`` (N) and ``classes`` (K)."""

    classifier: str
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    probabilities: NDArray[np.float32]


class Book:
    """All objects of a volume, in the order in which they were marked.

    Changed by :meth:`apply` alone, so that replaying the same deeds gives the same book.
    A deed on an object that is gone is passed over: two viewers may have worked at a time.
    """

    def __init__(self) -> None:
        self.classes: tuple[ObjectClass, ...] = DEFAULT_CLASSES
        self.ids: list[str] = []
        self.points: NDArray[np.float64] = np.empty((0, 3))
        self.verdicts: list[Verdict | None] = []
        self.prediction: Prediction | None = None
        self._place: dict[str, int] = {}
        self._probabilities: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self.ids)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their keys."""
        return tuple(one.name for one in self.classes)

    def index(self, id_: str) -> int | None:
        """Return the place of an object, if it is there."""
        return self._place.get(id_)

    def apply(self, deed: Deed) -> None:
        """Let a deed come about."""
        if isinstance(deed, Added):
            self._add(deed)
        elif isinstance(deed, Removed):
            self._remove(deed.ids)
        elif isinstance(deed, Moved):
            for at, point in self._there(deed.ids, deed.points):
                self.points[at] = point
        elif isinstance(deed, Labelled):
            for at, verdict in self._there(deed.ids, deed.verdicts):
                self.verdicts[at] = verdict
        else:
            self._change_classes(deed)

    def predict(self, prediction: Prediction | None) -> None:
        """Take what a classifier said; it changes nothing a person said."""
        self.prediction = prediction
        self._probabilities = None

    # -- what is read ----------------------------------------------------------

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Probabilities (objects, classes of :attr:`class_names`); NaN where none is known."""
        if self._probabilities is None:
            self._probabilities = self._laid_out()
        return self._probabilities

    def said(self) -> NDArray[np.int64]:
        """Return the place of the class a person said, for each object; -1: none."""
        places = {name: at for at, name in enumerate(self.class_names)}
        found = [-1 if v is None else places.get(v.name, -1) for v in self.verdicts]
        return np.array(found, np.int64)

    def predicted(self) -> NDArray[np.int64]:
        """Return the place of the class that was predicted, for each object; -1: none."""
        known = np.isfinite(self.probabilities).any(1)
        best = np.nan_to_num(self.probabilities, nan=-1.0).argmax(1) if len(self.classes) else known
        return np.where(known, best, -1).astype(np.int64)

    def certainty(self) -> NDArray[np.float64]:
        """Return how sure the classifier is, 0 (all classes alike) to 1; NaN: not classified.

        The largest probability, scaled: with K classes 1 / K is no certainty at all.
        """
        count = max(len(self.classes), 2)
        with np.errstate(invalid="ignore"):
            best = np.where(np.isnan(self.probabilities), -np.inf, self.probabilities)
            top = best.max(1, initial=-np.inf).astype(np.float64)
        top[np.isneginf(top)] = np.nan
        sure: NDArray[np.float64] = np.clip((top * count - 1) / (count - 1), 0, 1)
        return sure

    def next_open(self, after: str | None = None) -> str | None:
        """Return the object nobody labelled that a classifier is least sure of.

        Those without a prediction come first, the nearest to ``after`` first; of equals the
        nearest, too. None: everything is labelled.
        """
        open_ = np.array([v is None for v in self.verdicts], bool)
        here = self._place.get(after) if after else None
        if here is not None:
            open_[here] = False
        places = np.flatnonzero(open_)
        if not len(places):
            return None
        sure = np.nan_to_num(self.certainty()[places], nan=-1.0)
        origin = self.points[here] if here is not None else np.zeros(3)
        away = ((self.points[places] - origin) ** 2).sum(1)
        return self.ids[int(places[np.lexsort((away, np.round(sure, 3)))[0]])]

    def counts(self) -> dict[str, int]:
        """Return how many objects persons said to be of each class."""
        found = dict.fromkeys(self.class_names, 0)
        for verdict in self.verdicts:
            if verdict is not None and verdict.name in found:
                found[verdict.name] += 1
        return found

    # -- inside ----------------------------------------------------------------

    def _there(self, ids: Sequence[str], values: Iterable[_V]) -> list[tuple[int, _V]]:
        return [
            (self._place[id_], value)
            for id_, value in zip(ids, values, strict=True)
            if id_ in self._place
        ]

    def _add(self, deed: Added) -> None:
        rows = zip(deed.ids, deed.points, deed.verdicts, strict=True)
        new = [row for row in rows if row[0] not in self._place]
        if not new:
            return
        for id_, _, verdict in new:
            self._place[id_] = len(self.ids)
            self.ids.append(id_)
            self.verdicts.append(verdict)
        self.points = np.concatenate([self.points, np.array([point for _, point, _ in new])])
        self._probabilities = None

    def _remove(self, ids: Sequence[str]) -> None:
        gone = {id_ for id_ in ids if id_ in self._place}
        kept = [at for at, id_ in enumerate(self.ids) if id_ not in gone]
        self.ids = [self.ids[at] for at in kept]
        self.verdicts = [self.verdicts[at] for at in kept]
        self.points = self.points[kept]
        self._place = {id_: at for at, id_ in enumerate(self.ids)}
        self._probabilities = None

    def _change_classes(self, deed: ClassesChanged) -> None:
        self.classes = deed.classes
        names = dict(deed.renamed)
        if names:
            self.verdicts = [
                Verdict(names[v.name], v.by) if v and v.name in names else v for v in self.verdicts
            ]
            self._rename_prediction(names)
        self._probabilities = None

    def _rename_prediction(self, names: dict[str, str]) -> None:
        old = self.prediction
        if old is not None:
            classes = tuple(names.get(name, name) for name in old.classes)
            self.prediction = Prediction(old.classifier, classes, old.ids, old.probabilities)

    def _laid_out(self) -> NDArray[np.float32]:
        laid = np.full((len(self.ids), len(self.classes)), np.nan, np.float32)
        if self.prediction is None:
            return laid
        columns = {name: at for at, name in enumerate(self.prediction.classes)}
        rows = {id_: at for at, id_ in enumerate(self.prediction.ids)}
        here = np.array([at for at, id_ in enumerate(self.ids) if id_ in rows], np.int64)
        there = np.array([rows[self.ids[at]] for at in here], np.int64)
        for column, name in enumerate(self.class_names):
            if name in columns:
                laid[here, column] = self.prediction.probabilities[there, columns[name]]
        return laid
