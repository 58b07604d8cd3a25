"""The folder of one annotation effort: made, opened, and where everything of it lies."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any
from uuid import uuid4

import tomli_w
from filelock import FileLock, Timeout
from pydantic import ValidationError

from napari_vessel.annotation import Corrections
from napari_vessel.errors import OutputExistsError, ProjectBusyError, ProjectError
from napari_vessel.geometry import Box
from napari_vessel.networks import Checkpoint, starter
from napari_vessel.project._config import FORMAT_VERSION, ProjectConfig, VolumeReference
from napari_vessel.project._place import default_project_path
from napari_vessel.project._proposal import Proposal, exists
from napari_vessel.volumes import Volume, open_volume, write_atomically

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Project:
    """A project folder. The configuration is read from disk each time it is asked for."""

    path: Path

    @classmethod
    def create(cls, path: Path, volume: Volume, *, region: Box | None = None) -> Project:
        """Make the folder of a new project on ``volume``.

        Raises
        ------
        OutputExistsError
            Something already stands at ``path``.
        """
        path = path.absolute()
        if path.exists():
            raise OutputExistsError(f"{path} already exists: open it, or choose another name.")
        config = ProjectConfig(
            volume=_reference(volume, path), region=region or Box.of(volume.shape)
        )
        project = cls(path)
        for folder in (project.journal, project.proposals, project.checkpoints, project.logs):
            folder.mkdir(parents=True)
        project._write(config)
        return project

    @classmethod
    def open(cls, path: Path | str) -> Project:
        """Open the project at ``path``.

        Raises
        ------
        ProjectError
            The folder is missing, no project, damaged, or of a newer format.
        """
        project = cls(Path(path).absolute())
        project.config  # noqa: B018  reading it is the check
        return project

    @property
    def toml(self) -> Path:
        """The file of the configuration."""
        return self.path / "project.toml"

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
        try:
            values = tomllib.loads(self.toml.read_text("utf-8"))
        except FileNotFoundError:
            raise ProjectError(f"{self.path} is no project: it has no project.toml.") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ProjectError(f"{self.toml} cannot be read: {error}") from error
        return _validated(values, self.toml)

    def update(self, **changes: object) -> ProjectConfig:
        """Change entries of the configuration, whole or not at all; viewer and child may both."""
        with self._locked():
            config = self.config.model_copy(update=changes)
            config = ProjectConfig.model_validate(config.model_dump())
            self._write(config)
        return config

    def open_volume(self) -> Volume:
        """Open the volume this project annotates.

        Raises
        ------
        ProjectError
            What is there now is another volume than the one annotated.
        """
        reference = self.config.volume
        volume = open_volume(self._volume_place(reference), reference.options)
        _require_same(_reference(volume, self.path), reference)
        return volume

    def link(self, volume: Volume) -> ProjectConfig:
        """Read the same volume as ``volume`` does from now on: its place, voxel size, polarity.

        Raises
        ------
        ProjectError
            It is another volume.
        """
        reference = _reference(volume, self.path)
        _require_same(reference, self.config.volume)
        return self.update(volume=reference)

    def open_corrections(self, **callbacks: Any) -> Corrections:  # noqa: ANN401  passed on as given
        """Open this project's corrections; see ``Corrections.open`` for the keywords."""
        return Corrections.open(self.journal, self.config.volume.shape, **callbacks)

    def open_checkpoint(self, name: str | None = None) -> Checkpoint:
        """Open the checkpoint ``name``, by default the one in use."""
        name = name or self.config.checkpoint
        return starter() if name == "starter" else Checkpoint.open(self.checkpoints / name)

    def open_proposal(self) -> Proposal | None:
        """Open the proposal in view, if there is one."""
        name = self.config.proposal
        return (
            Proposal.open(self.proposals, name) if name and exists(self.proposals, name) else None
        )

    def new_id(self) -> str:
        """Return a name for a new proposal or checkpoint that sorts by time."""
        return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"

    @property
    def threshold(self) -> float:
        """The probability that counts as vessel: the person's choice, else the checkpoint's."""
        chosen = self.config.threshold
        return self.open_checkpoint().card.threshold if chosen is None else chosen

    def _volume_place(self, reference: VolumeReference) -> str:
        """Find the volume where it was, else where it lies relative to the project."""
        if reference.relative and not Path(reference.uri).exists():
            return os.path.normpath(self.path / reference.relative)
        return reference.uri

    def _write(self, config: ProjectConfig) -> None:
        values = config.model_dump(mode="json", exclude_none=True)
        write_atomically(self.toml, tomli_w.dumps(values).encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with FileLock(self.path / ".project.lock", timeout=_LOCK_SECONDS):
                yield
        except Timeout as error:
            raise ProjectBusyError(
                f"{self.toml} is being written by another program; try again when it has ended."
            ) from error


def _reference(volume: Volume, project: Path) -> VolumeReference:
    remote = "://" in volume.uri
    uri = volume.uri if remote else str(Path(volume.uri).absolute())
    return VolumeReference(
        uri=uri,
        relative=None if remote else _relative(uri, project),
        fingerprint=volume.fingerprint,
        shape=volume.shape,
        voxel_size=volume.voxel_size,
        voxel_size_known=volume.voxel_size_known,
        options=volume.options,
    )


def _require_same(found: VolumeReference, expected: VolumeReference) -> None:
    if (found.fingerprint, found.shape) != (expected.fingerprint, expected.shape):
        raise ProjectError(
            f"{found.uri} is not the volume this project annotates: its contents or shape changed "
            f"(found {found.shape}, expected {expected.shape}). Put the original back."
        )


def _relative(uri: str, project: Path) -> str | None:
    try:
        return Path(os.path.relpath(uri, project)).as_posix()
    except ValueError:  # another drive, on Windows
        return None


def _validated(values: dict[str, Any], where: Path) -> ProjectConfig:
    found = values.get("format", 0)
    if isinstance(found, int) and found > FORMAT_VERSION:
        raise ProjectError(
            f"{where} has format {found}; this version knows up to {FORMAT_VERSION}. "
            "Please update napari-vessel."
        )
    try:
        return ProjectConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ProjectError(f"{where}: {place}: {first['msg']}.") from error


def find_project(volume: Volume) -> tuple[Path, Project | None]:
    """Return the default place of ``volume``'s project, and the project if it is there.

    A project of the same name on other contents, another level or another
    channel is passed by: the place then has a number.
    """
    first = default_project_path(volume.uri, fingerprint=volume.fingerprint)
    places = chain([first], (first.with_stem(f"{first.stem}-{n}") for n in count(2)))
    return next(
        (path, project)
        for path in places
        if (project := _matching(path, volume)) or not path.exists()
    )


def _matching(path: Path, volume: Volume) -> Project | None:
    try:
        project = Project.open(path)
    except ProjectError:
        return None
    reference, options = project.config.volume, volume.options
    found = reference.fingerprint, reference.options.level, reference.options.channel
    same = found == (volume.fingerprint, options.level, options.channel)
    return project if same else None
