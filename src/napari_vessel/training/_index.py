"""Where reviewed voxels are, so that patches are drawn without rejection."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.inference import breathe
from napari_vessel.training._emphasis import Emphasis, Kind
from napari_vessel.training._reviewed import Mask, Reviewed, reviewed_in, tight_box, vessel_in
from napari_vessel.training._split import Split

__all__ = ["ReviewedIndex"]

_MOST_PLACES = 4_000_000  # in all cells together: 12 bytes each
_MOST_PER_CELL = 4096
_FEWEST_PER_CELL = 16


@dataclass(frozen=True, slots=True)
class _Cell:
    """Some of a cell's trainable voxels of one class."""

    places: NDArray[np.int32]  # (n, 3), volume voxels, zyx
    count: int  # of all of them
    planes: NDArray[np.float64]  # a weight for XY, XZ and YZ
    slices: _Slices

    def weights(self, place: Zyx, planes: tuple[Plane, ...] | None) -> NDArray[np.float64]:
        """Weigh planes to see a place in: those named, or, none being, all by their labels."""
        if planes is None:
            return self.slices.through(place)
        return np.array([self.planes[plane.normal] for plane in planes])


@dataclass(frozen=True, slots=True)
class _Slices:
    """How many trainable voxels each slice of a cell holds."""

    start: Zyx
    counts: tuple[NDArray[np.int32], ...]  # along z, y, x

    @classmethod
    def of(cls, free: Mask, start: Zyx) -> _Slices:
        others = ((1, 2), (0, 2), (0, 1))
        return cls(start, tuple(free.sum(axis=axes, dtype=np.int32) for axes in others))

    def through(self, place: Zyx) -> NDArray[np.float64]:
        """Return the voxels in the slice of each plane through a place."""
        at = zip(self.counts, place, self.start, strict=True)
        return np.array([counts[p - start] for counts, p, start in at], np.float64)


class ReviewedIndex:
    """Reviewed voxels that may be learned from, by class and cell.

    Building it reads the corrections once; a draw costs the same however large
    the volume and however much was reviewed. Of a cell with very many voxels a
    random sample is kept, so memory is bounded. A cell is drawn by the square root
    of its voxels, so that a few strokes count beside whole accepted slices. A plane
    is drawn by the reviewed voxels of the cell that its slice through the place holds:
    a corrected XY slice is learned from in XY, where a patch shows all of it and not one
    row, a reviewed box in all planes. Of planes that are named, by the square root
    of the mean of that over the cell's slices: in all of them.

    Parameters
    ----------
    overlay
        Corrections.
    split
        Which voxels may be learned from.
    seed
        Of the sample kept of large cells.
    emphasis
        What is newest and what is hard, to be drawn apart; by default nothing is.

    Raises
    ------
    NothingReviewedError
        Where no voxel is reviewed, or none may be learned from.
    """

    def __init__(
        self, overlay: Reviewed, split: Split, seed: int = 0, emphasis: Emphasis | None = None
    ) -> None:
        self.split = split
        rng = np.random.default_rng(seed)
        most = _MOST_PLACES // max(2 * len(split.train), 1)
        most = min(max(most, _FEWEST_PER_CELL), _MOST_PER_CELL)
        self._cells: dict[tuple[Kind, bool], list[_Cell]] = {}
        for box in split.train:
            breathe()  # of a large project there are thousands, each with its proposal to read
            self._add(overlay, box, most, rng, emphasis or Emphasis())
        if not self._cells:
            raise NothingReviewedError(_nothing(overlay))
        self._shares = {key: _shares(cells) for key, cells in self._cells.items()}

    @property
    def vessel(self) -> int:
        """Vessel voxels that may be learned from."""
        return self.count("any", vessel=True)

    @property
    def background(self) -> int:
        """Background voxels that may be learned from."""
        return self.count("any", vessel=False)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that hold a voxel."""
        return frozenset(kind for kind, _ in self._cells)

    def count(self, kind: Kind, *, vessel: bool) -> int:
        """Return how many voxels of a kind and class may be learned from."""
        return sum(cell.count for cell in self._cells.get((kind, vessel), []))

    def draw(
        self,
        rng: np.random.Generator,
        *,
        vessel: bool,
        planes: Literal["auto"] | tuple[Plane, ...],
        kind: Kind = "any",
    ) -> tuple[Zyx, Plane]:
        """Draw a voxel of a class, and a plane to see it in.

        Where the kind has no voxel of that class, any is drawn; where the class has none at
        all, the other one is drawn from.

        Parameters
        ----------
        rng
            Random numbers.
        vessel
            Which class.
        planes
            Those to choose from; "auto" takes all, by what their slices hold.
        kind
            Which of them.
        """
        wishes = ((kind, vessel), ("any", vessel), ("any", not vessel))
        key = next(wish for wish in wishes if wish in self._cells)
        cells = self._cells[key]
        cell = cells[rng.choice(len(cells), p=self._shares[key])]
        z, y, x = cell.places[rng.integers(len(cell.places))].tolist()
        named = None if planes == "auto" else planes
        weights = cell.weights((z, y, x), named)
        chosen = (named or tuple(Plane))[rng.choice(len(weights), p=weights / weights.sum())]
        return (z, y, x), chosen

    def _add(
        self,
        overlay: Reviewed,
        box: Box,
        most: int,
        rng: np.random.Generator,
        emphasis: Emphasis,
    ) -> None:
        codes = overlay.read(box)
        free = reviewed_in(codes) & self.split.trainable(box)
        tight = tight_box(free, box)
        if tight is None:
            return
        planes = _plane_weights(int(np.count_nonzero(free)), tight)
        slices = _Slices.of(free, box.start)
        vessel = vessel_in(codes)
        parts = emphasis.parts(box, codes)
        each = max(most // (1 + len(parts)), _FEWEST_PER_CELL)
        everything: dict[Kind, Mask] = {"any": free, **parts}
        for (kind, part), wanted in product(everything.items(), (True, False)):
            mask = free & part & (vessel == wanted)
            count = int(np.count_nonzero(mask))
            if count:
                cell = _Cell(_sample(mask, box, each, rng), count, planes, slices)
                self._cells.setdefault((kind, wanted), []).append(cell)


def _sample(mask: Mask, box: Box, most: int, rng: np.random.Generator) -> NDArray[np.int32]:
    flat = np.flatnonzero(mask)
    if len(flat) > most:
        flat = rng.choice(flat, most, replace=False)
    within = np.stack(np.unravel_index(flat, mask.shape), axis=1)
    places: NDArray[np.int32] = (within + np.array(box.start)).astype(np.int32)
    return places


def _plane_weights(count: int, tight: Box) -> NDArray[np.float64]:
    """Weigh planes by the reviewed voxels that one of their slices holds."""
    return np.sqrt(count / np.array(tight.shape, np.float64))


def _shares(cells: list[_Cell]) -> NDArray[np.float64]:
    weights = np.sqrt([cell.count for cell in cells])
    shares: NDArray[np.float64] = weights / weights.sum() if cells else weights
    return shares


def _nothing(overlay: Reviewed) -> str:
    if overlay.boxes():
        return (
            "All reviewed voxels lie in or beside blocks that are kept for judging: "
            "correct or accept a slice elsewhere, then retrain."
        )
    return "Nothing is reviewed yet: correct or accept a slice (Shift-A), then retrain."
