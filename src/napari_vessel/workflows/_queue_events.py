"""What can be asked of the review queue and of the progress, and what is told. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from napari_vessel.annotation import Place, QueueConfig
from napari_vessel.workflows._requests import Focus


@dataclass(frozen=True, slots=True)
class RankPlaces:
    """Rank the places of a project's proposal that are worth correcting next."""

    project: Path
    focus: Focus | None = None
    config: QueueConfig = field(default_factory=QueueConfig)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The places worth going to next, the best first.

    ``wrong`` voxels of the ``cells`` that were read are expected to be wrong where nobody
    reviewed; ``skipped`` and ``done`` are ids of places that are left out.
    """

    places: tuple[Place, ...]
    cells: int
    wrong: float
    seconds: float
    skipped: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
