"""The whole loop on a volume of known truth: predict, correct, retrain, predict again, export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import VesselError
from napari_vessel.geometry import Plane
from napari_vessel.metrics import Scores, scores
from napari_vessel.runner import Runner
from napari_vessel.session import ActivityName, Session
from napari_vessel.simulate._annotator import Annotator, drive, evenly_spaced
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import VolumeOptions, mask_of
from napari_vessel.workflows import Focus, Progress, Retrained

_STEPS = 6


@dataclass(frozen=True)
class LoopConfig:
    """How much is corrected, how training goes, and how the volume is read."""

    slices: int = 3
    training: TrainingConfig = TrainingConfig()
    options: VolumeOptions = VolumeOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Looped:
    """What the loop brought; arrays have the volume's shape, scores are where nobody corrected."""

    image: NDArray[np.float32]
    truth: NDArray[np.bool_]
    first: NDArray[np.bool_]
    second: NDArray[np.bool_]
    corrected: tuple[int, ...]
    retrained: Retrained
    before: Scores
    after: Scores


def run_loop(
    volume: Path, truth: NDArray[np.bool_], mask: Path, config: LoopConfig, runner: Runner
) -> Iterator[Progress | Looped]:
    """Run the loop through a session as a person would, and score both proposals.

    Parameters
    ----------
    volume
        What is annotated; its project is made beside it.
    truth
        Of the volume's shape.
    mask
        Where the mask is exported.
    config
        What the simulated person does.
    runner
        Where workflows run; it is closed at the end.
    """
    loop = _Loop(Session(runner), config, truth)
    try:
        yield Progress(1, _STEPS, "steps", "Predicting vessels")
        loop.do("open", loop.session.open(volume, config.options))
        first = loop.predict()
        yield Progress(2, _STEPS, "steps", f"Correcting {config.slices} slices")
        corrected = loop.correct()
        yield Progress(3, _STEPS, "steps", "Learning from the corrected slices")
        retrained = loop.retrain()
        yield Progress(4, _STEPS, "steps", f"Predicting again. {retrained.reason}")
        second = loop.predict()
        yield Progress(5, _STEPS, "steps", f"Exporting {mask.name}")
        loop.do("export", loop.session.export(mask, "ome-zarr"))
        image = loop.image()
    finally:
        loop.session.close()
    before, after = (_scored(found, truth, corrected) for found in (first, second))
    yield Looped(image, truth, first, second, corrected, retrained, before, after)


@dataclass(frozen=True)
class _Loop:
    """The steps, each through the session as a viewer would take it."""

    session: Session
    config: LoopConfig
    truth: NDArray[np.bool_]

    def predict(self) -> NDArray[np.bool_]:
        """Predict; return the network's own mask, without corrections."""
        z, y, x = self.truth.shape
        self.do("predict", self.session.predict(Focus((z / 2, y / 2, x / 2), Plane.XY)))
        project = self.session.project
        proposal = project.open_proposal() if project else None
        if proposal is None:
            raise VesselError("The prediction left no proposal.")
        mask = mask_of(proposal.probability(proposal.region), self.session.threshold)
        return mask.astype(np.bool_)

    def correct(self) -> tuple[int, ...]:
        annotator = Annotator(self.session, self.truth)
        indices = evenly_spaced(self.truth.shape[0], self.config.slices)
        for index in indices:
            annotator.correct_slice(Plane.XY, index)
        return indices

    def retrain(self) -> Retrained:
        result = self.do("retrain", self.session.retrain(self.config.training))
        if not isinstance(result, Retrained):
            raise VesselError(f"Training ended without a result: {result}")
        return result

    def image(self) -> NDArray[np.float32]:
        """Return the volume, windowed to [0, 1]."""
        opened = self.session.opened
        if opened is None:
            raise VesselError("The volume is not open.")
        return opened.window.apply(opened.volume.read(opened.region))

    def do(self, name: ActivityName, work: Iterator[Any]) -> Any:  # noqa: ANN401
        """Run an activity to its end; return its last event."""
        *_, last = drive(self.session, name, work)
        return last


def _scored(
    mask: NDArray[np.bool_], truth: NDArray[np.bool_], corrected: tuple[int, ...]
) -> Scores:
    """Score a proposal where nobody corrected: those slices are blank in both."""
    mask, truth = mask.copy(), truth.copy()
    mask[list(corrected)] = truth[list(corrected)] = False
    return scores(mask, truth)
