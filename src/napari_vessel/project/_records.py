"""Small records that are only added to: a line of JSON each, on the disk before it counts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_vessel.errors import ReadError, WriteError

__all__ = ["RecordLog"]


@dataclass(frozen=True)
class RecordLog:
    """A file of records. Several viewers may add to it; a line that a crash cut is left out.

    Parameters
    ----------
    path
        Made, with its folder, by the first record.
    """

    path: Path

    def add(self, record: Mapping[str, Any]) -> None:
        """Add a record, which JSON must know; durable on return.

        Raises
        ------
        WriteError
            The disk refuses.
        """
        line = json.dumps(record, allow_nan=False).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(line if self._ends_well() else b"\n" + line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WriteError(
                f"{self.path} cannot be written: {error.strerror or error}."
            ) from error

    def read(self) -> list[dict[str, Any]]:
        """Return all records, the oldest first; none where there is no file.

        Raises
        ------
        ReadError
            It is there and cannot be read.
        """
        try:
            text = self.path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ReadError(f"{self.path} cannot be read: {error.strerror or error}.") from error
        found = []
        for line in text.splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                found.append(record)
        return found

    def _ends_well(self) -> bool:
        with self.path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return True
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
