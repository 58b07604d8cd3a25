"""Share groups of samples out to parts, so that every class is shared out alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["shared_out"]

_TRIES = 32
_MANY = 2000  # groups; so many come out alike however they are drawn

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


def shared_out(counts: Counts, pinned: Counts, fractions: Shares, seed: int) -> Counts:
    """Choose a part for each group.

    Groups are taken in turn, the largest first and equals by lot; each goes where the classes
    that it holds are furthest below what they should be. A class that a part then lacks is
    brought there from one that has it twice. Of several lots the best is kept: the one that
    leaves the fewest classes out of a part, then the one nearest to the fractions.

    Parameters
    ----------
    counts
        (groups, classes), how many samples of each class a group has.
    pinned
        (groups,), the part of those that have one; else -1.
    fractions
        (parts,); a part of 0 is given nothing.
    seed
        Of the lots.

    Returns
    -------
    ndarray of int
        (groups,), the part of each.
    """
    if len(counts) == 0:
        return np.zeros(0, np.int64)
    random = np.random.default_rng(seed)
    tries = 1 if len(counts) > _MANY else _TRIES
    lots = [_one_lot(counts, pinned, fractions, random.random(len(counts))) for _ in range(tries)]
    mended = [_mended(counts, pinned, fractions, lot) for lot in lots]
    return min(mended, key=lambda chosen: _fault(_held(counts, chosen, fractions), fractions))


def _one_lot(counts: Counts, pinned: Counts, fractions: Shares, lot: Shares) -> Counts:
    chosen = pinned.copy()
    parts = [part for part, fraction in enumerate(fractions) if fraction > 0]
    total = counts.sum(axis=0).tolist()
    held = _held(counts, pinned, fractions).tolist()
    order = np.lexsort((lot, -counts.max(axis=1)))
    for group in order[pinned[order] < 0].tolist():
        own = [(at, int(counts[group, at])) for at in np.flatnonzero(counts[group]).tolist()]

        def need(part: int, own: list[tuple[int, int]] = own) -> float:
            # How much the squared distance from what is wanted shrinks, by share of the class.
            share = float(fractions[part])
            short = (
                (share * total[at] - held[part][at] - n / 2) * n / total[at] ** 2 for at, n in own
            )
            return float(sum(short)) / share

        best = max(parts, key=need)
        chosen[group] = best
        for at, n in own:
            held[best][at] += n
    return chosen


def _mended(counts: Counts, pinned: Counts, fractions: Shares, chosen: Counts) -> Counts:
    """Move a group where a part lacks its class, as long as nothing else is lost by that."""
    for _ in range(2 * fractions.size * counts.shape[1]):
        held = _held(counts, chosen, fractions)
        fault = _fault(held, fractions)
        moves = _moves(counts, pinned, fractions, chosen, held)
        tried = [(_fault(_after(held, counts[g], chosen[g], p), fractions), g, p) for g, p in moves]
        if not tried or min(tried)[0] >= fault:
            return chosen
        _, group, part = min(tried)
        chosen[group] = part
    return chosen


def _moves(
    counts: Counts, pinned: Counts, fractions: Shares, chosen: Counts, held: Counts
) -> list[tuple[int, int]]:
    """Return (group, part): one group of each kind and part it comes from."""
    lacking = np.argwhere((held == 0) & (fractions[:, None] > 0) & (counts.sum(axis=0) > 0))
    moves = []
    for part, kind in lacking.tolist():
        able = np.flatnonzero((pinned < 0) & (counts[:, kind] > 0) & (chosen != part))
        if len(able):
            alike = np.column_stack([counts[able], chosen[able]])
            _, first = np.unique(alike, axis=0, return_index=True)
            moves += [(int(group), part) for group in able[first]]
    return moves


def _after(held: Counts, group: Counts, old: int, new: int) -> Counts:
    moved = held.copy()
    moved[old] -= group
    moved[new] += group
    return moved


def _held(counts: Counts, chosen: Counts, fractions: Shares) -> Counts:
    return np.stack([counts[chosen == part].sum(axis=0) for part in range(fractions.size)])


def _fault(held: Counts, fractions: Shares) -> tuple[int, float]:
    """Return how many classes parts lack, training counted twice; then the distance."""
    lacking = (held == 0) & (fractions[:, None] > 0)
    weight = np.where(np.arange(fractions.size) == 0, 2, 1)[:, None]
    share = held / np.maximum(held.sum(axis=0), 1)
    distance = float(((share - fractions[:, None]) ** 2).sum())
    return int((lacking * weight).sum()), distance
