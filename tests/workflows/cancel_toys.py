"""A retrain whose small steps take their time, one kind of them; the compute process imports this.

On a large project there are thousands of them: here there are few, and each sleeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from time import sleep
from typing import Any
from unittest.mock import patch

from napari_vessel.workflows import WORKFLOWS as REAL
from napari_vessel.workflows import Retrain

STEP_S = 0.5

# What is slow, by the phase that it is most of: a module's attribute, called once for each cell.
SLOW = {
    "replaying the journals": ("napari_vessel.annotation._known", "applied"),
    "cutting into blocks": ("napari_vessel.training._split", "reviewed_in"),
    "scoring the network in use": ("napari_vessel.training._scoring", "centreline_counts"),
    "looking where to learn": ("napari_vessel.training._index", "tight_box"),
    "learning": ("napari_vessel.training._segmentation", "augment"),
    "leaving blocks out": ("napari_vessel.training._index", "tight_box"),
}


@dataclass(frozen=True)
class Slowed:
    """A retrain, what of it is slow, and the file that takes a line for each slow step."""

    request: Retrain
    phase: str
    notes: Path


def slowed(asked: Slowed) -> Iterator[Any]:
    """Retrain; what would be adopted or not, blocks are left out in turn."""
    notes = Notes(asked.notes, begun=asked.phase != "leaving blocks out")
    with ExitStack() as patches:
        module, name = SLOW[asked.phase]
        real = getattr(import_module(module), name)
        patches.enter_context(patch(f"{module}.{name}", notes.slow(real)))
        known = import_module("napari_vessel.annotation._known")
        patches.enter_context(patch.object(known, "_EVERY", 5))  # rows; hundreds else
        judging = import_module("napari_vessel.workflows._judging")
        decide, leave_out = judging.decide, judging.leave_out
        patches.enter_context(patch.object(judging, "decide", _adopting(decide)))
        patches.enter_context(patch.object(judging, "leave_out", notes.beginning(leave_out)))
        try:
            yield from REAL["retrain"](asked.request)
        finally:
            notes.add("closed")


@dataclass
class Notes:
    """Notes slow steps in a file, once they have begun."""

    path: Path
    begun: bool

    def add(self, line: str) -> None:
        with self.path.open("a") as file:
            file.write(line + "\n")

    def slow(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if self.begun:
                self.add("step")
                sleep(STEP_S)
            return real(*given, **named)

        return call

    def beginning(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.begun = True
            return real(*given, **named)

        return call


def _adopting(decide: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given, **named: replace(decide(*given, **named), adopt=True)


WORKFLOWS = {"retrain": slowed}
