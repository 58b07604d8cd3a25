"""What a session knows of what is open: the part that followers read."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from napari_vessel.annotation import Corrections, EditableLabels
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box
from napari_vessel.morphology import SMALLEST_UM3, least_voxels
from napari_vessel.project import Project
from napari_vessel.runner import Runner
from napari_vessel.session._disagreement import DisagreementMap
from napari_vessel.session._events import SessionEvents
from napari_vessel.session._values import Activity, ActivityName, Answer, Opened, SaveState
from napari_vessel.session._workspace import Workspace
from napari_vessel.volumes import Volume
from napari_vessel.workflows import Foreseen, Propose


class SessionState:
    """What is open, what is going on, and whether it is saved; :class:`Session` changes it."""

    def __init__(self, runner: Runner) -> None:
        self.events = SessionEvents()
        self.runner = runner
        self.save_state: SaveState = "nothing"
        self.checkpoint = "starter"
        self.activities: dict[ActivityName, Activity] = {
            name: Activity(name) for name in get_args(ActivityName)
        }
        self._work: Workspace | None = None
        self._questions: dict[ActivityName, object] = {}
        self._held: list[Answer] = []
        self._paused: Propose | None = None
        self._watch: Path | None = None
        self.foreseen: Foreseen | None = None
        self._rates: dict[tuple[str, str], float] = {}  # by device and precision asked for
        self._kind = ("auto", "auto")

    @property
    def opened(self) -> Opened | None:
        """What opening brought, or None where nothing is open."""
        return self._work.opened if self._work else None

    @property
    def volume(self) -> Volume | None:
        """The volume that is open."""
        return self._work.opened.volume if self._work else None

    @property
    def project(self) -> Project | None:
        """The project, once there is something to keep."""
        return self._work.project if self._work else None

    @property
    def labels(self) -> EditableLabels | None:
        """What is shown, as an array that can be edited."""
        return self._work.labels if self._work else None

    @property
    def corrections(self) -> Corrections | None:
        """The corrections that are open."""
        return self._work.corrections if self._work else None

    @property
    def region(self) -> Box:
        """The box that is open at full resolution, in volume voxels."""
        return self._open_now().region

    @property
    def predicting(self) -> bool:
        """Whether a proposal is being made, which can be paused."""
        return isinstance(self._questions.get("predict"), Propose)

    @property
    def paused_at(self) -> Box | None:
        """The box (volume voxels) of the prediction that is paused, if one is."""
        return self._paused.box if self._paused else None

    @property
    def threshold(self) -> float:
        """The probability that counts as vessel."""
        return self._work.view.threshold if self._work else 0.5

    @property
    def smallest_um3(self) -> float:
        """Pieces of the proposal below this volume, in µm³, are to be left out; 0: none."""
        return self._work.smallest_um3 if self._work else SMALLEST_UM3

    @property
    def small_pieces_shown(self) -> bool:
        """Whether pieces that are to be left out are shown still."""
        if self._work is None or self._work.cleaned:
            return False
        return least_voxels(self.smallest_um3, self._work.opened.volume.voxel_size) > 1

    @property
    def reviewed(self) -> int:
        """How many voxels a person reviewed."""
        return self._work.corrections.overlay.reviewed if self._work else 0

    @property
    def problems(self) -> list[str]:
        """What could not be read of the journals, a sentence each."""
        return list(self._work.corrections.problems) if self._work else []

    @property
    def disagreement(self) -> DisagreementMap | None:
        """Where the planes of the proposal in view disagree, as an array that reads the disk."""
        return self._work.disagreement if self._work else None

    def _open_now(self) -> Workspace:
        if self._work is None:
            raise CallerError("Nothing is open yet: open a volume first.")
        return self._work

    def _kept_project(self) -> Project:
        """Return the project with all that was painted on the disk; on a worker's thread."""
        project = self._open_now().made_project()
        self._flush()
        return project

    def _flush(self) -> None:
        if self._work:
            self._work.flush()
