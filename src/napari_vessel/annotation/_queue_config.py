"""How places to correct are chosen: the review queue's configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

__all__ = ["QueueConfig"]

_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class QueueConfig(BaseModel, frozen=True, extra="forbid"):
    """What a place is, what it is worth, and what going there costs."""

    window: int = Field(
        256, ge=16, description="Edge of a place, in voxels; slices up to 2.5 times it stay whole."
    )
    count: int = Field(12, ge=1, description="Places in the list.")
    per_cell: int = Field(6, ge=1, description="Slices of each plane that a cell puts forward.")
    disagreement: float = Field(
        0.25, ge=0, le=1, description="Chance of an error where the planes fully disagree."
    )
    reach: int = Field(
        8, ge=0, description="Slices, counted in the finest edge, to which a correction carries."
    )
    least_wrong: float = Field(4.0, ge=0, description="Expected wrong voxels worth going there.")
    look_s: _Seconds = Field(4.0, description="Seconds to look a place over.")
    pixel_s: _Seconds = Field(1e-4, description="Seconds more for each of its pixels.")
    wrong_s: _Seconds = Field(0.05, description="Seconds to mend a wrong voxel.")
    go_s: _Seconds = Field(1.0, description="Seconds to go to the next place.")
    far_s: _Seconds = Field(4.0, description="Seconds more where it is two windows away.")
    turn_s: _Seconds = Field(2.0, description="Seconds more where it is in another plane.")
    open_s: _Seconds = Field(15.0, description="Seconds more where its region must be opened.")
