"""The durable record of which blocks of a prediction are done, and which failed and why."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from napari_vessel.errors import WriteError
from napari_vessel.geometry import Box


@dataclass
class BlockLedger:
    """Append-only lines of JSON, one per block, each on the disk before it counts.

    A line cut by a crash is ignored: its block is done again, which changes
    nothing since writing a block is idempotent. ``left_out`` counts voxels of blocks that
    are done in which a quick look saw no vessel, so that they were not predicted; ``parts`` are
    what it found in them, in a ledger of such looks.
    """

    path: Path
    done: set[Box] = field(default_factory=set)
    failed: dict[Box, str] = field(default_factory=dict)
    left_out: dict[Box, int] = field(default_factory=dict)
    parts: dict[Box, Box] = field(default_factory=dict)

    @property
    def empty(self) -> int:
        """How many blocks were left out as a whole."""
        return sum(voxels == block.size for block, voxels in self.left_out.items())

    def share_left_out(self, voxels: int) -> float:
        """Return the share of ``voxels``, of all blocks, that were left out."""
        return sum(self.left_out.values()) / voxels

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the ledger at ``path``; a missing one is empty."""
        ledger = cls(path)
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                box, left_out = Box.parse(entry["box"]), int(entry.get("left_out", 0))
                part = Box.parse(entry["part"]) if "part" in entry else None
                ledger._note(box, entry.get("failed"), left_out, part)
            except (ValueError, KeyError, TypeError, AttributeError):  # cut or garbled
                continue
        return ledger

    def record(
        self,
        block: Box,
        *,
        failed: str | None = None,
        left_out: int = 0,
        part: Box | None = None,
        trace: str = "",
    ) -> None:
        """Note that ``block`` (volume voxels) is done, or failed and why; durable on return.

        ``left_out`` of its voxels were not predicted, since they seemed empty; ``part`` is what
        did not. ``trace`` is the traceback of a failure nobody expected: kept for whoever looks
        into the file.

        Raises
        ------
        WriteError
            The disk refuses.
        """
        found = str(part) if part else ""
        told = {"failed": failed, "left_out": left_out, "part": found, "trace": trace}
        entry = {"box": str(block)} | {key: value for key, value in told.items() if value}
        self._append(json.dumps(entry))
        self._note(block, failed, left_out, part)

    def record_all(self, blocks: Iterable[Box]) -> None:
        """Note that ``blocks`` are done, with one wait for the disk; durable on return.

        Raises
        ------
        WriteError
            The disk refuses.
        """
        done = list(blocks)
        if done:
            self._append("\n".join(json.dumps({"box": str(block)}) for block in done))
        for block in done:
            self._note(block, None, 0)

    def _append(self, lines: str) -> None:
        try:
            self._append_durably(lines)
        except OSError as error:
            raise WriteError(f"{self.path} cannot be written: {error.strerror}.") from error

    def _append_durably(self, lines: str) -> None:
        new = not self.path.exists()
        # A leading newline sets the line apart from one that a crash left without its end.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"\n{lines}\n")
            file.flush()
            os.fsync(file.fileno())
        if new and os.name != "nt":  # the name too; Windows opens no folders
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _note(self, block: Box, failed: str | None, left_out: int, part: Box | None = None) -> None:
        if failed:
            self.failed[block] = failed
            return
        self.failed.pop(block, None)
        self.done.add(block)
        if left_out:
            self.left_out[block] = left_out
        if part:
            self.parts[block] = part
