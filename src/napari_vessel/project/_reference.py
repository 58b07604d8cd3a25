"""Which volume a project is of: noted when it is made, found again when it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from napari_vessel.errors import ProjectError, VolumeNotFoundError
from napari_vessel.project._config import VolumeReference
from napari_vessel.volumes import Volume, open_volume


def reference_to(volume: Volume, project: Path) -> VolumeReference:
    """Note what identifies ``volume``, and where it lies seen from ``project``."""
    remote = "://" in volume.uri
    uri = volume.uri if remote else os.path.abspath(volume.uri)  # noqa: PTH100  drops ".." too
    return VolumeReference(
        uri=uri,
        relative=None if remote else _relative(uri, project),
        fingerprint=volume.fingerprint,
        shape=volume.shape,
        voxel_size=volume.voxel_size,
        voxel_size_known=volume.voxel_size_known,
        options=volume.options,
    )


def open_referenced(reference: VolumeReference, project: Path) -> Volume:
    """Open the volume where it was, else where it lies relative to the project.

    Raises
    ------
    VolumeNotFoundError
        It is in neither place.
    ProjectError
        What is there is another volume.
    """
    other = None
    for place in _places(reference, project):
        try:
            volume = open_volume(place, reference.options)
            require_same(reference_to(volume, project), reference)
        except VolumeNotFoundError:
            continue
        except ProjectError as error:
            other = other or error
        else:
            return volume
    raise other or VolumeNotFoundError(
        f"The volume of {project} is gone: expected it at "
        f"{' or '.join(_places(reference, project))}. Put it back, or move both together."
    )


def require_same(found: VolumeReference, expected: VolumeReference) -> None:
    """Refuse another volume than the one annotated.

    Raises
    ------
    ProjectError
        Fingerprint or shape differ.
    """
    if (found.fingerprint, found.shape) != (expected.fingerprint, expected.shape):
        raise ProjectError(
            f"{found.uri} is not the volume this project annotates: its contents or shape changed "
            f"(found {found.shape}, expected {expected.shape}). Put the original back."
        )


def _places(reference: VolumeReference, project: Path) -> Iterator[str]:
    yield reference.uri
    if reference.relative:
        moved = os.path.normpath(project / reference.relative)
        if moved != reference.uri:
            yield moved


def _relative(uri: str, project: Path) -> str | None:
    try:
        return Path(os.path.relpath(uri, project)).as_posix()
    except ValueError:  # another drive, on Windows
        return None
