"""What is known of all journals once they are replayed, or once a cache has told."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_vessel.annotation._cache import Cached, read_cache, write_cache
from napari_vessel.annotation._correction import RowHeader
from napari_vessel.annotation._history import History
from napari_vessel.annotation._overlay import Overlay
from napari_vessel.annotation._reading import last_sequence
from napari_vessel.annotation._replay import Replay, applied, rows_of
from napari_vessel.annotation._rows import RowTable
from napari_vessel.geometry import Zyx

WORTH_CACHING = 2000
"""So many rows replayed at an opening (a quarter of a second) are worth a new cache."""
_EVERY = 500  # rows between two words on progress


@dataclass(frozen=True, slots=True)
class Replaying:
    """How far the replay of journals is: rows done, of so many that have to be."""

    rows: int
    total: int


@dataclass(slots=True)
class Known:
    """All rows: what they come to, and in which order they can be taken back."""

    replayed: Replay
    table: RowTable = field(default_factory=RowTable)
    history: History = field(default_factory=History)
    from_cache: int = 0

    @property
    def deserves_a_cache(self) -> bool:
        """Whether replaying again would take a person's time."""
        return len(self.table) - self.from_cache >= WORTH_CACHING

    @property
    def overlay(self) -> Overlay:
        """The state of every voxel."""
        return self.replayed.overlay

    def note(self, header: RowHeader, journal: str) -> int:
        """Take in a row that was written or replayed; return its stroke."""
        row, stroke = self.table.add(header, journal)
        self.history.note(self.table.kind(row), stroke)
        return stroke


def learn(
    paths: Sequence[Path], shape: Zyx, cache: Path | None
) -> Generator[Replaying, None, Known]:
    """Replay the journals at ``paths``, from where a cache ends if there is a sound one.

    Yields how far it is, every few hundred rows; returns what they come to.

    Parameters
    ----------
    paths
        The journals.
    shape
        The volume's edges, in voxels.
    cache
        The folder of the cache, or None. A cache that is missing, damaged or stale costs time only.
    """
    cached = read_cache(cache, paths, shape) if cache else None
    if cached is not None:
        known = yield from _from_cache(cached, paths)
        if known is not None:
            return known
    return (yield from _replayed(Known(Replay(Overlay(shape))), paths, None))


def keep(known: Known, paths: Sequence[Path], cache: Path, position: Mapping[str, int]) -> bool:
    """Write a cache of what is known, unless something could not be read; return whether."""
    sound = not known.replayed.problems
    return sound and write_cache(cache, paths, position, known.table, known.overlay)


def _from_cache(cached: Cached, paths: Sequence[Path]) -> Generator[Replaying, None, Known | None]:
    """Go on from a cache; None where a row that it lacks belongs in the middle of it."""
    known = Known(Replay(cached.overlay, dict(cached.position)), cached.table)
    known.replayed.rows = known.from_cache = len(cached.table)
    for kind, stroke in cached.table.events():
        known.history.note(kind, stroke)
    try:
        return (yield from _replayed(known, paths, cached))
    except _TooLateError:
        return None


class _TooLateError(Exception):
    """A row is older than what the cache holds: all must be replayed in order."""


def _replayed(
    known: Known, paths: Sequence[Path], cached: Cached | None
) -> Generator[Replaying, None, Known]:
    newest = known.table.newest()
    after = cached.last if cached else None
    before = cached.position if cached else {}
    total = sum(max(last_sequence(p) - before.get(p.name, 0), 0) for p in paths)
    for done, row in enumerate(rows_of(paths, known.replayed.problems, after=after)):
        if done % _EVERY == 0:
            yield Replaying(done, max(total, done))
        if newest is not None and row.header.stamp <= newest:
            if known.table.has(row.header.stamp):  # of a copy of a journal
                continue
            raise _TooLateError
        if applied(row, known.replayed):
            known.note(row.header, row.path.name)
    return known
