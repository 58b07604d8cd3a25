"""Put the journals of all viewers together, in the order of their stamps."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_vessel.annotation._correction import Correction, PackedRow, RowHeader
from napari_vessel.annotation._journal import journal_paths
from napari_vessel.annotation._overlay import Overlay
from napari_vessel.annotation._reading import JournalReader
from napari_vessel.annotation._salvage import RawRow
from napari_vessel.annotation._schema import newer_format
from napari_vessel.annotation._stamp import Stamp
from napari_vessel.errors import JournalError
from napari_vessel.geometry import Box, Zyx


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A row as replay gives it: its header, and its voxels on demand."""

    path: Path
    header: RowHeader
    packed: PackedRow

    def correction(self) -> Correction:
        """Unpack the voxels.

        Raises
        ------
        JournalError
            If they cannot be unpacked.
        """
        return self.packed.correction()


@dataclass(slots=True)
class Replay:
    """All corrections of a folder.

    Attributes
    ----------
    overlay
        The state of every voxel.
    position
        Journal name to the last row of it that was used.
    problems
        What could not be read or used, in sentences.
    rows
        The number of rows used.
    """

    overlay: Overlay
    position: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    rows: int = 0


def replay(folder: Path, shape: Zyx, *, until: Mapping[str, int] | None = None) -> Replay:
    """Return the corrections that the journals in ``folder`` hold, reading only.

    Parameters
    ----------
    folder
        The journals' folder; it need not exist.
    shape
        The volume's edges, in voxels. Rows beyond them are named, not used.
    until
        Replay only up to this position (:attr:`Replay.position`), as a checkpoint's
        card notes it; None for everything.
    """
    result = Replay(Overlay(shape))
    for _ in replaying(folder, result, until=until):
        pass
    return result


def replaying(
    folder: Path, result: Replay, *, until: Mapping[str, int] | None = None
) -> Iterator[JournalRow]:
    """Replay into ``result``, yielding every row after it was written."""
    for row in journal_rows(folder, result.problems, until=until):
        if applied(row, result):
            yield row


def applied(row: JournalRow, result: Replay) -> bool:
    """Write a row into ``result``; where it cannot be used, say so there and return False."""
    name, sequence = row.path.name, row.header.stamp.sequence
    try:
        _apply(row, result.overlay)
    except JournalError as error:
        result.problems.append(f"{name}: row {sequence}: {error}")
        return False
    result.position[name] = max(result.position.get(name, 0), sequence)
    result.rows += 1
    return True


def journal_rows(
    folder: Path, problems: list[str], *, until: Mapping[str, int] | None = None
) -> Iterator[JournalRow]:
    """Yield the rows of all journals in the order of their stamps, each once.

    Parameters
    ----------
    folder
        The journals' folder.
    problems
        Sentences on what could not be read are added here.
    until
        As for :func:`replay`.
    """
    paths = [p for p in journal_paths(folder) if until is None or p.name in until]
    return rows_of(paths, problems, until=until)


def rows_of(
    paths: Sequence[Path],
    problems: list[str],
    *,
    until: Mapping[str, int] | None = None,
    after: Mapping[str, RawRow] | None = None,
) -> Iterator[JournalRow]:
    """As :func:`journal_rows`, of the journals at ``paths``.

    ``after`` names, by journal, a row that was read before: only what follows is read.
    """
    streams = [
        _stream(p, problems, until[p.name] if until else None, after.get(p.name) if after else None)
        for p in paths
    ]
    last: Stamp | None = None
    for row in heapq.merge(*streams, key=lambda row: row.header.stamp):
        if row.header.stamp != last:  # a journal and its copy hold the same rows
            yield row
        last = row.header.stamp


def _stream(
    path: Path, problems: list[str], until: int | None, after: RawRow | None
) -> Iterator[JournalRow]:
    reader = JournalReader(path, after)
    refused, why = 0, ""
    for raw in reader.rows():
        if until is not None and raw.sequence > until:
            break
        try:
            yield _row(path, raw)
        except JournalError as error:
            why = why or f"row {raw.sequence}: {error}"
            refused += 1
    newer = newer_format(path)
    if newer:  # what cannot be read of it is no damage
        problems.append(f"{newer}: strokes of it may be missing here. Update napari-vessel.")
        return
    if refused:
        problems.append(f"{path.name}: {why}")
    if refused > 1:
        problems.append(f"{path.name}: {refused - 1} more rows are not used for the same reason.")
    problems.extend(reader.problems)


def _row(path: Path, raw: RawRow) -> JournalRow:
    packed = PackedRow.of(raw.payload)
    return JournalRow(path, packed.header, packed)


def _apply(row: JournalRow, overlay: Overlay) -> None:
    if not Box.of(overlay.shape).contains(row.header.box):
        raise JournalError(
            f"It spans {row.header.box}, outside a volume of {overlay.shape}: "
            "the journal belongs to another volume, level or region. It is not used."
        )
    mask, after = row.packed.change()
    overlay.write(row.header.box, mask, after)
