"""The log file of a project: what happened, without secrets."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

_SECRETS = re.compile(
    r"(?<=://)[^/\s@]+@|(?<=[?&])[^=&\s]*(?:key|token|sig|secret)[^=&\s]*=[^&\s]+", re.I
)


class _NoSecrets(logging.Formatter):
    """Formats records with credentials in addresses blanked."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def redacted(text: str) -> str:
    """Blank user names, passwords and signed queries of addresses in ``text``.

    >>> redacted("https://me:pw@host/a?X-Token=1&b=2")
    'https://…host/a?…&b=2'
    """
    return _SECRETS.sub("…", text)


@contextmanager
def log_to_folder(folder: Path) -> Iterator[Path]:
    """Write this package's log to ``folder/napari-vessel.log`` while the context is open."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "napari-vessel.log"
    handler = RotatingFileHandler(
        path, maxBytes=2_000_000, backupCount=3, encoding="utf-8", delay=True
    )
    handler.setFormatter(_NoSecrets("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("napari_vessel")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield path
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
