"""How a study goes about it: the package's configuration. Imports no optuna, no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["StudyConfig"]


class StudyConfig(BaseModel, frozen=True, extra="forbid"):
    """How many trials, how they are chosen, and when one is given up."""

    trials: int = Field(
        20, ge=1, description="Trials of the study in all; more can be asked for later."
    )
    minutes: float | None = Field(
        None, gt=0, description="Stop after so long, to go on later; none: no limit."
    )
    sampler: Literal["tpe", "random"] = Field(
        "tpe", description="tpe learns from the trials before; random does not."
    )
    startup: int = Field(8, ge=1, description="Trials that are drawn at random before tpe begins.")
    pruner: Literal["median", "halving", "none"] = Field(
        "median",
        description="A trial is given up where it is worse than the median of those before it at "
        "the same epoch; or by successive halving; or never.",
    )
    pruned_after: int = Field(
        4, ge=1, description="Trials that must have ended before one is given up (median)."
    )
    warmup: int = Field(3, ge=0, description="Epochs in which no trial is given up.")
    retries: int = Field(
        2, ge=0, description="How often a trial is tried again whose process was killed."
    )
    seed: int = Field(0, ge=0, description="Of what is drawn; a trial's own is this + its number.")
    same_seed: bool = Field(
        default=False, description="Train every trial with this seed, in place of one of its own."
    )
