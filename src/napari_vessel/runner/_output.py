"""What the compute process prints: kept in part, and logged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO

__all__ = ["Output"]

_LINES = 200


class Output:
    """Reads a stream on a thread of its own and keeps the last 200 lines.

    Parameters
    ----------
    stream
        Closed at its end.
    log_file
        Lines are appended here too. Where that fails the lines say so and the
        work goes on: a full disk must not stop a prediction.
    """

    def __init__(self, stream: IO[str], log_file: Path | None) -> None:
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._thread = Thread(
            target=self._drain, args=(stream, log_file), name="compute output", daemon=True
        )
        self._thread.start()

    def tail(self, *, timeout: float = 0) -> str:
        """Return the last lines, waiting up to ``timeout`` seconds for the stream's end."""
        self._thread.join(timeout)
        return "".join(tuple(self._lines))

    def _drain(self, stream: IO[str], log_file: Path | None) -> None:
        write = self._logger(log_file)
        with stream:
            for line in stream:
                self._lines.append(line)
                write(line)

    def _logger(self, log_file: Path | None) -> Callable[[str], None]:
        """Return what appends a line to the log, if there is to be one."""

        def append(line: str) -> None:
            if log_file is None:
                return
            with suppress(OSError), log_file.open("a", encoding="utf-8") as log:
                log.write(line)

        if log_file is not None:
            try:
                log_file.parent.mkdir(parents=True, exist_ok=True)
                log_file.open("a", encoding="utf-8").close()
            except OSError as error:
                self._lines.append(f"The log file cannot be written: {error}\n")
        return append
