"""The file of a study: a line for every change, shared by processes, whole after any kill.

optuna's own file backend takes its lock by making a file, which a killed process leaves behind
(the others wait half a minute), and cannot be read any more once a line was torn (a killed
writer, a full disk). Here the lock is the kernel's, which ends with its process, and a torn
last line, which nobody was ever told of, is cut off by the next writer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from io import SEEK_END, FileIO
from pathlib import Path
from typing import Any

from filelock import FileLock
from optuna.storages.journal import BaseJournalBackend

from napari_vessel.errors import ProjectError, WriteError

__all__ = ["JournalFile"]

_TAIL = 4096


class JournalFile(BaseJournalBackend):
    """Keeps the changes of a study in ``path``, a JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path.with_name(f"{path.name}.lock"), thread_local=False)
        self._starts = [0]  # of line i, as far as they are known
        path.touch()

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the changes from one on; a torn last line is not there.

        Raises
        ------
        ProjectError
            A line is damaged.
        """
        number = min(log_number_from, len(self._starts) - 1)
        with self._path.open("rb") as file:
            file.seek(self._starts[number])
            while (line := file.readline()).endswith(b"\n"):
                if number + 1 == len(self._starts):
                    self._starts.append(file.tell())
                if number >= log_number_from:
                    yield self._read(line, number)
                number += 1

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add changes, and bring them to the disk.

        Raises
        ------
        WriteError
            The disk refuses; the changes before stay.
        """
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        try:
            with self._lock, self._path.open("r+b", buffering=0) as file:
                _add(file, lines)
        except OSError as error:
            reason = error.strerror or error
            raise WriteError(f"{self._path} cannot be written: {reason}.") from error

    def _read(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise ProjectError(
                f"Line {number + 1} of {self._path} is damaged ({error}): remove the study's "
                "folder, or restore the file from a copy."
            ) from error
        return found


def _add(file: FileIO, lines: bytes) -> None:
    """Write after the last whole line; where that fails, leave nothing of it."""
    end = _whole(file)
    file.truncate(end)
    file.seek(end)
    try:
        left = memoryview(lines)
        while left:  # unbuffered: a write may take a part
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), end)
        raise


def _whole(file: FileIO) -> int:
    """Find where the last whole line ends."""
    end = file.seek(0, SEEK_END)
    while end:
        start = max(end - _TAIL, 0)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0
