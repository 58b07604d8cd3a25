"""The mask of a project or of a file, read box by box: what is exported and evaluated."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from os.path import isfile, join
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from napari_vessel.errors import CallerError, UnsupportedVolumeError
from napari_vessel.geometry import Box
from napari_vessel.project import Project, ProjectConfig, Proposal, shown_mask
from napari_vessel.volumes import (
    MaskSource,
    Store,
    Volume,
    VolumeOptions,
    mask_of,
    open_store,
    open_volume,
    probability_u8,
)

_HALF = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A mask, the volume it is read from, and the probability behind it, where there is one."""

    mask: MaskSource
    volume: Volume | None = None
    probability: Callable[[Box], np.ndarray] | None = None


def is_project(source: str) -> bool:
    """Tell whether ``source`` is a project's folder."""
    return isfile(join(source, "project.toml"))  # noqa: PTH113, PTH118  never raises


def open_mask(source: str, options: VolumeOptions, threshold: float | None = None) -> Opened:
    """Open the mask of a project, of a probability this program wrote, or in a file.

    Raises
    ------
    CallerError
        A threshold is given for a mask; or what ``open_volume`` refuses.
    """
    if is_project(source):
        return Opened(project_mask(Project.open(source), threshold))
    if (store := _store(source)) is not None:
        return _of_store(store, threshold)
    volume = open_volume(source, options)
    if threshold is not None:
        raise CallerError(f"{source} is a mask: a threshold means nothing there, leave it out.")
    return Opened(_of_volume(volume, lambda box: nonzero(volume.read(box))), volume)


def open_prediction(source: str, options: VolumeOptions, threshold: float | None) -> Opened:
    """Open what is to be judged: as :func:`open_mask`, but fractions are a probability."""
    if is_project(source) or _store(source) is not None:
        return open_mask(source, options, threshold)
    volume = open_volume(source, options)
    if volume.dtype.kind != "f":
        return open_mask(source, options, threshold)
    chosen = _HALF if threshold is None else threshold

    def probability(box: Box) -> np.ndarray:
        return probability_u8(volume.read(box))

    mask = _of_volume(volume, lambda box: mask_of(probability(box), chosen))
    return Opened(mask, volume, probability)


def tell_unproposed(mask: MaskSource) -> None:
    """Warn of a project's mask that must not pass for what it is not.

    It has no proposal, or one with small pieces that its setting says are not shown; or some of
    its corrections could not be read. Told once a request is accepted, so that a mistake of the
    caller's stays one line.
    """
    unread = mask.recipe.get("corrections_unread")
    for problem in unread if isinstance(unread, list) else ():
        _log.warning("Of %s not all corrections are in the mask: %s", mask.name, problem)
    if mask.recipe.get("proposal", mask) is None:
        _log.warning("%s has no proposal: its mask is the corrections alone.", mask.name)
    elif mask.recipe.get("smallest_um3") and mask.recipe.get("small_pieces") == "shown":
        _log.warning(
            "%s shows small pieces of its proposal though its setting is not to: predict again, "
            "to the end.",
            mask.name,
        )


def project_mask(project: Project, threshold: float | None = None) -> MaskSource:
    """Return the mask of a project: corrections over the proposal, with its recipe."""
    with closing(project.open_corrections(read_only=True)) as corrections:
        overlay, position = corrections.overlay, corrections.position
        unread: list[JsonValue] = [*corrections.problems]
    proposal, volume = project.open_proposal(), project.open_volume()
    threshold = project.threshold if threshold is None else threshold
    layers = list(proposal.layers) if proposal else []
    return MaskSource(
        shape=project.config.volume.shape,
        voxel_size=volume.voxel_size,
        read=shown_mask(overlay, proposal, threshold),
        name=project.path.stem,
        names=volume.names,
        recipe={
            "proposal": proposal.recipe if proposal else None,
            "earlier_proposals": [layer.recipe for layer in layers[1:]],
            "threshold": threshold,
            "smallest_um3": project.config.smallest_um3,
            "small_pieces": _small_pieces(project.config, proposal),
            "corrections": dict(position),
            "corrections_unread": unread,
            "volume": Path(volume.uri).name,
            "fingerprint": volume.fingerprint,
        },
        levels=len(volume.shapes),
        protected=(project.path, *places_of(volume)),
        origin_um=volume.origin_um,
        like=like_of(volume),
    )


def _small_pieces(config: ProjectConfig, proposal: Proposal | None) -> str:
    removed = config.least_voxels > 1 and (proposal is None or proposal.is_cleaned)
    return "removed" if removed else "shown"


def places_of(volume: Volume) -> tuple[Path, ...]:
    """Return the paths that nothing may be written to: the volume's, where it is local."""
    return () if "://" in volume.uri else (Path(volume.uri),)


def like_of(volume: Volume) -> Path | None:
    """Return the file of a volume that is one, read as it is stored."""
    whole = volume.options.level == 0 and "://" not in volume.uri
    return Path(volume.uri) if whole and isfile(volume.uri) else None  # noqa: PTH113


def nonzero(values: np.ndarray) -> np.ndarray:
    """Return 1 where a label is not 0 (uint8); NaN counts as 0 and nothing wraps.

    >>> nonzero(np.array([0.0, np.nan, 256.0])).tolist()
    [0, 0, 1]
    """
    mask: np.ndarray = (np.nan_to_num(values) != 0).astype(np.uint8)
    return mask


def _of_volume(volume: Volume, read: Callable[[Box], np.ndarray]) -> MaskSource:
    return MaskSource(
        shape=volume.shape,
        voxel_size=volume.voxel_size,
        read=read,
        name=Path(volume.uri).name.split(".")[0],
        names=volume.names,
        recipe={"mask": Path(volume.uri).name, "fingerprint": volume.fingerprint},
        levels=len(volume.shapes),
        protected=places_of(volume),
        origin_um=volume.origin_um,
        like=like_of(volume),
    )


def _of_store(store: Store, wanted: float | None) -> Opened:
    recipe = dict(store.attrs)
    threshold = float(str(recipe.get("threshold", _HALF))) if wanted is None else wanted

    def probability(box: Box) -> np.ndarray:
        return store.read("probability", box)

    mask = MaskSource(
        shape=store.shape,
        voxel_size=store.voxel_size,
        read=lambda box: mask_of(probability(box), threshold),
        name=store.path.name.split(".")[0],
        recipe=recipe | {"threshold": threshold, "smallest_um3": 0.0},  # it is the raw one
        levels=len(store.level_shapes),
        protected=(store.path,),
    )
    return Opened(mask, probability=probability)


def _store(path: str) -> Store | None:
    """Open one of our probability stores; None for anything else."""
    if not isfile(join(path, "zarr.json")):  # noqa: PTH113, PTH118  never raises
        return None
    try:
        store = open_store(Path(path))
    except UnsupportedVolumeError:
        return None
    return store if "probability" in store.spec.arrays else None
