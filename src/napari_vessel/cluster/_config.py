"""How patiently a cluster is asked."""

from __future__ import annotations

from pydantic import BaseModel, Field

__all__ = ["ClusterConfig"]


class ClusterConfig(BaseModel, frozen=True, extra="forbid"):
    """How many tasks are under way, and when one is tried elsewhere."""

    attempts: int = Field(
        3, ge=1, le=10, description="Workers an item is tried on before it is set aside."
    )
    ahead: float = Field(
        2.0, ge=1, le=10, description="Tasks under way per thread: one to do, one to come."
    )
    slow_factor: float = Field(
        5.0, gt=1, description="An item this many times slower than most is tried elsewhere, too."
    )
    slow_least_s: float = Field(
        60.0, ge=0, description="Seconds before which no item is taken for slow."
    )
    connect_s: float = Field(20.0, gt=0, description="Seconds a scheduler has to answer.")
    tick_s: float = Field(1.0, gt=0, description="Seconds after which to tell that nothing is new.")
    look_s: float = Field(5.0, gt=0, description="Seconds between two looks at the workers.")
