"""The log as a person at a terminal sees it."""

from __future__ import annotations

import logging

from napari_vessel.cli._output import say

_LOGGER = logging.getLogger("napari_vessel")


class _ToPerson(logging.Handler):
    """Writes to stderr as it now is, beside any bar."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record))


_handler = _ToPerson()
_handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))


def log_to_person(*, verbose: bool) -> None:
    """Show warnings on stderr, and what is done where ``verbose``."""
    _handler.setLevel(logging.INFO if verbose else logging.WARNING)
    if verbose:
        _LOGGER.setLevel(logging.INFO)
    _LOGGER.addHandler(_handler)  # once, however often it is called
