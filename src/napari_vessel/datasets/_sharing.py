"""Share groups of samples out to parts, so that every class is shared out alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["shared_out"]

_TRIES = 32

Counts = NDArray[np.int64]


def shared_out(counts: Counts, pinned: Counts, fractions: NDArray[np.float64], seed: int) -> Counts:
    """Choose a part for each group.

    Groups are taken in turn, the largest first and equals by lot; each goes where the classes
    that it holds are furthest below what they should be. Of several lots the best is kept: the
    one that leaves the fewest classes out of a part, then the one nearest to the fractions.

    Parameters
    ----------
    counts
        (groups, classes), how many samples of each class a group has.
    pinned
        (groups,), the part of those that have one; else -1.
    fractions
        (parts,).
    seed
        Of the lots.

    Returns
    -------
    ndarray of int
        (groups,), the part of each.
    """
    if len(counts) == 0:
        return np.zeros(0, np.int64)
    rng = np.random.default_rng(seed)
    kinds, kind = np.unique(counts, axis=0, return_inverse=True)
    # Many alike groups (each sample by itself) come out the same however they are drawn.
    tries = 1 if len(counts) > 20 * len(kinds) else _TRIES
    found = [_one_lot(counts, kind.ravel(), pinned, fractions, rng) for _ in range(tries)]
    return min(found, key=lambda chosen: _fault(counts, chosen, fractions))


def _one_lot(
    counts: Counts,
    kind: Counts,
    pinned: Counts,
    fractions: NDArray[np.float64],
    rng: np.random.Generator,
) -> Counts:
    chosen = pinned.copy()
    total = counts.sum(axis=0)
    wanted = fractions[:, None] * total[None, :]  # parts, classes
    share = 1 / np.maximum(total, 1)
    held = np.zeros_like(wanted)
    for part in range(len(fractions)):
        held[part] = counts[pinned == part].sum(axis=0)
    lot = rng.random(len(counts))
    free = np.flatnonzero(pinned < 0)
    order = free[np.lexsort((lot[free], kind[free], -counts[free].max(axis=1)))]
    open_ = fractions > 0
    for group in order:
        chosen[group] = _neediest(counts[group], held, wanted, share, open_)
        held[chosen[group]] += counts[group]
    return chosen


def _neediest(
    group: Counts,
    held: NDArray[np.float64],
    wanted: NDArray[np.float64],
    share: NDArray[np.float64],
    open_: NDArray[np.bool_],
) -> int:
    """Return the part whose distance from what is wanted grows least by the group."""
    weight = (share * group) / np.sqrt(np.maximum(wanted, 1e-9))
    need = ((wanted - held - group / 2) * weight).sum(axis=1)
    # A part that lacks a class is served before one that has some of it.
    lacking = ((held == 0) & (wanted > 0) & (group > 0)).sum(axis=1)
    fits = (held.sum(axis=1) + group.sum() / 2 <= np.maximum(wanted.sum(axis=1), 1)) | (
        held.sum(axis=1) == 0
    )
    order = np.lexsort((-need, ~(fits & (lacking > 0)), ~open_))
    return int(order[0])


def _fault(counts: Counts, chosen: Counts, fractions: NDArray[np.float64]) -> tuple[int, float]:
    held = np.stack([counts[chosen == part].sum(axis=0) for part in range(len(fractions))])
    total = np.maximum(counts.sum(axis=0), 1)
    missing = int(((held == 0) & (fractions[:, None] > 0)).sum())
    return missing, float((((held / total) - fractions[:, None]) ** 2).sum())
