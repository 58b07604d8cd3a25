"""A session measures what is shown: in the compute process, since thinning would block a viewer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.morphology import MeasureConfig
from napari_vessel.project import Project
from napari_vessel.runner import Runner
from napari_vessel.session._graph_view import ErrorMap, GraphView, error_maps, view_of
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._values import Activity, Answer, Asked, Opened
from napari_vessel.volumes import GRAPH_WRITERS, VolumeOptions
from napari_vessel.workflows import (
    Evaluate,
    Evaluated,
    Measure,
    Measured,
    Progress,
    project_mask,
)

Measuring = Generator[Asked | Answer, None, None]

_WAITING = "Waiting for the compute process …"


@dataclass(frozen=True, slots=True, eq=False)
class MeasureDone:
    """What measuring, comparing or writing brought: a sentence, and what to show."""

    sentence: str
    view: GraphView | None = None
    errors: tuple[ErrorMap, ...] | None = None


class SessionMeasure(SessionHand):
    """Measures vessels, writes what was measured, and compares with a truth.

    Methods that return a generator are long: for a worker's thread, as those of ``Session``.
    """

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.measured: GraphView | None = None
        self.errors_found: tuple[ErrorMap, ...] = ()

    def measure(self, box: Box | None = None, config: MeasureConfig | None = None) -> Measuring:
        """Measure the vessels that are shown in ``box`` (volume voxels); none: everywhere."""
        project = self._measured_project()
        settings = config or MeasureConfig()
        request = Measure(str(project.path), box=box, config=settings, keep_graph=True)
        yield Asked("measure", request, _WAITING)
        with closing(self.runner.run("measure", request)) as events:
            for event in events:
                if isinstance(event, Measured) and event.graph is not None:
                    done = MeasureDone(_sentence(event), view_of(event.graph))
                    yield Answer("measure", request, done)
                else:
                    yield Answer("measure", request, event)

    def write_graph(self, out: Path, kind: str, *, overwrite: bool = False) -> Measuring:
        """Write the graph that was measured last.

        Raises
        ------
        CallerError
            Nothing was measured yet.
        """
        if self.measured is None:
            raise CallerError("Nothing was measured yet: measure first.")
        graph, question, begun = self.measured.graph, object(), monotonic()
        yield Asked("measure", question, f"Writing {out.name} …")
        source = project_mask(self._measured_project())
        for step in GRAPH_WRITERS[kind](graph, source, out, overwrite=overwrite):
            progress = Progress(step.done, step.total, "rows", f"Writing {out.name}")
            yield Answer("measure", question, progress)
        sentence = f"Wrote {len(graph):,} branches to {out} in {monotonic() - begun:.0f} s."
        yield Answer("measure", question, MeasureDone(sentence))

    def write_surface(
        self,
        out: Path,
        kind: str,
        box: Box | None = None,
        config: MeasureConfig | None = None,
        *,
        overwrite: bool = False,
    ) -> Measuring:
        """Write the surface of the vessels that are shown in ``box``; none: everywhere."""
        project = self._measured_project()
        settings = config or MeasureConfig()
        request = Measure(str(project.path), out, kind, box, settings, overwrite=overwrite)
        yield Asked("measure", request, _WAITING)
        with closing(self.runner.run("measure", request)) as events:
            for event in events:
                if isinstance(event, Measured):
                    sentence = f"Wrote the surface to {out} in {event.seconds:.0f} s."
                    yield Answer("measure", request, MeasureDone(sentence))
                else:
                    yield Answer("measure", request, event)

    def compare_with(self, truth: str) -> Measuring:
        """Score what is shown against labels of the whole volume, and map where it errs."""
        project = self._measured_project()
        options = VolumeOptions(voxel_size=self._open_now().opened.volume.voxel_size)
        request = Evaluate(str(project.path), truth, options=options, keep_blocks=True)
        yield Asked("measure", request, _WAITING)
        with closing(self.runner.run("evaluate", request)) as events:
            for event in events:
                if isinstance(event, Evaluated):
                    done = MeasureDone(_scored(event), errors=error_maps(event.blocks))
                    yield Answer("measure", request, done)
                else:
                    yield Answer("measure", request, event)

    # -- inside ----------------------------------------------------------------

    def _measured_project(self) -> Project:
        """Return the project with all that was painted on the disk; on a worker's thread."""
        work = self._open_now()
        project = work.made_project()
        work.flush()
        return project

    def _install(self, opened: Opened) -> None:
        self.measured, self.errors_found = None, ()
        super()._install(opened)
        self.events.measured.emit(None)

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if not isinstance(event, MeasureDone):
            super()._show_answer(answer)
            return
        if event.view is not None:
            self.measured = event.view
            self.events.measured.emit(event.view)
        if event.errors is not None:
            self.errors_found = event.errors
            self.events.errors_found.emit(event.errors)
        self._show(Activity("measure", "done", event.sentence, 1.0))


def _sentence(event: Measured) -> str:
    s = event.summary
    removed = f" {event.removed:,} small pieces were left out." if event.removed else ""
    return (
        f"{s['branches']:,} branches, {s['junctions']:,} junctions, {s['length_mm']:,.1f} mm; "
        f"mean radius {s['mean_radius_um']:.1f} µm; {s['volume_fraction']:.2%} of the volume is "
        f"vessel, {s['length_density_mm_per_mm3']:.2f} mm/mm³. Took {event.seconds:.0f} s.{removed}"
    )


def _scored(event: Evaluated) -> str:
    s = event.scores
    return (
        f"Dice {s['dice']:.3f}, surface dice {s['surface_dice']:.3f}, clDice {s['cldice']:.3f}; "
        f"{s['b0_error']:.0f} pieces, {s['b1_error']:.0f} loops and {s['b2_error']:.0f} cavities "
        "too many or too few."
    )
