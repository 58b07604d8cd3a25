"""A session asks why the network says vessel at a voxel: in the compute process."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from napari_vessel.attribution import AttributionConfig, Question
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane, Zyx
from napari_vessel.runner import Runner
from napari_vessel.session._hand import SessionHand
from napari_vessel.session._values import Activity, ActivityName, Answer, Asked, Opened
from napari_vessel.workflows import Explain, Explained, write_explained, write_run

Explaining = Generator[Asked | Answer, None, None]

_DEFAULT = AttributionConfig()


@dataclass(frozen=True, slots=True)
class ExplanationWritten:
    """What was written of an explanation."""

    paths: tuple[Path, ...]


class SessionExplaining(SessionHand):
    """Explains a voxel, or the vessel there, and writes what was explained last.

    Methods that return a generator are long: for a worker's thread, as those of ``Session``.
    """

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.explained: Explained | None = None

    def explain(
        self,
        at: Zyx,
        plane: Plane,
        question: Question = "here",
        *,
        config: AttributionConfig = _DEFAULT,
        target: Literal["vessel", "voxel"] = "vessel",
    ) -> Explaining:
        """Ask why the network in use says vessel at ``at`` (volume voxels), or why it does not.

        In the slice of ``plane`` through it. The vessel is that of the proposal in view, at the
        threshold that is shown; corrections are no part of it.
        """
        request = self._explain_request(at, plane, question, config, target)
        yield Asked("explain", request, "Waiting for the compute process …")
        with closing(self.runner.run("explain", request, priority=1)) as events:
            for event in events:
                yield Answer("explain", request, event)

    def write_explained(self, out: Path, *, overwrite: bool = False) -> Explaining:
        """Write what was explained last at ``out``, with a picture: see ``workflows.Explain``.

        Raises
        ------
        CallerError
            Nothing was explained yet, or it cannot be written so.
        """
        if self.explained is None:
            raise CallerError("Nothing was explained yet: ask first.")
        question = ("write", out)
        yield Asked("explain", question, f"Writing {out.name} …")
        written = write_explained(self.explained, out, overwrite=overwrite)
        yield Answer("explain", question, ExplanationWritten(written.paths))

    def write_explain_run(self, out: Path) -> Explaining:
        """Write the file that asks the same again, for ``napari-vessel run``.

        Raises
        ------
        CallerError
            Nothing was explained yet.
        """
        if self.explained is None:
            raise CallerError("Nothing was explained yet: ask first.")
        question = ("run", out)
        yield Asked("explain", question, f"Writing {out.name} …")
        write_run(out, self.explained.question)
        yield Answer("explain", question, ExplanationWritten((out,)))

    # -- inside ----------------------------------------------------------------

    def _explain_request(
        self,
        at: Zyx,
        plane: Plane,
        question: Question,
        config: AttributionConfig,
        target: Literal["vessel", "voxel"],
    ) -> Explain:
        opened, project = self._open_now().opened, self.project
        asked = Explain("", at, plane, target, question, config)
        if project is not None:
            return replace(asked, source=str(project.path), threshold=self.threshold)
        return replace(asked, source=opened.volume.uri, options=opened.volume.options)

    def ended_by(self, opened: Opened) -> tuple[ActivityName, ...]:
        """Return the activities that make no sense any more once ``opened`` is shown."""
        ended = super().ended_by(opened)
        return ended if self._still_true(opened) else (*ended, "explain")

    def _install(self, opened: Opened) -> None:
        kept = self._still_true(opened)
        super()._install(opened)
        if not kept:
            self.explained = None
            self.events.explained.emit(None)

    def _still_true(self, opened: Opened) -> bool:
        """Tell whether what was explained is of ``opened``, too: the same voxels, read alike."""
        if self.opened is None:
            return False
        before, now = self.opened.volume, opened.volume
        return (before.uri, before.options) == (now.uri, now.options)

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, Explained) and answer.name == "explain":
            self.explained = event
            self.events.explained.emit(event)
            self._show(Activity("explain", "done", event.sentence, 1.0))
        elif isinstance(event, ExplanationWritten):
            named = ", ".join(path.name for path in event.paths)
            self._show(
                Activity("explain", "done", f"Wrote {named} in {event.paths[0].parent}.", 1.0)
            )
        else:
            super()._show_answer(answer)
