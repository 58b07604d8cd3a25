"""What came of judging a candidate, kept beside its card: ``verdict.json``.

The card describes the weights and never changes. Whether a network was taken may: a person can
take one that was not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from napari_vessel.errors import CheckpointError
from napari_vessel.volumes import write_atomically

NAME = "verdict.json"
_MOST_BYTES = 1 << 20
_Interval = Annotated[tuple[FiniteFloat, FiniteFloat], Field()]


class Verdict(BaseModel, frozen=True, extra="ignore"):
    """Whether a network was taken, on which scores; ``extra`` of a newer version is let be."""

    adopted: bool = Field(description="Taken into use, by its scores or by a person.")
    provisional: bool = Field(default=False, description="There was too little to judge it by.")
    reason: str = Field("", description="One sentence for a person.")
    score: FiniteFloat = Field(0.0, description="Its Dice on the reviewed blocks.")
    score_of_parent: FiniteFloat = Field(0.0, description="Its parent's on the same blocks.")
    interval: _Interval | None = Field(
        None, description="Of the gain in Dice, 95 %, by resampling blocks."
    )
    cldice: FiniteFloat | None = Field(None, description="Its clDice on the same blocks.")
    cldice_of_parent: FiniteFloat | None = Field(None, description="Its parent's.")
    blocks: int = Field(0, ge=0, description="Blocks that both were scored on.")
    held_out: bool = Field(default=False, description="Whether nobody learned from these blocks.")
    reviewed: int = Field(0, ge=0, description="Reviewed voxels that it could learn from.")
    seconds: FiniteFloat = Field(0.0, ge=0, description="Of the training.")


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Keep the verdict on the checkpoint in ``folder``, whole or not at all."""
    write_atomically(folder / NAME, (verdict.model_dump_json(indent=2) + "\n").encode())


def read_verdict(folder: Path) -> Verdict | None:
    """Return the verdict on the checkpoint in ``folder``; None where nobody judged it.

    Raises
    ------
    CheckpointError
        It is damaged.
    """
    path = folder / NAME
    try:
        with path.open("rb") as file:
            return Verdict.model_validate(json.loads(file.read(_MOST_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, ValidationError) as error:
        raise CheckpointError(
            f"{path} cannot be read ({error}). Delete it: the network itself is not touched."
        ) from error
