"""How fast a simulated person works: each movement takes its time, with pauses."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, Field

__all__ = ["PERFECT", "Pace", "PersonConfig"]


class PersonConfig(BaseModel, frozen=True, extra="forbid"):
    """How a person works; lengths in voxels of the slice, times in seconds."""

    look_s: float = Field(4.0, ge=0, description="To look a slice over.")
    pixel_s: float = Field(1e-4, ge=0, description="More for each of its pixels.")
    go_s: float = Field(1.5, ge=0, description="To go to the next place.")
    aim_s: float = Field(0.7, ge=0, description="Before each stroke, with the brush's size set.")
    brush_px_s: float = Field(40.0, gt=0, description="Of the brush's way in a second.")
    largest_brush: int = Field(15, ge=1, description="Diameter; wider pieces take several passes.")
    accept_s: float = Field(1.0, ge=0, description="To accept a slice.")
    pause_every_s: float = Field(60.0, gt=0, description="Of work between two pauses, on average.")
    pause_s: float = Field(6.0, ge=0, description="A pause, on average.")
    edge_px: float = Field(0.5, ge=0, description="How far off the drawn edges are, on average.")
    wall_px: float = Field(1.0, ge=0, description="Errors no farther from the wall are left.")
    least_piece: int = Field(3, ge=1, description="Pixels of the smallest error that is seen.")
    seed: int = Field(0, ge=0, description="Of edges and pauses.")


PERFECT = PersonConfig(edge_px=0, wall_px=0, least_piece=1, pause_s=0)
"""Sees all and draws exactly."""


class Pace:
    """Counts the seconds of one person's work.

    Parameters
    ----------
    config
        How fast they are; its seed decides on the pauses.
    """

    def __init__(self, config: PersonConfig) -> None:
        self.config, self.seconds = config, 0.0
        self._rng = np.random.default_rng(config.seed)
        self._until_pause = self._rng.exponential(config.pause_every_s)

    def time_of(self, pixels: int, path_px: float, strokes: int) -> float:
        """Go to a place, see, mend and accept it; return the seconds that takes.

        Parameters
        ----------
        pixels
            Of the place.
        path_px
            The brush's way.
        strokes
            How often the brush is set down.
        """
        config = self.config
        work = config.go_s + config.look_s + config.pixel_s * pixels + config.accept_s
        work += config.aim_s * strokes + path_px / config.brush_px_s
        pauses = 0.0
        self._until_pause -= work
        while self._until_pause <= 0:
            self._until_pause += self._rng.exponential(config.pause_every_s) + 1e-3
            pauses += float(self._rng.exponential(config.pause_s)) if config.pause_s else 0.0
        self.seconds += work + pauses
        return work + pauses
