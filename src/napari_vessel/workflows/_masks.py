"""The mask of a project or of a file, read box by box: what is exported and evaluated."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np

from napari_vessel.errors import UnsupportedVolumeError
from napari_vessel.geometry import Box
from napari_vessel.project import Project, shown_mask
from napari_vessel.volumes import MaskSource, Volume, VolumeOptions, open_store, open_volume


def is_project(source: str) -> bool:
    """Tell whether ``source`` is a project's folder."""
    return (Path(source) / "project.toml").is_file()


def project_mask(project: Project) -> MaskSource:
    """Return the mask of a project: corrections over the proposal, with its recipe."""
    corrections = project.open_corrections(read_only=True)
    proposal, config = project.open_proposal(), project.config
    threshold = project.threshold
    volume = project.open_volume()
    return MaskSource(
        shape=config.volume.shape,
        voxel_size=config.volume.voxel_size,
        read=shown_mask(corrections.overlay, proposal, threshold),
        names=tuple(volume.names) if volume.names else None,
        recipe={
            "proposal": proposal.recipe if proposal else None,
            "threshold": threshold,
            "corrections": corrections.position,
            "volume": Path(config.volume.uri).name,
            "fingerprint": config.volume.fingerprint,
        },
        levels=len(volume.pyramid()),
    )


def file_mask(source: str, options: VolumeOptions) -> MaskSource:
    """Return the mask in a file: every value but 0 is vessel, NaN is not."""
    volume = open_volume(source, options)
    return MaskSource(
        shape=volume.shape,
        voxel_size=volume.voxel_size,
        read=lambda box: nonzero(volume.read(box)),
        names=tuple(volume.names) if volume.names else None,
        recipe={"mask": Path(volume.uri).name, "fingerprint": volume.fingerprint},
        levels=len(volume.pyramid()),
    )


def nonzero(values: np.ndarray) -> np.ndarray:
    """Return 1 where a label is not 0 (uint8); NaN counts as 0 and nothing wraps.

    >>> nonzero(np.array([0.0, np.nan, 256.0])).tolist()
    [0, 0, 1]
    """
    return (np.nan_to_num(values) != 0).astype(np.uint8)


def is_probability(volume: Volume) -> bool:
    """Tell whether the volume is one of our stores of probabilities."""
    with suppress(UnsupportedVolumeError, OSError, ValueError, json.JSONDecodeError):
        return "probability" in open_store(Path(volume.uri)).arrays
    return False
