"""Where a volume seems to hold vessels, asked of a chunk classifier, for the whole-volume jobs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError, ProjectError, VolumeNotFoundError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import Project
from napari_vessel.runner import Runner
from napari_vessel.session._jobs import JobWish, SessionJobs
from napari_vessel.session._values import Activity, Answer, Asked, Opened
from napari_vessel.tiling import BlockGrid
from napari_vessel.workflows import ChunkJudged, Triage, Triaged, TriageMap, is_triage, open_triage

__all__ = ["SessionTriage", "TriageView"]

Answers = Generator[Asked | Answer, None, None]

_MOST_BLOCKS = 200_000  # estimated one by one; larger volumes by their chunks
_FOLDER = "triage"
_JOB_BLOCK: Zyx = (64, 128, 128)  # the least that a job chooses by itself


@dataclass(frozen=True, eq=False)
class TriageView:
    """What a triage found of the volume that is open, and what skipping by it would mean.

    Attributes
    ----------
    path
        Its folder.
    found
        The probability of a vessel in each chunk.
    shape
        Of the volume that is predicted, in voxels.
    highest, expected
        Of each block of a job: the highest probability of a chunk in it (NaN: not judged), and
        the sum of the probabilities of its chunks.
    block
        Edges of such a block, in voxels; a job may choose larger ones, and then skips less.
    """

    path: Path
    found: TriageMap
    shape: Zyx
    highest: NDArray[np.float32]
    expected: NDArray[np.float64]
    block: Zyx

    @property
    def factors(self) -> tuple[float, float, float]:
        """Edges of a chunk, in voxels of the volume that is predicted."""
        axes = zip(self.found.chunk, self.shape, self.found.shape, strict=True)
        z, y, x = (edge * ours / theirs for edge, ours, theirs in axes)
        return z, y, x

    def skipped(self, skip_below: float) -> tuple[int, int, float]:
        """Return how many blocks are skipped, of how many, and the share of vessel in them.

        The share is an estimate: of all the triage expects to be vessel (the sum of its
        probabilities), what lies in blocks that are skipped. Nobody has measured it.
        """
        below = self.highest < skip_below  # those not judged are predicted
        total = float(self.expected.sum())
        lost = float(self.expected[below].sum()) / total if total else 0.0
        return int(below.sum()), len(self.highest), lost


class SessionTriage(SessionJobs):
    """Looks through the open volume, and lets its jobs order and skip blocks by what was found."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.triage: TriageView | None = None
        self.skip_below = 0.0
        self.uses_triage = True

    # -- long: generators for a worker's thread --------------------------------

    def look_through(self, classifier: str) -> Answers:
        """Ask a classifier of chunks for a vessel in every chunk; goes on where it was stopped."""
        project, volume = self._kept_project(), self._open_now().opened.volume
        mark = sha256(str(Path(classifier).expanduser().absolute()).encode()).hexdigest()[:12]
        out = project.path / _FOLDER / mark
        request = Triage(volume.uri, out, classifier, volume.options)
        yield Asked("triage", request, "Waiting for the compute process …")
        shown = False
        with closing(self.runner.run("triage", request)) as events:
            for event in events:
                if isinstance(event, ChunkJudged) and not shown and is_triage(out):
                    shown = True
                    yield Answer("triage", request, self._view(project, out))
                yield Answer("triage", request, event)
                if isinstance(event, Triaged):
                    yield Answer("triage", request, self._view(project, out))

    def find_triage(self) -> Answers:
        """Show what an earlier triage of the open project found, if there was one; quietly."""
        project, question = self.project, object()
        yield Asked("triage", question, "")
        folders = list((project.path / _FOLDER).glob("*")) if project else []
        there = [path for path in folders if is_triage(path)]
        if project is not None and there:
            latest = max(there, key=lambda path: path.stat().st_mtime)
            try:
                yield Answer("triage", question, self._view(project, latest))
            except (ProjectError, VolumeNotFoundError, CallerError):
                return  # it is made again when somebody asks for one

    # -- at once ---------------------------------------------------------------

    def skip(self, below: float, *, used: bool = True) -> None:
        """Let jobs skip blocks whose chunks all have a lower probability; see :class:`JobWish`."""
        self.skip_below, self.uses_triage = below, used
        self.events.triage.emit(self.triage)

    def start_job(self, wish: JobWish) -> str:
        """Predict the whole volume; blocks in the order, and without those, that a triage says."""
        return super().start_job(self._with_triage(wish))

    def write_job_run(self, wish: JobWish, path: Path) -> None:
        """Write a file that predicts as ``wish`` says with ``napari-vessel run``; on a worker."""
        super().write_job_run(self._with_triage(wish), path)

    # -- inside ----------------------------------------------------------------

    def _with_triage(self, wish: JobWish) -> JobWish:
        if self.triage is None or not self.uses_triage or wish.triage is not None:
            return wish
        return replace(wish, triage=self.triage.path, skip_below=self.skip_below)

    def _view(self, project: Project, out: Path) -> TriageView:
        volume = self._open_now().opened.volume
        block = project.config.inference.block
        if block == InferenceConfig().block:  # left to the job: it takes such, or some of them
            block = _JOB_BLOCK
        return triage_view(out, open_triage(out), volume.shape, block)

    def _install(self, opened: Opened) -> None:
        before = self.opened
        same = before is not None and before.place == opened.place
        super()._install(opened)
        if not same:
            if self._questions.pop("triage", None) is not None and self._running("triage"):
                self._show(Activity("triage", "cancelled", "Ended: another volume was opened."))
            self.triage, self.skip_below = None, 0.0
            self.events.triage.emit(None)

    def _begin(self, asked: Asked) -> None:
        if asked.name == "triage" and not asked.sentence:  # nobody asked for it
            self._questions[asked.name] = asked.question
        else:
            super()._begin(asked)

    def _show_answer(self, answer: Answer) -> None:
        event = answer.event
        if isinstance(event, TriageView):
            self.triage = event
            self.events.triage.emit(event)
        elif isinstance(event, ChunkJudged) and answer.name == "triage":
            self._put(event)
        elif isinstance(event, Triaged):
            self._show(Activity("triage", "done", _sentence(event), 1.0))
        else:
            super()._show_answer(answer)

    def _put(self, judged: ChunkJudged) -> None:
        """Show what was judged just now."""
        if self.triage is None:
            return
        found = self.triage.found
        for box, probability in zip(judged.boxes, judged.probabilities, strict=True):
            z, y, x = (
                (a - start) // edge
                for a, start, edge in zip(box.start, found.box.start, found.chunk, strict=True)
            )
            found.probability[z, y, x] = probability
        self.events.triage_judged.emit()


def triage_view(path: Path, found: TriageMap, shape: Zyx, block: Zyx) -> TriageView:
    """Work out what each block of a job over a volume of ``shape`` holds, by a triage."""
    edges = tuple(
        edge * ours / theirs
        for edge, ours, theirs in zip(found.chunk, shape, found.shape, strict=True)
    )
    starts = tuple(
        at * ours / theirs
        for at, ours, theirs in zip(found.box.start, shape, found.shape, strict=True)
    )
    blocks = BlockGrid(Box.of(shape), block).blocks
    if len(blocks) > _MOST_BLOCKS:
        highest = found.probability.ravel()
        expected = np.nan_to_num(highest).astype(np.float64)
        return TriageView(path, found, shape, highest, expected, found.chunk)
    highest, expected = np.full(len(blocks), np.nan, np.float32), np.zeros(len(blocks))
    for at, box in enumerate(blocks):
        spans = zip(box.start, box.stop, starts, edges, strict=True)
        cut = tuple(
            slice(max(int((a - s) // e), 0), max(int(-(-(b - s) // e)), 0)) for a, b, s, e in spans
        )
        chunks = found.probability[cut]
        if chunks.size:
            highest[at] = chunks.max()  # NaN where one was not judged: that is predicted
        expected[at] = np.nansum(chunks)
    return TriageView(path, found, shape, highest, expected, block)


def _sentence(event: Triaged) -> str:
    share = event.below_half / max(event.chunks, 1)
    unread = f" {event.unread:,} could not be read and are predicted." if event.unread else ""
    outside = f" {event.outside:,} lie outside of the organ." if event.outside else ""
    return (
        f"{event.chunks:,} chunks in {event.seconds:.0f} s; {share:.0%} more likely hold no "
        f"vessel.{outside}{unread}"
    )
