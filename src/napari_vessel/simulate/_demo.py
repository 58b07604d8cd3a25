"""The whole loop on a phantom, headless: predict, correct, retrain, predict again, export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box, Plane
from napari_vessel.metrics import Scores, scores
from napari_vessel.runner import InlineRunner
from napari_vessel.session import ActivityName, Session
from napari_vessel.simulate._annotator import Annotator, drive, evenly_spaced
from napari_vessel.simulate._demo_volume import TRUTH, DemoConfig, demo_volume
from napari_vessel.simulate._report import Shown, write_report
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import mask_of, open_volume
from napari_vessel.workflows import Focus, Progress, Retrained


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """What the demo brought; scores are of the proposals, where nobody corrected."""

    before: Scores
    after: Scores
    retrained: Retrained
    corrected_slices: int
    mask: Path
    report: Path
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the results by name, as ``demo --json`` prints them."""
        values: dict[str, Any] = {}
        for when, found in (("before", self.before), ("after", self.after)):
            values |= {f"{name}_{when}": value for name, value in found.as_dict().items()}
        return values | {
            "adopted": self.retrained.adopted,
            "provisional": self.retrained.provisional,
            "corrected_slices": self.corrected_slices,
            "mask": self.mask,
            "report": self.report,
            "seconds": self.seconds,
        }


def run_demo(
    config: DemoConfig, out: Path, *, overwrite: bool = False
) -> Iterator[Progress | Demonstrated]:
    """Run the loop and write figures, pictures and the mask into ``out``."""
    started = monotonic()
    yield Progress(0, 6, "steps", "1/6 Growing a synthetic kidney")
    volume = demo_volume(config, out, overwrite=overwrite)
    truth = open_volume(out / TRUTH)
    loop = _Loop(Session(InlineRunner()), config, truth.read(Box.of(truth.shape)) != 0)
    try:
        yield Progress(1, 6, "steps", "2/6 Predicting vessels with the bundled starter")
        loop.open_and_predict(volume)
        first = loop.proposal()
        yield Progress(2, 6, "steps", f"3/6 Correcting {config.slices} slices")
        corrected = loop.correct()
        yield Progress(3, 6, "steps", "4/6 Learning from the corrected slices")
        retrained = loop.retrain()
        yield Progress(4, 6, "steps", f"5/6 Predicting again. {retrained.reason}")
        loop.predict()
        second = loop.proposal()
        yield Progress(5, 6, "steps", "6/6 Exporting the mask")
        mask = loop.export(out / "mask.ome.zarr")
    finally:
        loop.session.close()
    shown = Shown(loop.image(), first, second, loop.truth, corrected)
    before, after = (_scored(mask, loop.truth, corrected) for mask in (first, second))
    report = write_report(out, shown, (before, after), retrained)
    yield Demonstrated(
        before, after, retrained, len(corrected), mask, report, monotonic() - started
    )


@dataclass(frozen=True)
class _Loop:
    """The steps of the demo, each through the session as a viewer would."""

    session: Session
    config: DemoConfig
    truth: NDArray[np.bool_]

    def open_and_predict(self, volume: Path) -> None:
        self._do("open", self.session.open(volume))
        self.predict()

    def predict(self) -> None:
        z, y, x = self.truth.shape
        self._do("predict", self.session.predict(Focus((z / 2, y / 2, x / 2), Plane.XY)))

    def correct(self) -> tuple[int, ...]:
        annotator = Annotator(self.session, self.truth)
        indices = evenly_spaced(self.truth.shape[0], self.config.slices)
        for index in indices:
            annotator.correct_slice(Plane.XY, index)
        return indices

    def retrain(self) -> Retrained:
        config = TrainingConfig(minutes=self.config.minutes)
        result = self._do("retrain", self.session.retrain(config))
        if not isinstance(result, Retrained):
            raise VesselError(f"Training ended without a result: {result}")
        return result

    def export(self, path: Path) -> Path:
        self._do("export", self.session.export(path, "ome-zarr"))
        return path

    def proposal(self) -> NDArray[np.bool_]:
        """Return the network's own mask, without corrections."""
        project = self.session.project
        proposal = project.open_proposal() if project else None
        if proposal is None:
            raise VesselError("The prediction left no proposal.")
        mask = mask_of(proposal.probability(proposal.region), self.session.threshold)
        return mask.astype(np.bool_)

    def image(self) -> NDArray[np.float32]:
        """Return the volume, windowed to [0, 1]."""
        if self.session.opened is None:
            raise VesselError("The demo's volume is not open.")
        opened = self.session.opened
        return opened.window.apply(opened.volume.read(opened.region))

    def _do(self, name: ActivityName, work: Iterator[Any]) -> Any:  # noqa: ANN401
        *_, last = drive(self.session, name, work)
        return last


def _scored(
    mask: NDArray[np.bool_], truth: NDArray[np.bool_], corrected: tuple[int, ...]
) -> Scores:
    """Score a proposal where nobody corrected: those slices are blank in both."""
    mask, truth = mask.copy(), truth.copy()
    mask[list(corrected)] = truth[list(corrected)] = False
    return scores(mask, truth)
