"""Which network climbs the ladder, and how long it may learn. Imports no torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_vessel.networks import Checkpoint, starter
from napari_vessel.training import TrainingConfig

SCRATCH = TrainingConfig(
    learning_rate=1e-3,
    keep_statistics=False,
    epochs=1000,
    patience=1000,
    replay_share=0.0,
    replay_weight=0.0,
    start_share=0.0,
)
"""As ``TrainingConfig`` says of training from scratch, which has nothing to forget. Its time is the
end: on thin vessels it may find nothing for a minute, and must not be out of patience by then."""


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

    @staticmethod
    def training(method: str) -> TrainingConfig:
        """Return how a network of ``method`` learns, but for its time and seed."""
        return TrainingConfig() if method.startswith("tuned") else SCRATCH

    def architecture(self) -> str:
        """Name the network's architecture, whatever its weights."""
        return _digest(self.open().card.network.model_dump_json())[:12]

    def recipe(self, method: str) -> str:
        """Name all that a cell of ``method`` depends on, beside its volume and seed."""
        card = self.open().card
        network = card.sha256[:12] + (", polarity known" if self.polarity == "known" else "")
        network += ", flips" if self.views == "flips" else ""
        if method == "zero-shot":
            return network
        training = name_of(self.training(method))
        if method.startswith("tuned"):
            return f"{network}, {self.seconds:g} s, {training}"
        flips = ", flips" if self.views == "flips" else ""
        return f"{self.architecture()}, {self.scratch_seconds:g} s, {training}{flips}"


def name_of(training: TrainingConfig) -> str:
    """Name a recipe of training, so that results of another are told apart."""
    return f"training {_digest(training.model_dump_json())[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
