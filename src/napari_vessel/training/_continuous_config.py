"""How a project trains by itself: its configuration. Imports no torch."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["ContinuousConfig"]


class ContinuousConfig(BaseModel, frozen=True, extra="forbid"):
    """Training in rounds, each ending with a comparison; the defaults suit two CPU cores."""

    first_minutes: float = Field(
        0.4, gt=0, description="Length of the first round after something was corrected."
    )
    most_minutes: float = Field(
        4.0, gt=0, description="Rounds get longer, twofold each, up to this."
    )
    patience_rounds: int = Field(
        3, ge=1, description="Rounds without a better network until it rests."
    )
    patience_minutes: float = Field(
        15.0, gt=0, description="Minutes without a better network until it rests."
    )
    settle_seconds: float = Field(
        3.0, ge=0, description="Seconds after the last stroke until a round may begin."
    )
    most_failures: int = Field(
        2, ge=1, description="Rounds in a row that fail until it gives up, and says so."
    )

    def minutes_of(self, rounds: int) -> float:
        """Return the length of a round that follows so many on the same corrections.

        >>> [ContinuousConfig().minutes_of(n) for n in (0, 1, 9)]
        [0.4, 0.8, 4.0]
        """
        return min(self.first_minutes * 2.0 ** min(rounds, 30), self.most_minutes)
