"""The log file of a project: what happened, without secrets."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

NAME = "napari-vessel.log"
_LOGGER = logging.getLogger("napari_vessel")
_SECRETS = re.compile(
    r"(?<=://)[^/\s@]+@|(?<=[?&])[^=&\s]*(?:key|token|sig|secret|passw|pwd|auth|cred)"
    r"[^=&\s]*=[^&\s]+",
    re.I,
)
_lock = threading.Lock()


class _NoSecrets(logging.Formatter):
    """Formats records with credentials in addresses blanked."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _ProjectLog(RotatingFileHandler):
    """The file of one project, shared by all workflows that now run on it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=2_000_000, backupCount=3, encoding="utf-8")
        self.setFormatter(_NoSecrets("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self.users = 0


def redacted(text: str) -> str:
    """Blank user names, passwords and signed queries of addresses in ``text``.

    >>> redacted("https://me:pw@host/a?X-Token=1&b=2")
    'https://…host/a?…&b=2'
    """
    return _SECRETS.sub("…", text)


@contextmanager
def log_to_folder(folder: Path) -> Iterator[Path]:
    """Write this package's log to ``folder/napari-vessel.log`` while the context is open.

    Contexts of one process on one folder share the file. Where it cannot be
    written nothing is logged: a project on a read-only disk can still be used.
    """
    path = folder / NAME
    handler = _acquired(path)
    try:
        yield path
    finally:
        if handler:
            _release(handler)


def _acquired(path: Path) -> _ProjectLog | None:
    with _lock:
        try:
            handler = _open_log(path) or _new_log(path)
        except OSError as error:
            _LOGGER.info("No log is written to %s: %s", path, error)
            return None
        handler.users += 1
        return handler


def _open_log(path: Path) -> _ProjectLog | None:
    logs = (h for h in _LOGGER.handlers if isinstance(h, _ProjectLog))
    return next((log for log in logs if Path(log.baseFilename) == path.absolute()), None)


def _new_log(path: Path) -> _ProjectLog:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _ProjectLog(path)
    _LOGGER.addHandler(handler)
    if _LOGGER.getEffectiveLevel() > logging.INFO:  # handlers for people have their own level
        _LOGGER.setLevel(logging.INFO)
    return handler


def _release(handler: _ProjectLog) -> None:
    with _lock:
        handler.users -= 1
        if handler.users == 0:
            _LOGGER.removeHandler(handler)
            handler.close()
