"""Which network climbs the ladder, and how long it may learn. Imports no torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_vessel.networks import Checkpoint, starter


@dataclass(frozen=True)
class Plan:
    """What a network is and how long it may learn."""

    checkpoint: Path | None = None  # none: the bundled starter
    seconds: float = 40.0
    scratch_seconds: float = 40.0
    marks: tuple[float, ...] = (3.0, 20.0)
    polarity: Literal["auto", "known"] = "auto"  # found by the program, or the manifest's
    views: Literal["none", "flips"] = (
        "none"  # of every network alike; flips take four times as long
    )

    def open(self) -> Checkpoint:
        """Open the starter of this ladder."""
        return Checkpoint.open(self.checkpoint) if self.checkpoint else starter()

    def recipe(self, method: str) -> str:
        """Name all that a cell of ``method`` depends on, beside its volume and seed."""
        card = self.open().card
        network = card.sha256[:12] + (", polarity known" if self.polarity == "known" else "")
        network += ", flips" if self.views == "flips" else ""
        if method == "zero-shot":
            return network
        if method.startswith("tuned"):
            return f"{network}, {self.seconds:g} s"
        architecture = hashlib.sha256(card.network.model_dump_json().encode()).hexdigest()
        flips = ", flips" if self.views == "flips" else ""
        return f"{architecture[:12]}, {self.scratch_seconds:g} s{flips}"
