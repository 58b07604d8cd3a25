"""Which networks can be compared: those that were scored on the same windows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_vessel.workflows._progress_events import FEWEST_WINDOWS

FEWEST_NETWORKS = 3
"""Of which a curve is made."""

Flags = NDArray[np.bool_]


def comparable(scored: Flags) -> tuple[Flags, Flags]:
    """Choose the networks and the windows that all of these networks were scored on.

    Windows are filled in one after the other, and some show an older network still: so not
    every network has them all. One with few would take the others' away, or be left out: what
    keeps most scores is chosen, with as many networks as a curve takes if there are.

    Parameters
    ----------
    scored
        Whether a network was scored on a window, (networks, windows), the last network last.

    Returns
    -------
    tuple
        Which networks, with the last one of enough windows among them, and which windows.
        None at all where no network has enough.
    """
    best = np.zeros(scored.shape[0], np.bool_), np.zeros(scored.shape[1], np.bool_)
    most = (0, 0, 0)
    for networks, windows in _tables(scored):
        rows, columns = int(networks.sum()), int(windows.sum())
        worth = (min(rows, FEWEST_NETWORKS), rows * columns, columns)
        if worth > most:
            best, most = (networks, windows), worth
    return best


def _tables(scored: Flags) -> Iterator[tuple[Flags, Flags]]:
    """Yield ever more networks on ever fewer windows, beginning with the last one on all its."""
    enough = np.flatnonzero(scored.sum(axis=1) >= FEWEST_WINDOWS)
    windows: Flags = scored[enough[-1]] if enough.size else np.zeros(scored.shape[1], np.bool_)
    while windows.sum() >= FEWEST_WINDOWS:
        networks: Flags = np.logical_and.reduce(scored[:, windows], axis=1)
        yield networks, windows
        if networks.all():
            return
        shared = np.where(networks, -1, (scored & windows).sum(axis=1))
        windows = windows & scored[int(shared.argmax())]
