"""Which blocks are learned from, and which are judged by.

The volume is cut into cells along a grid anchored at its corner. Of every run
of ``1 / validation_fraction`` cells along x, the hash of the run's place names
one: its labels, and a guard around it, never enter a loss. The side of a cell
depends on its place alone, so it stays the same however corrections grow: a
re-drawn split would judge by what was learned before. Whole cells are held
out rather than slices, for neighbouring slices are nearly the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from napari_vessel.geometry import Box, Zyx
from napari_vessel.inference import breathe
from napari_vessel.training._config import TrainingConfig
from napari_vessel.training._reviewed import Mask, Reviewed, reviewed_in, vessel_in

__all__ = ["Split", "split_blocks", "split_cells"]

_REACHES = (1, 2, 4, 8, 16, 32, 64)  # cells around what is reviewed, where more could be
_MOST_TRIED = 100_000  # hashes: a tenth of a second
_FEWEST_CELLS = 8  # with fewer, none is spared from learning: one or two judge nothing


@dataclass(frozen=True)
class Split:
    """Cells with reviewed voxels, by side; boxes are clipped to the volume.

    Parameters
    ----------
    train, validation
        Boxes of cells, in C order.
    block
        The grid's cell, in voxels, zyx.
    guard
        Voxels around a validation cell that are not learned from.
    vessel
        Those boxes, of both sides, that hold a vessel voxel.
    fewest
        Held-out cells that can judge alone.
    run
        Cells of a run along x, one of which is held out.
    """

    train: tuple[Box, ...]
    validation: tuple[Box, ...]
    block: Zyx
    guard: int
    vessel: frozenset[Box] = frozenset()
    fewest: int = 1
    run: int = 5

    def __post_init__(self) -> None:
        object.__setattr__(self, "_held", {_place(box, self.block): box for box in self.validation})

    @property
    def held_out(self) -> bool:
        """Whether there are enough cells to judge by that nobody learned from.

        Cells without a vessel voxel do not count while vessels were reviewed
        elsewhere: a network that predicts nothing would be right in all of them.
        """
        judges = [box for box in self.validation if not self.vessel or self._holds(box)]
        return len(judges) >= self.fewest

    @property
    def judged(self) -> tuple[Box, ...]:
        """The cells that two networks are compared on: those held out, else all reviewed ones."""
        return self.validation if self.held_out else self.validation + self.train

    @property
    def needed(self) -> int:
        """How many more held-out cells, with vessels, it takes until they judge alone."""
        judges = sum(1 for box in self.validation if not self.vessel or self._holds(box))
        return max(self.fewest - judges, 0)

    def folds(self, most: int) -> tuple[tuple[Box, ...], ...]:
        """Part the cells to learn from, those with vessels evenly, to be left out in turn.

        Neighbours stay together, as they are alike. Empty where fewer than two hold vessel, or
        fewer than two folds are asked for.
        """
        holding = [number for number, box in enumerate(self.train) if self._holds(box)]
        count = min(most, len(holding))
        if count < 2:
            return ()
        firsts = [0, *(holding[i * len(holding) // count] for i in range(1, count))]
        return tuple(
            self.train[a:b] for a, b in zip(firsts, [*firsts[1:], len(self.train)], strict=True)
        )

    def without(self, boxes: Collection[Box]) -> Split:
        """Return a split that holds these cells out as well."""
        out = set(boxes)
        return replace(
            self,
            train=tuple(box for box in self.train if box not in out),
            validation=tuple(sorted((*self.validation, *boxes), key=lambda box: box.start)),
        )

    def places_to_review(self, shape: Zyx, most: int) -> tuple[Box, ...]:
        """Return cells of a volume of ``shape`` that would be held out, were they reviewed.

        Those nearest to what is reviewed already, at most so many; none where the volume is too
        small to have any.
        """
        cells = [_place(box, self.block) for box in (*self.train, *self.validation)]
        taken = {_place(box, self.block) for box in self.validation if self._holds(box)}
        if not cells or not most:
            return ()
        grid = [-(-n // edge) for n, edge in zip(shape, self.block, strict=True)]
        low, high = np.min(cells, axis=0), np.max(cells, axis=0)
        found: list[Zyx] = []
        for reach in _REACHES:
            spans = [
                range(max(int(a) - reach, 0), min(int(b) + reach + 1, n))
                for a, b, n in zip(low, high, grid, strict=True)
            ]
            found = [place for place in _named_in(spans, self.run) if place not in taken]
            if len(found) >= most or all(len(s) == n for s, n in zip(spans, grid, strict=True)):
                break
        edges = np.array(self.block)
        reviewed = np.array(cells)

        def far(place: Zyx) -> float:
            return float(np.abs((reviewed - place) * edges).sum(axis=1).min())

        return tuple(_box_of(place, self.block, shape) for place in sorted(found, key=far)[:most])

    def watched(self, most: int) -> tuple[Box, ...]:
        """Return at most so many of ``judged``, spread evenly, mostly with vessels."""
        rich = [box for box in self.judged if self._holds(box)]
        poor = [box for box in self.judged if not self._holds(box)]
        kept = _spread(rich, most - min(len(poor), most // 4))
        return tuple(kept + _spread(poor, most - len(kept)))

    def _holds(self, box: Box) -> bool:
        return box in self.vessel

    def trainable(self, box: Box) -> Mask:
        """Return which voxels of ``box`` may enter a loss, shape ``box.shape``."""
        free = np.ones(box.shape, np.bool_)
        for held in self._near(box):
            both = held.intersection(box)
            if both is not None:
                free[both.relative_to(box).slices] = False
        return free

    def _near(self, box: Box) -> list[Box]:
        """Return the held-out cells, with their guard, that may reach into ``box``."""
        if not self.validation:
            return []
        halo = (self.guard,) * 3
        reach = box.expanded(halo)
        ranges = [
            range(a // edge, (b - 1) // edge + 1)
            for a, b, edge in zip(reach.start, reach.stop, self.block, strict=True)
        ]
        held: dict[Zyx, Box] = self._held  # type: ignore[attr-defined]  # set in __post_init__
        return [held[cell].expanded(halo) for cell in product(*ranges) if cell in held]


def split_blocks(overlay: Reviewed, config: TrainingConfig) -> Split:
    """Split the cells that hold reviewed voxels.

    With fewer than eight cells none is held out. With eight or more at least one
    is: where the hash names none of them, the one whose hash is lowest. No cell
    moves from learning to judging as corrections grow from there on.

    Parameters
    ----------
    overlay
        Corrections.
    config
        ``validation_block``, ``validation_fraction`` and ``guard``.
    """
    cells = _reviewed_cells(overlay, config.validation_block).values()
    vessel = frozenset(box for box in cells if _has_vessel(overlay, box))
    return split_cells(cells, vessel, config)


def split_cells(boxes: Collection[Box], vessel: frozenset[Box], config: TrainingConfig) -> Split:
    """Split cells that are known to hold reviewed voxels, as :func:`split_blocks` does.

    Parameters
    ----------
    boxes
        Cells of the grid of ``config.validation_block``, clipped to the volume.
    vessel
        Those that hold a vessel voxel.
    config
        ``validation_block``, ``validation_fraction`` and ``guard``.
    """
    cells = {_place(box, config.validation_block): box for box in boxes}
    held = _held_out(sorted(cells), config.validation_fraction)
    return Split(
        train=tuple(cells[cell] for cell in sorted(cells) if cell not in held),
        validation=tuple(cells[cell] for cell in sorted(held)),
        block=config.validation_block,
        guard=config.guard,
        vessel=vessel,
        fewest=config.min_validation_blocks,
        run=_run(config.validation_fraction),
    )


def _reviewed_cells(overlay: Reviewed, block: Zyx) -> dict[Zyx, Box]:
    """Return the grid's cells that hold a reviewed voxel, by their place."""
    found = {}
    for box in overlay.boxes():
        breathe()
        reviewed = reviewed_in(overlay.read(box))
        for part in box.cells(block):
            if reviewed[part.relative_to(box).slices].any():
                place = _place(part, block)
                found[place] = _box_of(place, block, overlay.shape)
    return found


def _has_vessel(overlay: Reviewed, box: Box) -> bool:
    breathe()
    return bool(vessel_in(overlay.read(box)).any())


def _spread(boxes: list[Box], most: int) -> list[Box]:
    """Return at most so many boxes, evenly from all of them."""
    count = min(len(boxes), most)
    return [boxes[i * len(boxes) // count] for i in range(count)]


def _place(box: Box, block: Zyx) -> Zyx:
    """Return the place in the grid of a box that lies in one cell."""
    z, y, x = (a // edge for a, edge in zip(box.start, block, strict=True))
    return z, y, x


def _box_of(cell: Zyx, block: Zyx, shape: Zyx) -> Box:
    start = [c * edge for c, edge in zip(cell, block, strict=True)]
    stop = [min(a + edge, n) for a, edge, n in zip(start, block, shape, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _held_out(cells: list[Zyx], fraction: float) -> set[Zyx]:
    if len(cells) < _FEWEST_CELLS:
        return set()
    run = _run(fraction)
    named = {cell for cell in cells if _is_named(cell, run)}
    return named or {min(cells, key=_hash)}


def _run(fraction: float) -> int:
    return round(1 / fraction)


def _is_named(cell: Zyx, run: int) -> bool:
    """Tell whether the hash of a cell's run names this cell to judge by."""
    z, y, x = cell
    return x % run == _hash((z, y, x // run)) % run


def _named_in(spans: Sequence[range], run: int) -> Iterator[Zyx]:
    """Yield the cells of a box of the grid that are named, run by run; many are tried at most."""
    zs, ys, xs = spans
    tried = 0
    for z, y in product(zs, ys):
        for number in range(xs.start // run, (xs.stop - 1) // run + 1):
            cell = (z, y, number * run + _hash((z, y, number)) % run)
            if cell[2] in xs:
                yield cell
            tried += 1
            if tried >= _MOST_TRIED:
                return


def _hash(place: Zyx) -> int:
    """Hash a place in the grid: the same on every machine and in every process."""
    text = ",".join(map(str, place)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
