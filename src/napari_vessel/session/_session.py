"""The session: the one object that widgets, the demo and the simulated annotator drive."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import diagnostic_report
from napari_vessel.session._answers import proposals
from napari_vessel.session._explaining import SessionExplaining
from napari_vessel.session._history import SessionHistory
from napari_vessel.session._learning import SessionLearning
from napari_vessel.session._measure import SessionMeasure
from napari_vessel.session._objects_learning import SessionObjects
from napari_vessel.session._opening import (
    Callbacks,
    FirstHole,
    answered,
    keep_array,
    open_for_session,
)
from napari_vessel.session._progress import SessionProgress
from napari_vessel.session._queue import SessionQueue
from napari_vessel.session._tools import SessionTools
from napari_vessel.session._triage import SessionTriage
from napari_vessel.session._tuning import SessionTuning
from napari_vessel.session._values import Answer, Asked, Opened
from napari_vessel.session._waiting import called, discard_opened, in_time, is_remote
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows import Clean, Export, Focus, Foresee, Propose

Answering = Generator[Asked | Answer | Opened, None, None]


class Session(
    SessionProgress,
    SessionQueue,
    SessionLearning,
    SessionTuning,
    SessionMeasure,
    SessionExplaining,
    SessionHistory,
    SessionTools,
    SessionTriage,
    SessionObjects,
):
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
        name = called(str(where))
        yield Asked("open", where, f"Opening {name} …")
        self._flush()  # what is painted now is in the journals before they are read
        point = around.voxel if around else None
        callbacks = Callbacks(self._on_saved, self._on_failed, FirstHole(self.events.failed.emit))
        chosen = options or VolumeOptions()
        opening = open_for_session(str(where), chosen, callbacks, around=point)
        bound = chosen.retries.total_s if is_remote(str(where)) else None
        waited = in_time(opening, f"Opening {name}:", discard_opened, seconds=bound)
        yield (yield from answered("open", where, waited))

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
        with self._watched() as watch:
            request = Propose(project.path, focus, box or self.region, watch)
            yield Asked("predict", request, "Waiting for the compute process …")
            with closing(self.runner.run("propose", request, priority=1)) as events:
                yield from proposals(events, request, project, self.region)

    def resume_prediction(self, focus: Focus | None = None) -> Answering:
        """Go on with the prediction that is paused, with the settings it has.

        Raises
        ------
        CallerError
            None is.
        """
        box = self.paused_at
        if box is None:
            raise CallerError("No prediction is paused: press Predict.")
        yield from self.predict(focus, box)

    def forecast(
        self, settings: InferenceConfig | None = None, box: Box | None = None
    ) -> Answering:
        """Foresee what :meth:`predict` would take; how fast the network is, is found out once."""
        work = self._open_now()
        volume, project = work.opened.volume, self.project
        chosen = settings or (project.config.inference if project else InferenceConfig())
        request = Foresee(
            volume.uri,
            volume.options,
            self._checkpoint_path(),
            box or self.region,
            chosen,
            self._rates.get((chosen.device, chosen.precision)),
        )
        yield Asked("forecast", request, "Working out what a prediction would take …")
        with closing(self.runner.run("foresee", request)) as events:
            for event in events:
                yield Answer("forecast", request, event)

    def clean(self, smallest_um3: float) -> Answering:
        """Leave out pieces of the proposal below ``smallest_um3`` (µm³) at every threshold.

        Nothing is predicted again, and no correction changes; 0 shows all pieces.
        """
        project = self._kept_project()
        request = Clean(project.path, smallest_um3)
        yield Asked("predict", request, "Waiting for the compute process …")
        with closing(self.runner.run("clean", request, priority=1)) as events:
            yield from proposals(events, request, project, self.region)

    def export(self, out: Path, format: str, *, overwrite: bool = False) -> Answering:  # noqa: A002
        """Write the mask that is shown, corrections over proposal, at ``out``."""
        request = Export(str(self._kept_project().path), out, format, overwrite)
        yield from self._answered("export", request, f"Writing {out.name} …")

    # -- as a whole, at once ---------------------------------------------------

    def report(self) -> str:
        """Describe the installation and the project, to paste into an issue."""
        return diagnostic_report(self.project)

    def close(self) -> None:
        """Save what is painted and end the compute process."""
        self.end_stroke()
        if self._work:
            self._work.close()
        self.leave_jobs()
        self.leave_objects()
        self.runner.close()

    # -- inside ----------------------------------------------------------------

    def _answered(self, name: Literal["export"], request: object, sentence: str) -> Answering:
        yield Asked(name, request, sentence)
        with closing(self.runner.run(name, request)) as events:
            for event in events:
                yield Answer(name, request, event)

    @contextmanager
    def _watched(self) -> Iterator[Path]:
        """Give the file that tells a prediction where the person looks, as long as it lasts."""
        with TemporaryDirectory(prefix="napari-vessel-", ignore_cleanup_errors=True) as folder:
            self._watch = watch = Path(folder) / "focus.json"
            try:
                yield watch
            finally:
                if self._watch == watch:
                    self._watch = None

    def _checkpoint_path(self) -> str:
        """Name the checkpoint in use so that the compute process finds it."""
        if self.project is None or self.checkpoint == "starter":
            return "starter"
        return str(self.project.checkpoints / self.checkpoint)
