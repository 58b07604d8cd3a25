"""The folder of one annotation effort: made, opened, and where everything of it lies."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from napari_vessel.annotation import Corrections
from napari_vessel.errors import (
    CallerError,
    OutputExistsError,
    ProjectError,
    VolumeNotFoundError,
    WriteError,
)
from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint, starter
from napari_vessel.project._config import ProjectConfig
from napari_vessel.project._place import corrections_places
from napari_vessel.project._proposal import Proposal
from napari_vessel.project._reference import open_referenced, reference_to, require_same
from napari_vessel.project._settings import (
    NAME,
    locked,
    read_config,
    said_newer,
    validated,
    write_config,
)
from napari_vessel.volumes import Volume, sync_tree


@dataclass(frozen=True)
class Project:
    """A project folder. The configuration is read from disk each time it is asked for."""

    path: Path

    @classmethod
    def create(cls, path: Path, volume: Volume, *, region: Box | None = None) -> Project:
        """Make the folder of a new project on ``volume``, whole or not at all.

        Raises
        ------
        OutputExistsError
            Something already stands at ``path``.
        CallerError
            The region does not lie in the volume.
        WriteError
            The folder cannot be made.
        """
        path, whole = Path(os.path.abspath(path)), Box.of(volume.shape)  # noqa: PTH100  drops ".."
        _refuse_standing(path)
        if region is not None and (not whole.contains(region) or region.size == 0):
            raise CallerError(f"Box {region} does not lie in the volume, which is {whole}.")
        config = ProjectConfig(volume=reference_to(volume, path), region=region or whole)
        beside = cls(path.with_name(f"{path.name}.partial-{uuid4().hex[:8]}"))
        try:
            beside._fill(config)
            beside.path.rename(path)
        except OSError as error:
            _refuse_standing(path)  # another program was faster
            raise WriteError(f"{path} cannot be made: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(beside.path, ignore_errors=True)
        return cls(path)

    @classmethod
    def open(cls, path: Path | str, *, to_change: bool = False) -> Project:
        """Open the project at ``path``; makes no file.

        Parameters
        ----------
        path
            Its folder.
        to_change
            Something of it will be changed: one of a newer format is refused.

        Raises
        ------
        ProjectError
            The folder is missing, no project, damaged, or of a newer format of which too little
            is understood.
        """
        project = cls(Path(path).expanduser().absolute())
        if to_change:
            project.require_changeable()
        project.config  # noqa: B018  reading it is the check
        return project

    @property
    def toml(self) -> Path:
        """The file of the configuration."""
        return self.path / NAME

    @property
    def journal(self) -> Path:
        """The folder of the journals: the truth of all corrections."""
        return self.path / "journal"

    @property
    def proposals(self) -> Path:
        """The folder of the proposals."""
        return self.path / "proposals"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.path / "logs"

    @property
    def config(self) -> ProjectConfig:
        """The configuration, as it now stands on disk."""
        return read_config(self.toml)

    @property
    def view_only(self) -> str:
        """Why this project is for viewing and exporting only, and what to do; else empty."""
        config = self.config
        if not config.is_newer:
            return ""
        said = said_newer(self.toml, config.format)
        return f"{said} to change it: here it is open to view and to export only."

    def require_changeable(self) -> None:
        """Refuse to change a project of a newer format.

        Raises
        ------
        ProjectError
            It is for viewing and exporting only.
        """
        if view_only := self.view_only:
            raise ProjectError(view_only)

    def update(self, **changes: object) -> ProjectConfig:
        """Change entries of the configuration, whole or not at all; viewer and child may both.

        Raises
        ------
        ProjectError
            A value is not allowed, or the project is of a newer format; nothing is changed.
        """
        self.require_changeable()
        with locked(self.path):
            config = validated(self.config.model_dump() | changes, self.toml)
            write_config(self.toml, config)
        return config

    def open_volume(self) -> Volume:
        """Open the volume this project annotates.

        Raises
        ------
        VolumeNotFoundError
            It is gone.
        ProjectError
            What is there now is another volume than the one annotated.
        """
        return open_referenced(self.config.volume, self.path)

    def link(self, volume: Volume) -> ProjectConfig:
        """Read the same volume as ``volume`` does from now on: its place, voxel size, polarity.

        Raises
        ------
        ProjectError
            It is another volume.
        """
        reference = reference_to(volume, self.path)
        require_same(reference, self.config.volume)
        return self.update(volume=reference)

    def open_corrections(self, **callbacks: Any) -> Corrections:  # noqa: ANN401  passed on as given
        """Open this project's corrections; see ``Corrections.open`` for the keywords."""
        places = corrections_places(self.path)
        options = {"cache": places.cache, "aside": places.aside} | callbacks
        options["read_only"] = self.view_only or options.get("read_only", False)
        return Corrections.open(self.journal, self.config.volume.shape, **options)

    def open_checkpoint(self, name: str | None = None) -> Checkpoint:
        """Open the checkpoint ``name``, by default the one in use."""
        name = name or self.config.checkpoint
        return starter() if name == "starter" else Checkpoint.open(self.checkpoints / name)

    def open_proposal(self, name: str | None = None) -> Proposal | None:
        """Open proposal ``name``, by default the one in view; it shows no piece that is too small.

        None where there is none, or no more: another process deletes what is superseded.
        """
        config = self.config
        wanted = name or config.proposal
        if wanted is None:
            return None
        try:
            return Proposal.open(self.proposals, wanted, config.least_voxels)
        except VolumeNotFoundError:
            taken_over = name is None and self.config.proposal != config.proposal
            return self.open_proposal() if taken_over else None

    def new_id(self) -> str:
        """Return a name for a new proposal or checkpoint that sorts by time."""
        return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex[:6]}"

    @property
    def threshold(self) -> float:
        """The probability that counts as vessel: the person's choice, else the checkpoint's."""
        chosen = self.config.threshold
        return self.open_checkpoint().card.threshold if chosen is None else chosen

    def _fill(self, config: ProjectConfig) -> None:
        for folder in (self.journal, self.proposals, self.checkpoints, self.logs):
            folder.mkdir(parents=True)
        write_config(self.toml, config)
        sync_tree(self.path)


def _refuse_standing(path: Path) -> None:
    if os.path.lexists(path):
        raise OutputExistsError(f"{path} already exists: open it, or choose another name.")
