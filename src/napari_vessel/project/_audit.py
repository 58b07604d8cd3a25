"""The audit set: a few windows drawn by chance, that nothing chooses and nothing learns from.

What a queue chooses is where the network is worst, so its scores there are too bad to be true of
the volume; what a person happened to correct is no better. Windows drawn by known chances, once,
and kept, give an honest score: each counts as many times as its chance was small.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from napari_vessel.annotation import Place
from napari_vessel.errors import CallerError, ProjectError
from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.volumes import write_atomically

__all__ = ["AuditConfig", "AuditSet", "AuditWindow", "draw_audit"]

_TRIES = 256  # windows drawn evenly, of which the audit set is drawn by what they seem to hold


class AuditConfig(BaseModel, frozen=True, extra="forbid"):
    """How many windows are audited, and how large they are."""

    count: int = Field(8, ge=1, description="Windows.")
    window: int = Field(48, ge=8, description="Their edge, in voxels.")
    guard: int = Field(
        4, ge=0, description="Voxels around a window that are not learned from either."
    )
    seed: int = Field(0, ge=0, description="Of the draw.")


@dataclass(frozen=True, slots=True)
class AuditWindow:
    """One window of the audit set; ``weight`` is how many windows of the volume it stands for."""

    place: Place
    weight: float


@dataclass(frozen=True, slots=True)
class AuditSet:
    """The windows of a project, as they were drawn once."""

    windows: tuple[AuditWindow, ...]
    guard: int = 0

    @property
    def boxes(self) -> tuple[Box, ...]:
        """What no queue leads to, in volume voxels."""
        return tuple(window.place.box for window in self.windows)

    @property
    def guarded(self) -> tuple[Box, ...]:
        """What is not learned from: the windows with the guard around them."""
        return tuple(box.expanded((self.guard,) * 3) for box in self.boxes)

    @classmethod
    def open(cls, path: Path) -> AuditSet | None:
        """Read an audit set; None where none was drawn.

        Raises
        ------
        ProjectError
            The file is damaged: a new draw would make the old scores lie.
        """
        try:
            values = json.loads(path.read_text("utf-8"))
            windows = tuple(
                AuditWindow(Place.of(each["place"]), float(each["weight"]))
                for each in values["windows"]
            )
            return cls(windows, int(values["guard"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, CallerError, ValidationError) as error:
            raise ProjectError(
                f"{path} cannot be read ({error}): put it back from a copy, or delete it; then "
                "another audit set is drawn, and its scores begin anew."
            ) from error

    def keep(self, path: Path) -> None:
        """Write it, whole or not at all."""
        windows = [{"place": each.place.id, "weight": each.weight} for each in self.windows]
        values = {"guard": self.guard, "windows": windows}
        write_atomically(path, json.dumps(values, indent=1).encode())


def draw_audit(
    region: Box,
    planes: Sequence[Plane],
    held: Callable[[Box], int],
    config: AuditConfig,
    taken: Sequence[Box] = (),
) -> AuditSet:
    """Draw windows of a region, half by chance alone and half by what they seem to hold.

    Parameters
    ----------
    region
        In volume voxels.
    planes
        Those the windows may lie in.
    held
        Tells how many vessel voxels a window seems to hold; only chances depend on it.
    config
        Count, size and seed.
    taken
        Boxes that no window may touch, as they were corrected before.

    Returns
    -------
    AuditSet
        Fewer windows than asked where there is no room for more.
    """
    rng = np.random.default_rng(config.seed)
    drawn = [_window(region, planes, config.window, rng) for _ in range(_TRIES)]
    drawn = [p for p in drawn if not any(p.box.intersection(box) for box in taken)]
    if not drawn:
        return AuditSet((), config.guard)
    vessel = np.array([held(place.box) for place in drawn], float)
    chance = np.full(len(drawn), 1 / len(drawn))
    if vessel.sum():
        chance = (chance + vessel / vessel.sum()) / 2
    windows: list[AuditWindow] = []
    for at in rng.choice(len(drawn), len(drawn), replace=False, p=chance).tolist():
        place, halo = drawn[at], (config.guard,) * 3
        apart = not any(place.box.expanded(halo).intersection(w.place.box) for w in windows)
        if apart and len(windows) < config.count:
            windows.append(AuditWindow(place, float(1 / (len(drawn) * chance[at]))))
    return AuditSet(tuple(windows), config.guard)


def _window(region: Box, planes: Sequence[Plane], edge: int, rng: np.random.Generator) -> Place:
    plane = planes[int(rng.integers(len(planes)))]
    start, stop = [0, 0, 0], [0, 0, 0]
    for axis, (a, b) in enumerate(zip(region.start, region.stop, strict=True)):
        size = 1 if axis == plane.normal else min(edge, b - a)
        start[axis] = int(rng.integers(a, b - size + 1))
        stop[axis] = start[axis] + size
    return Place(plane, Box(_zyx(start), _zyx(stop)))


def _zyx(edges: list[int]) -> Zyx:
    return edges[0], edges[1], edges[2]
