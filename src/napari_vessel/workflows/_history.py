"""The curve of a training, kept beside the checkpoint it led to."""

from __future__ import annotations

import json
from dataclasses import asdict

from napari_vessel.training import EpochEnd, FitEnd, StepEnd


class History:
    """Collects the epochs of a training and how it ended."""

    def __init__(self) -> None:
        self._before = b""
        self._entries: list[EpochEnd | FitEnd] = []

    def add(self, event: StepEnd | EpochEnd | FitEnd) -> None:
        """Keep an epoch or the end; steps are too many to be read later."""
        if not isinstance(event, StepEnd):
            self._entries.append(event)

    def lines(self) -> bytes:
        """Return JSON Lines, an epoch each, the end last."""
        lines = (json.dumps(asdict(entry)) + "\n" for entry in self._entries)
        return self._before + "".join(lines).encode()

    def restore(self, lines: bytes) -> None:
        """Go on from lines."""
        self._before, self._entries = lines, []
