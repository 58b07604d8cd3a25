"""The session: the one object that widgets, the demo and the simulated annotator drive."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import starter
from napari_vessel.project import Project, diagnostic_report
from napari_vessel.session._answers import progressing, proposals, sentence_of
from napari_vessel.session._opening import Callbacks, FirstHole, keep_array, open_for_session
from napari_vessel.session._state import SessionState
from napari_vessel.session._values import (
    Activity,
    ActivityName,
    ActivityState,
    Answer,
    Asked,
    Opened,
    SaveState,
)
from napari_vessel.session._workspace import Workspace
from napari_vessel.training import EpochEnd, StepEnd, TrainingConfig
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows import (
    BlockProposed,
    Clean,
    Cleaned,
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


class Session(SessionState):
    """One volume, its project, its proposal and its corrections, as one viewer has them open.

    Methods that return a generator are long: run them on a worker's thread and
    hand each event to :meth:`deliver`. The others return at once and belong to
    the session's own thread.
    """

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
        self._flush()  # what is painted now is in the journals before they are read
        point = around.voxel if around else None
        callbacks = Callbacks(self._on_saved, self._on_failed, FirstHole(self.events.failed.emit))
        yield open_for_session(str(where), options or VolumeOptions(), callbacks, around=point)

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
        now = self._open_now().opened.volume
        options = VolumeOptions.model_validate(now.options.model_dump() | changes)
        yield Asked("open", now.uri, f"Opening {Path(now.uri).name} again …")
        volume = open_volume(now.uri, options)
        if self.project and volume.shape == now.shape:
            self.project.link(volume)
        yield from self.open(now.uri, options)

    def predict(
        self,
        focus: Focus | None = None,
        box: Box | None = None,
        *,
        settings: InferenceConfig | None = None,
    ) -> Answering:
        """Propose a mask of the region, or of ``box`` in it, where the person looks first.

        ``settings`` are remembered by the project; none: the project's.
        """
        project = self._kept_project()
        if settings is not None:
            project.update(inference=settings)
        request = Propose(project.path, focus, box or self.region)
        yield Asked("predict", request, "Waiting for the compute process …")
        with closing(self.runner.run("propose", request, priority=1)) as events:
            yield from proposals(events, request, project, self.region)

    def clean(self, smallest_um3: float) -> Answering:
        """Leave out pieces of the proposal below ``smallest_um3`` (µm³) at every threshold.

        Nothing is predicted again, and no correction changes; 0 shows all pieces.
        """
        project = self._kept_project()
        request = Clean(project.path, smallest_um3)
        yield Asked("predict", request, "Waiting for the compute process …")
        with closing(self.runner.run("clean", request, priority=1)) as events:
            yield from proposals(events, request, project, self.region)

    def retrain(self, config: TrainingConfig | None = None) -> Answering:
        """Train on what was reviewed; the network is taken only if it is better."""
        request = Retrain(self._kept_project().path, config)
        yield from self._answered("retrain", request, "Waiting for the compute process …")

    def export(self, out: Path, format: str, *, overwrite: bool = False) -> Answering:  # noqa: A002
        """Write the mask that is shown, corrections over proposal, at ``out``."""
        request = Export(str(self._kept_project().path), out, format, overwrite)
        yield from self._answered("export", request, f"Writing {out.name} …")

    def _answered(
        self, name: Literal["retrain", "export"], request: object, sentence: str
    ) -> Answering:
        yield Asked(name, request, sentence)
        with closing(self.runner.run(name, request)) as events:
            for event in events:
                yield Answer(name, request, event)

    # -- answers, on the session's thread --------------------------------------

    def deliver(self, event: Asked | Answer | Opened) -> None:
        """Show what arrived, unless the person has moved on; never under the brush."""
        if isinstance(event, Opened):
            self._install(event)
        elif isinstance(event, Asked):
            self._begin(event)
        elif event.question is not self._questions.get(event.name):
            _log.info("A late answer to %s is not shown", event.name)
        elif event.probability is not None and self._work and self._work.in_stroke:
            self._held.append(event)
        else:
            self._show_answer(event)

    def ended_by(self, opened: Opened) -> tuple[ActivityName, ...]:
        """Return the activities that make no sense any more once ``opened`` is shown.

        A prediction is of what was open and how that was read; a training goes on
        as long as its project stays; an export is of no concern to the view.
        """
        before = self.opened
        same = before is not None and before.place == opened.place
        return ("predict",) if same else ("predict", "retrain")

    def failed(self, name: ActivityName, error: Exception) -> None:
        """Note that ``name`` failed, and tell it once."""
        _log.error("%s failed", name, exc_info=error)
        self._stop(name, "failed", str(error))
        self.events.failed.emit(error)

    def cancelled(self, name: ActivityName) -> None:
        """Note that ``name`` was cancelled."""
        whole = isinstance(self._questions.get(name), Clean)
        left = "All is shown as before." if whole else "What was done until then is kept."
        self._stop(name, "cancelled", f"Cancelled. {left}")

    # -- short: the person's hand ----------------------------------------------

    def begin_stroke(self, tool: str, plane: Plane | None = None) -> None:
        """Begin a stroke: all that is painted until it ends is one step to undo.

        Raises
        ------
        CallerError
            Nothing is open, or something else is just being opened.
        """
        self._editable().begin_stroke(tool, plane)

    def paint(self, box: Box, mask: NDArray[np.bool_], value: int) -> None:
        """Paint what the brush covered, ``mask`` of ``box`` in region voxels; 0 erases."""
        self._editable().paint(box, mask, value)
        self._saving()

    def end_stroke(self) -> None:
        """End the stroke, and show what arrived while it lasted."""
        if self._work is None or not self._work.in_stroke:
            return
        self._work.end_stroke()
        held, self._held = self._held, []
        for answer in held:
            self.deliver(answer)
        self.events.corrections.emit()

    def undo(self) -> Box | None:
        """Take back the last stroke; return the box (volume voxels) that changed."""
        return self._step("undo")

    def redo(self) -> Box | None:
        """Do again what was last undone; return the box (volume voxels) that changed."""
        return self._step("redo")

    def accept_slice(self, plane: Plane, index: int) -> Box:
        """Mark slice ``index`` (volume voxels) of the region as reviewed, as it is shown.

        Raises
        ------
        CallerError
            Its proposal is still being made, so what is shown is not final.
        """
        work = self._editable()
        box = work.accept_slice(plane, index)
        self._saving()
        self.events.corrections.emit()
        return box

    def import_labels(self, labels: ArrayLike) -> None:
        """Take ``labels`` (the region's shape; ≠ 0 is vessel) as one undoable correction."""
        self._changed(self._editable().import_labels(labels))

    def set_threshold(self, threshold: float) -> None:
        """Show the proposal at another threshold; nothing is predicted again."""
        if self._work is None or threshold == self._work.view.threshold:
            return
        self._work.remember_threshold(threshold)
        self._show_threshold(threshold)

    def reset_threshold(self) -> None:
        """Show the proposal at the checkpoint's own threshold, and follow it from now on."""
        if self._work is not None:
            own = self.project.open_checkpoint(self.checkpoint) if self.project else starter()
            self._work.remember_threshold(None)
            self._show_threshold(own.card.threshold)

    def go_back(self) -> str | None:
        """Use the parent of the checkpoint in use again; return its name, if it has one."""
        if self.project is None:
            return None
        parent = self.project.open_checkpoint().card.parent
        if parent:
            self.project.update(checkpoint=parent)
            self._use_checkpoint(parent)
            self._show_threshold(self.project.threshold)
        return parent

    def report(self) -> str:
        """Describe the installation and the project, to paste into an issue."""
        return diagnostic_report(self.project)

    def close(self) -> None:
        """Save what is painted and end the compute process."""
        self.end_stroke()
        if self._work:
            self._work.close()
        self.runner.close()

    # -- inside ----------------------------------------------------------------

    def _editable(self) -> Workspace:
        """Return what is open; a stroke during a reopening would miss the new journal's replay."""
        if self._running("open"):
            raise CallerError("A volume is being opened: go on painting when it is there.")
        return self._open_now()

    def _kept_project(self) -> Project:
        """Return the project with all that was painted on the disk; on a worker's thread."""
        project = self._open_now().made_project()
        self._flush()
        return project

    def _flush(self) -> None:
        if self._work:
            self._work.flush()

    def _install(self, opened: Opened) -> None:
        ended = self.ended_by(opened)
        if self._work:
            self._work.close()
        self._work = Workspace(opened)
        self._held.clear()
        for name in ended:
            if self._questions.pop(name, None) is not None and self._running(name):
                self._show(Activity(name, "cancelled", "Ended: another view was opened."))
        self.save_state = "saved" if opened.project else "nothing"
        self._show(Activity("open", "done"))
        self.events.opened.emit()
        self._use_checkpoint(opened.checkpoint)

    def _begin(self, asked: Asked) -> None:
        self._questions[asked.name] = asked.question
        if isinstance(asked.question, Propose) and self._work and asked.question.box:
            self._work.view.await_box(asked.question.box)
        if asked.name == "retrain":
            self.events.curve.emit(None)
        self._show(Activity(asked.name, "running", asked.sentence))

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, Progress):
            self._show(progressing(answer.name, event))
        elif isinstance(event, StepEnd | EpochEnd):
            self.events.curve.emit(event)
        elif isinstance(event, SliceProposed | BlockProposed):
            self._show_proposed(event, answer.probability)
        elif isinstance(event, Cleaned):
            self._show_cleaned(answer, event)
        elif isinstance(event, Proposed | Retrained | Exported):
            self._finish(answer.name, event)

    def _show_proposed(
        self, event: SliceProposed | BlockProposed, probability: NDArray[np.uint8] | None
    ) -> None:
        work = self._open_now()
        box = work.view.put(event.box, probability) if probability is not None else None
        if isinstance(event, BlockProposed):
            work.view.arrived(event.box)
            work.cleaned = False
        if box:
            self.events.shown.emit(box)

    def _show_cleaned(self, answer: Answer, event: Cleaned) -> None:
        work = self._open_now()
        work.smallest_um3, work.cleaned = event.smallest_um3, event.everywhere
        if answer.probability is not None:
            work.view.replace(answer.probability)
            self.events.shown.emit(None)
        self.events.smallest.emit(event.smallest_um3)
        if isinstance(answer.question, Clean):  # else the prediction goes on
            self._show(Activity(answer.name, "done", sentence_of(event), 1.0))

    def _finish(self, name: ActivityName, event: Proposed | Retrained | Exported) -> None:
        if isinstance(event, Proposed):
            self._open_now().view.stop_waiting()
        if isinstance(event, Retrained) and event.adopted and event.checkpoint:
            self._use_checkpoint(event.checkpoint)
            self._show_threshold(event.threshold)
        self._show(Activity(name, "done", sentence_of(event), 1.0))

    def _show_threshold(self, threshold: float | None) -> None:
        if threshold is not None and self._work:
            self._work.view.threshold = threshold
            self.events.threshold.emit(threshold)
            self.events.shown.emit(None)

    def _use_checkpoint(self, name: str) -> None:
        self.checkpoint = name
        self.events.checkpoint.emit(name)

    def _stop(self, name: ActivityName, state: ActivityState, sentence: str) -> None:
        self._questions.pop(name, None)
        if name == "predict" and self._work:
            self._work.view.stop_waiting()
        self._show(Activity(name, state, sentence))

    def _running(self, name: ActivityName) -> bool:
        return self.activities[name].state == "running"

    def _show(self, activity: Activity) -> None:
        self.activities[activity.name] = activity
        self.events.activity.emit(activity)

    def _step(self, kind: Literal["undo", "redo"]) -> Box | None:
        work = self._editable()
        self.end_stroke()
        changed = work.step(kind)
        return self._changed(changed) if changed else None

    def _changed(self, box: Box) -> Box:
        self._saving()
        self.events.shown.emit(box)
        self.events.corrections.emit()
        return box

    def _saving(self) -> None:
        if self.save_state != "failed":
            self._tell_saved("saving", "Saving …")
        self._on_saved()  # the journal's thread may have been faster than this one

    def _on_saved(self, *_: object) -> None:
        if self._work is not None and self._work.corrections.saved:
            self._tell_saved("saved", "Everything is saved.")

    def _on_failed(self, error: Exception) -> None:
        self._tell_saved("failed", f"Cannot save: {error}")

    def _tell_saved(self, state: SaveState, sentence: str) -> None:
        self.save_state = state
        self.events.saved.emit(state, sentence)
