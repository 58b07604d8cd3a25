"""Accuracy against effort: a simulated person corrects, and the network learns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from napari_vessel.errors import LabelsError, VesselError
from napari_vessel.geometry import Box, Plane
from napari_vessel.metrics import confusion, scores
from napari_vessel.project import Project
from napari_vessel.runner import Runner
from napari_vessel.session import ActivityName, Session
from napari_vessel.simulate._annotator import drive
from napari_vessel.simulate._pace import PersonConfig
from napari_vessel.simulate._person import Person
from napari_vessel.simulate._strategy import Strategy, places_in_order
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import Volume
from napari_vessel.workflows import Focus, Progress, Retrained

__all__ = ["Effort", "EffortConfig", "EffortRow", "run_effort"]

SCORES = ("dice", "surface_dice", "cldice")


class EffortConfig(BaseModel, frozen=True, extra="forbid"):
    """What a simulated person does, and when the network learns from it."""

    slices: int = Field(10, ge=1, description="Places that are corrected.")
    strategy: Strategy = Field("queue", description="In which order.")
    minutes: float | None = Field(None, gt=0, description="Simulated work to stop after.")
    rounds: tuple[int, ...] = Field((1, 3, 6, 10), description="Places after which is retrained.")
    person: PersonConfig = PersonConfig()
    training: TrainingConfig = TrainingConfig(minutes=0.5)
    seed: int = Field(0, ge=0, description="Of the random order.")


@dataclass(frozen=True, slots=True)
class EffortRow:
    """How good it was after so much effort; ``minutes`` are the simulated person's.

    ``dice``, ``surface_dice`` and ``cldice`` are the network's own on all of the volume;
    ``shown_dice`` is that of what is shown: corrections over the proposal.
    """

    slices: int
    minutes: float
    strokes: int
    path_px: float
    wrong: int
    dice: float
    surface_dice: float
    cldice: float
    shown_dice: float
    adopted: bool
    training_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return the values by name, for a table."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Effort:
    """All rows, the first before any correction."""

    strategy: Strategy
    rows: tuple[EffortRow, ...]


def run_effort(
    project: Path, truth: NDArray[np.bool_], config: EffortConfig, runner: Runner
) -> Iterator[Progress | EffortRow | Effort]:
    """Let a simulated person correct a project by a truth, through a session as a person would.

    Parameters
    ----------
    project
        Its folder; what is corrected there already stays.
    truth
        Of the volume's shape.
    config
        What they do.
    runner
        Where workflows run; it is closed at the end.

    Raises
    ------
    LabelsError
        The truth is of another shape than the volume.
    """
    session = Session(runner)
    try:
        effort = _Effort(session, truth, config)
        yield Progress(0, config.slices, "places", "Predicting vessels")
        effort.begin(project)
        rows = [effort.row()]
        yield rows[0]
        for count, place in enumerate(effort.places(), start=1):
            yield Progress(count, config.slices, "places", f"Corrected {place}")
            if count in config.rounds:
                effort.retrain()
                rows.append(effort.row())
                yield rows[-1]
        if effort.count != rows[-1].slices:
            effort.retrain()
            rows.append(effort.row())
            yield rows[-1]
        yield Effort(config.strategy, tuple(rows))
    finally:
        session.close()


class _Effort:
    """The steps, each through the session as a viewer would take it."""

    def __init__(self, session: Session, truth: NDArray[np.bool_], config: EffortConfig) -> None:
        self.session, self.truth, self.config = session, truth, config
        self.person = Person(session, truth, config.person)
        self.count = self._strokes = self._wrong = 0
        self._path, self._training_s, self._adopted = 0.0, 0.0, False

    def begin(self, project: Path) -> None:
        """Open the project and predict all of its region."""
        self._do("open", self.session.open(project))
        found = self._volume().shape
        if found != self.truth.shape:
            raise LabelsError(f"The truth has {self.truth.shape} voxels, the volume {found}.")
        self._predict()

    def places(self) -> Iterator[str]:
        """Correct place after place, until there are enough or time is over; yield their names."""
        config = self.config
        order = places_in_order(self.session, config.strategy, config.slices, config.seed)
        for place in order:
            worked = self.person.correct(place)
            self.count += 1
            self._strokes += worked.strokes
            self._path += worked.path_px
            self._wrong += worked.wrong
            yield place.id
            if config.minutes is not None and self.person.seconds >= 60 * config.minutes:
                return

    def retrain(self) -> None:
        """Learn from all that was corrected; predict anew where the network was taken."""
        found = self._do("retrain", self.session.retrain(self.config.training))
        if not isinstance(found, Retrained):
            raise VesselError(f"Training ended without a result: {found}")
        self._adopted = found.adopted
        self._training_s += found.seconds
        if found.adopted:
            self._predict()

    def row(self) -> EffortRow:
        """Score what there is now."""
        project, region = self._project(), self.session.region
        proposal = project.open_proposal()
        if proposal is None:
            raise VesselError("The prediction left no proposal.")
        truth = self.truth[region.slices]
        mask, size = proposal.mask(region, project.threshold), self._volume().voxel_size
        found = scores(mask, truth, voxel_size=size).as_dict()
        shown = np.asarray(self.session.labels) != 0
        return EffortRow(
            slices=self.count,
            minutes=self.person.seconds / 60,
            strokes=self._strokes,
            path_px=self._path,
            wrong=self._wrong,
            shown_dice=confusion(shown, truth).dice,
            adopted=self._adopted,
            training_s=self._training_s,
            **{name: found[name] for name in SCORES},
        )

    def _predict(self) -> None:
        middle = Box.of(self.truth.shape).centre
        self._do("predict", self.session.predict(Focus(middle, Plane.XY)))

    def _project(self) -> Project:
        if self.session.project is None:
            raise VesselError("There is no project.")
        return self.session.project

    def _volume(self) -> Volume:
        if self.session.volume is None:
            raise VesselError("The volume is not open.")
        return self.session.volume

    def _do(self, name: ActivityName, work: Iterator[Any]) -> Any:  # noqa: ANN401
        *_, last = drive(self.session, name, work)
        return last
