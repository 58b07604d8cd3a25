"""What a person's hand does in a session: each returns at once, on the session's thread."""

from __future__ import annotations

from threading import RLock
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import starter
from napari_vessel.project import parent_of, use_checkpoint
from napari_vessel.runner import Runner
from napari_vessel.session._delivery import SessionDelivery
from napari_vessel.session._values import SaveState
from napari_vessel.session._workspace import Workspace
from napari_vessel.workflows import Focus


class SessionHand(SessionDelivery):
    """Painting, accepting, undoing, the threshold; and whether all of it is saved."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self._light = RLock()  # the journal's thread says "saved" while this one says "saving"
        self._said = ""

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

    def look(self, focus: Focus | None) -> None:
        """Tell a prediction that is under way where the person looks now: it does that first."""
        if focus is not None and self._work is not None and self._watch is not None:
            self._work.look(self._watch, focus)

    def set_threshold(self, threshold: float) -> None:
        """Show the proposal at another threshold; nothing is predicted again."""
        if self._work is None or threshold == self._work.view.threshold:
            return
        self._work.remember(threshold=threshold)
        self._show_threshold(threshold)

    def reset_threshold(self) -> None:
        """Show the proposal at the checkpoint's own threshold, and follow it from now on."""
        if self._work is not None:
            own = self.project.open_checkpoint(self.checkpoint) if self.project else starter()
            self._work.remember(threshold=None)
            self._show_threshold(own.card.threshold)

    def go_back(self) -> str | None:
        """Use the parent of the checkpoint in use again; return its name, if it has one."""
        if self.project is None:
            return None
        parent = parent_of(self.project)
        if parent:
            use_checkpoint(self.project, parent)
            self._use_checkpoint(parent)
            self._show_threshold(self.project.threshold)
        return parent

    # -- inside ----------------------------------------------------------------

    def _editable(self) -> Workspace:
        """Return what is open; a stroke during a reopening would miss the new journal's replay."""
        if self._running("open"):
            raise CallerError("A volume is being opened: go on painting when it is there.")
        return self._open_now()

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

    # -- is it saved? ----------------------------------------------------------

    def _saving(self) -> None:
        with self._light:
            if self.save_state not in {"failed", "aside"}:
                self._tell_saved("saving", "Saving …")
            self._on_saved()  # the journal's thread may have been faster than this one

    def _on_saved(self, *_: object) -> None:
        with self._light:
            if self._work is not None and self._work.corrections.saved:
                self._tell_saved("saved", "Everything is saved.")

    def _on_failed(self, error: Exception) -> None:
        self._tell_saved("failed", f"Cannot save: {error}")

    def _tell_saved(self, state: SaveState, sentence: str) -> None:
        """Tell it once: a brush asks at every stamp."""
        with self._light:
            if (state, sentence) != (self.save_state, self._said):
                self.save_state, self._said = state, sentence
                self.events.saved.emit(state, sentence)
