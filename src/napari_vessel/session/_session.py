"""The session: the one object that widgets, the demo and the simulated annotator drive."""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.annotation import Corrections, EditableLabels
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.project import Project, diagnostic_report
from napari_vessel.runner import Runner
from napari_vessel.session._answers import proposals, sentence_of
from napari_vessel.session._events import SessionEvents
from napari_vessel.session._opening import Callbacks, keep_array, open_for_session
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.session._values import (
    Activity,
    ActivityName,
    ActivityState,
    Answer,
    Asked,
    Opened,
    SaveState,
)
from napari_vessel.training import EpochEnd, StepEnd, TrainingConfig
from napari_vessel.volumes import Volume, VolumeOptions, open_volume
from napari_vessel.workflows import (
    BlockProposed,
    Export,
    Exported,
    Focus,
    Progress,
    Propose,
    Proposed,
    Retrain,
    Retrained,
    SliceProposed,
)

_log = logging.getLogger(__name__)

Answering = Generator[Asked | Answer | Opened, None, None]


class Session:
    """One volume, its project, its proposal and its corrections, as one viewer has them open.

    Methods that return a generator are long: run them on a worker's thread and
    hand each event to :meth:`deliver`. The others return at once and belong to
    the session's own thread.
    """

    def __init__(self, runner: Runner) -> None:
        self.events = SessionEvents()
        self.runner = runner
        self.volume: Volume | None = None
        self.project: Project | None = None
        self.labels: EditableLabels | None = None
        self.opened: Opened | None = None
        self.save_state: SaveState = "nothing"
        self.activities: dict[ActivityName, Activity] = {
            name: Activity(name) for name in ("open", "predict", "retrain", "export")
        }
        self._view: ProposalView | None = None
        self._corrections: Corrections | None = None
        self._questions: dict[ActivityName, object] = {}
        self._in_stroke = False
        self._held: list[Answer] = []
        self._checkpoint = "starter"

    # -- what is open ---------------------------------------------------------

    @property
    def region(self) -> Box:
        """The box that is open at full resolution, in volume voxels."""
        return self._open_now().region

    @property
    def threshold(self) -> float:
        """The probability that counts as vessel."""
        return self._view.threshold if self._view else 0.5

    @property
    def checkpoint(self) -> str:
        """The name of the checkpoint in use."""
        return self._checkpoint

    @property
    def reviewed(self) -> int:
        """How many voxels a person reviewed."""
        return self._corrections.overlay.reviewed if self._corrections else 0

    @property
    def corrections(self) -> Corrections | None:
        """The corrections that are open."""
        return self._corrections

    @property
    def problems(self) -> list[str]:
        """What could not be read of the journals, a sentence each."""
        return list(self._corrections.problems) if self._corrections else []

    # -- long: generators for a worker's thread --------------------------------

    def open(
        self,
        where: str | Path,
        options: VolumeOptions | None = None,
        *,
        around: Focus | None = None,
    ) -> Answering:
        """Open a volume with its project where there is one, or a project by its folder."""
        yield Asked("open", where, f"Opening {Path(str(where)).name} …")
        point = around.voxel if around else None
        yield open_for_session(
            str(where), options or VolumeOptions(), self._callbacks(), around=point
        )

    def open_array(
        self,
        array: Any,  # noqa: ANN401  numpy or dask
        voxel_size: VoxelSize | None,
        name: str,
    ) -> Answering:
        """Open voxels that only a viewer holds, after copying them to the user's data folder."""
        yield Asked("open", name, f"Copying layer {name} to a file that can be reopened …")
        yield from self.open(keep_array(array, voxel_size, name))

    def reopen(self, **changes: object) -> Answering:
        """Open the same volume read another way: ``voxel_size``, ``polarity``, level or channel."""
        now = self._open_now().volume
        options = VolumeOptions.model_validate(now.options.model_dump() | changes)
        volume = open_volume(now.uri, options)
        if self.project and volume.shape == now.shape:
            self.project.link(volume)
        yield from self.open(now.uri, options)

    def predict(self, focus: Focus | None = None, box: Box | None = None) -> Answering:
        """Propose a mask of the region, or of ``box`` in it, where the person looks first."""
        project = self._made_project()
        request = Propose(project.path, focus, box or self.region)
        yield Asked("predict", request, "Waiting for the compute process …")
        events = self.runner.run("propose", request, priority=1)
        yield from proposals(events, request, project)

    def retrain(self, config: TrainingConfig | None = None) -> Answering:
        """Train on what was reviewed; the network is taken only if it is better."""
        self._flush()
        request = Retrain(self._made_project().path, config)
        yield Asked("retrain", request, "Waiting for the compute process …")
        for event in self.runner.run("retrain", request):
            yield Answer("retrain", request, event)

    def export(self, out: Path, format: str, *, overwrite: bool = False) -> Answering:  # noqa: A002
        """Write the mask that is shown, corrections over proposal, at ``out``."""
        self._flush()
        request = Export(str(self._made_project().path), out, format, overwrite)
        yield Asked("export", request, f"Writing {out.name} …")
        for event in self.runner.run("export", request):
            yield Answer("export", request, event)

    # -- answers, on the session's thread --------------------------------------

    def deliver(self, event: Asked | Answer | Opened) -> None:
        """Show what arrived, unless the person has moved on; never under the brush."""
        if isinstance(event, Opened):
            self._install(event)
        elif isinstance(event, Asked):
            self._begin(event)
        elif event.question is not self._questions.get(event.name):
            _log.info("A late answer to %s is not shown", event.name)
        elif self._in_stroke and event.probability is not None:
            self._held.append(event)
        else:
            self._show_answer(event)

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, Progress):
            progress = Activity(
                answer.name, "running", event.what, event.fraction, event.seconds_left
            )
            self._show(progress)
        elif isinstance(event, (StepEnd, EpochEnd)):
            self.events.curve.emit(event)
        elif isinstance(event, (SliceProposed, BlockProposed)):
            self._show_proposed(event, answer.probability)
        elif isinstance(event, (Proposed, Retrained, Exported)):
            self._finish(answer.name, event)

    def _show_proposed(
        self, event: SliceProposed | BlockProposed, probability: np.ndarray | None
    ) -> None:
        if self._view is None or self.labels is None or probability is None:
            return
        box = self._view.put(event.box, probability)
        if isinstance(event, BlockProposed):
            self._view.arrived(event.box)
        if box:
            self.labels.invalidate(box)
            self.events.shown.emit(box)

    def _finish(self, name: ActivityName, event: Proposed | Retrained | Exported) -> None:
        self._show(Activity(name, "done", sentence_of(event), 1.0))
        if isinstance(event, Proposed) and self._view:
            self._view.stop_waiting()
        if isinstance(event, Retrained) and event.adopted and event.checkpoint:
            self._set_checkpoint(event.checkpoint)

    def _set_checkpoint(self, name: str) -> None:
        self._checkpoint = name
        self.events.checkpoint.emit(name)

    def _stop(self, name: ActivityName, state: ActivityState, sentence: str) -> None:
        self._questions.pop(name, None)
        if name == "predict" and self._view:
            self._view.stop_waiting()
        self._show(Activity(name, state, sentence))

    def _show(self, activity: Activity) -> None:
        self.activities[activity.name] = activity
        self.events.activity.emit(activity)

    def failed(self, name: ActivityName, error: Exception) -> None:
        """Note that ``name`` failed, and tell it once."""
        _log.error("%s failed", name, exc_info=error)
        self._stop(name, "failed", str(error))
        self.events.failed.emit(error)

    def cancelled(self, name: ActivityName) -> None:
        """Note that ``name`` was cancelled."""
        self._stop(name, "cancelled", "Cancelled. What was done until then is kept.")

    # -- short: the person's hand ----------------------------------------------

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        """Begin a stroke: all that is painted until it ends is one step to undo."""
        self._made_project()
        self._edited().begin_stroke(tool, plane)
        self._in_stroke = True

    def paint(self, box: Box, mask: np.ndarray, value: int) -> None:
        """Paint what the brush covered, ``mask`` of ``box`` in region voxels; 0 erases."""
        if self.labels is None or not self._in_stroke:
            raise CallerError("Painting needs an open volume and a stroke that was begun.")
        self._saving()
        self.labels.paint(box, mask, value)

    def end_stroke(self) -> None:
        """End the stroke, and show what arrived while it lasted."""
        if not self._in_stroke:
            return
        self._in_stroke = False
        self._edited().end_stroke()
        held, self._held = self._held, []
        for answer in held:
            self.deliver(answer)
        self.events.corrections.emit()

    def undo(self) -> Box | None:
        """Take back the last stroke; return the box (volume voxels) that changed."""
        return self._redraw(self._edited().undo())

    def redo(self) -> Box | None:
        """Do again what was last undone; return the box (volume voxels) that changed."""
        return self._redraw(self._edited().redo())

    def accept_slice(self, plane: Plane, index: int) -> Box:
        """Mark slice ``index`` (volume voxels) of the region as reviewed, as it is shown.

        Raises
        ------
        CallerError
            Its proposal is still being made, so what is shown is not final.
        """
        box = self.region.slice_at(plane, index)
        if self.labels is None or self._view is None or self._view.awaited_in(box):
            raise CallerError(
                f"Slice {plane.value.upper()} {index} is still being predicted: accept it when its "
                "proposal is there, or cancel the prediction."
            )
        self._made_project()
        self._saving()
        self._edited().accept(box, np.asarray(self.labels[box.relative_to(self.region).slices]))
        self.events.corrections.emit()
        return box

    def import_labels(self, labels: np.ndarray) -> None:
        """Take ``labels`` (the region's shape; ≠ 0 is vessel) as one undoable correction."""
        self._made_project()
        self._saving()
        self._edited().import_labels(self.region, labels)
        self._redraw(self.region)

    def set_threshold(self, threshold: float) -> None:
        """Show the proposal at another threshold; nothing is predicted again."""
        if self._view is None or self.labels is None or threshold == self._view.threshold:
            return
        self._view.threshold = threshold
        if self.project:
            self.project.update(threshold=threshold)
        self._redraw(None)
        self.events.threshold.emit(threshold)

    def go_back(self) -> str | None:
        """Use the parent of the checkpoint in use again; return its name, if it has one."""
        if self.project is None:
            return None
        parent = self.project.open_checkpoint().card.parent
        if parent:
            self.project.update(checkpoint=parent)
            self._set_checkpoint(parent)
        return parent

    def report(self) -> str:
        """Describe the installation and the project, to paste into an issue."""
        return diagnostic_report(self.project)

    def close(self) -> None:
        """Save what is painted and end the compute process."""
        self.end_stroke()
        if self._corrections:
            self._corrections.close()
        self.runner.close()

    # -- inside ----------------------------------------------------------------

    def _open_now(self) -> Opened:
        if self.opened is None:
            raise CallerError("Nothing is open yet: open a volume first.")
        return self.opened

    def _edited(self) -> Corrections:
        if self._corrections is None:
            raise CallerError("Nothing is open yet: open a volume first.")
        return self._corrections

    def _made_project(self) -> Project:
        """Return the project, made now if this is the first thing to keep."""
        opened = self._open_now()
        if self.project is None:
            project = Project(opened.place)
            if not opened.place.exists():
                project = Project.create(opened.place, opened.volume, region=opened.region)
            self.project = project
        return self.project

    def _install(self, opened: Opened) -> None:
        if self._corrections:
            self._corrections.close()
        self.opened, self.volume, self.project = opened, opened.volume, opened.project
        self._corrections = opened.corrections
        self._view = ProposalView(opened.region, opened.probability, opened.threshold)
        self.labels = EditableLabels(opened.corrections, opened.region, self._view.mask)
        self._questions.clear()
        self._checkpoint = opened.checkpoint
        self.save_state = "saved" if opened.project else "nothing"
        self._show(Activity("open", "done", ""))
        self.events.opened.emit()
        self.events.checkpoint.emit(self._checkpoint)

    def _begin(self, asked: Asked) -> None:
        self._questions[asked.name] = asked.question
        if isinstance(asked.question, Propose) and self._view and asked.question.box:
            self._view.await_box(asked.question.box)
        if asked.name == "retrain":
            self.events.curve.emit(None)
        self._show(Activity(asked.name, "running", asked.sentence))

    def _callbacks(self) -> Callbacks:
        return Callbacks(self._on_saved, self._on_failed)

    def _on_saved(self, *_: object) -> None:
        self._tell_saved("saved", "Everything is saved.")

    def _on_failed(self, error: Exception) -> None:
        self._tell_saved("failed", f"Cannot save: {error}")

    def _saving(self) -> None:
        if self.save_state != "failed":
            self._tell_saved("saving", "Saving …")

    def _tell_saved(self, state: SaveState, sentence: str) -> None:
        self.save_state = state
        self.events.saved.emit(state, sentence)

    def _flush(self) -> None:
        if self._corrections:
            self._corrections.flush()

    def _redraw(self, box: Box | None) -> Box | None:
        if self.labels is not None:
            self.labels.invalidate(box)
        self.events.shown.emit(box)
        self.events.corrections.emit()
        return box
