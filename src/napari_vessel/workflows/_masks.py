"""The mask of a project or of a file, read box by box: what is exported and evaluated."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_vessel.project import Project, shown_mask
from napari_vessel.volumes import MaskSource, VolumeOptions, open_volume


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
        voxel_size=volume.voxel_size,
        read=shown_mask(corrections.overlay, proposal, threshold),
        name=project.path.stem,
        names=volume.names,
        recipe={
            "proposal": proposal.recipe if proposal else None,
            "threshold": threshold,
            "corrections": dict(corrections.position),
            "volume": Path(volume.uri).name,
            "fingerprint": volume.fingerprint,
        },
        levels=len(volume.shapes),
        protected=(project.path, Path(volume.uri)),
    )


def file_mask(source: str, options: VolumeOptions) -> MaskSource:
    """Return the mask in a file: every value but 0 is vessel, NaN is not."""
    volume = open_volume(source, options)
    return MaskSource(
        shape=volume.shape,
        voxel_size=volume.voxel_size,
        read=lambda box: nonzero(volume.read(box)),
        name=Path(volume.uri).name.split(".")[0],
        names=volume.names,
        recipe={"mask": Path(volume.uri).name, "fingerprint": volume.fingerprint},
        levels=len(volume.shapes),
        protected=(Path(volume.uri),),
    )


def nonzero(values: np.ndarray) -> np.ndarray:
    """Return 1 where a label is not 0 (uint8); NaN counts as 0 and nothing wraps.

    >>> nonzero(np.array([0.0, np.nan, 256.0])).tolist()
    [0, 0, 1]
    """
    mask: np.ndarray = (np.nan_to_num(values) != 0).astype(np.uint8)
    return mask
