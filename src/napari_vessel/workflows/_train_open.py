"""Open the volumes of a training, and refuse what does not fit together."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from napari_vessel.errors import CallerError, LabelsError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.training import (
    LabelledVolume,
    Looked,
    Reviewed,
    Survey,
    labelled_slices,
    survey,
)
from napari_vessel.volumes import Volume, VolumeOptions, open_volume
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._masks import nonzero
from napari_vessel.workflows._train_config import TrainRun, VolumeEntry

_log = logging.getLogger(__name__)
_ALIKE = 1.1  # voxel sizes that one network can learn at without rescaling
_EVERY = 64  # pieces between two words of progress


@dataclass(frozen=True)
class Opened:
    """A volume with its labels, of one shape."""

    name: str
    entry: VolumeEntry
    image: Volume
    labels: Volume

    def vessel(self, box: Box) -> np.ndarray:
        """Read where the labels are not 0."""
        return nonzero(self.labels.read(box)).view(np.bool_)


@dataclass(frozen=True)
class Surveyed:
    """A volume, what of it is truth, and where that was found."""

    opened: Opened
    labelled: LabelledVolume
    found: Survey


def open_all(config: TrainRun) -> list[Opened]:
    """Open every volume and its labels from their metadata.

    Raises
    ------
    LabelsError
        Labels are missing or of another shape.
    CallerError
        A volume is named twice, has no voxel size, or another one than the others.
    """
    names = names_of([entry.image for entry in config.volume])
    opened = [_open(name, entry) for name, entry in zip(names, config.volume, strict=True)]
    _refuse_twice(opened)
    _refuse_unknown(opened)
    if not config.rescales:
        _refuse_unlike(opened)
    return opened


def voxel_size_of(opened: Sequence[Opened], *, rescale: bool) -> VoxelSize:
    """Return the voxel size a new network learns at.

    That of the first volume learned from where the others are rescaled to it, else
    the geometric mean of all learned from.
    """
    sizes = [volume.image.voxel_size for volume in opened if volume.entry.role == "train"]
    if rescale:
        return sizes[0]
    z, y, x = np.exp(np.log([size.zyx for size in sizes]).mean(axis=0)).round(6).tolist()
    return VoxelSize(z, y, x)


def polarity_of(opened: Sequence[Opened]) -> Literal["dark", "bright"]:
    """Return what a new network learns: bright vessels where all volumes say so, else dark."""
    bright = all(volume.entry.polarity == "bright" for volume in opened)
    return "bright" if bright else "dark"


def survey_volume(opened: Opened, config: TrainRun) -> Generator[Progress, None, Surveyed]:
    """Find what of a volume is truth, telling how far it is; return the finding.

    Raises
    ------
    LabelsError
        Nothing is labelled.
    """
    labelled = yield from _labelled(opened)
    what = f"Reading the labels of {opened.name}"
    found = yield from survey_cells(labelled, labelled.searched, config, what)
    _refuse_unlabelled(opened, found)
    return Surveyed(opened, labelled, found)


def survey_cells(
    reviewed: Reviewed, searched: Sequence[Box], config: TrainRun, what: str
) -> Generator[Progress, None, Survey]:
    """Survey the cells of the validation grid."""
    cell = config.training.validation_block
    seed = config.training.seed if config.split_seed is None else config.split_seed
    for step in survey(reviewed, searched, cell, config.most_cells, seed):
        if isinstance(step, Survey):
            return step
        if step.done % _EVERY == 0:
            yield Progress(step.done, step.total, "pieces", what)
    raise TypeError("survey ended without a finding")


def names_of(places: Sequence[str]) -> list[str]:
    """Call volumes by the ends of their paths, as much of them as tells them apart.

    >>> names_of(["/a/kidney_1/images", "/a/kidney_2/images"])
    ['kidney_1/images', 'kidney_2/images']
    """
    parts = [place.rstrip("/").replace("\\", "/").split("/") for place in places]
    for count in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-count:]) for part in parts]
        if len(set(names)) == len(set(places)):
            return names
    return ["/".join(part) for part in parts]


def _open(name: str, entry: VolumeEntry) -> Opened:
    image = open_volume(entry.image, entry.options)
    # At its own level 0: means of labels would be no labels.
    labels = open_volume(_labels_of(name, entry), VolumeOptions(missing=entry.missing))
    if labels.shape != image.shape:
        raise LabelsError(
            f"The labels of {name} have {_text(labels.shape)} voxels and its image, at level "
            f"{entry.level}, {_text(image.shape)}: give labels of the same volume and level."
        )
    return Opened(name, entry, image, labels)


def _labels_of(name: str, entry: VolumeEntry) -> str:
    """Name the labels: given, or beside the slices as in the competition's folders."""
    if entry.labels:
        return entry.labels
    image = Path(entry.image)
    for folder in (image / "labels", image.parent / "labels"):
        if folder.is_dir() and "://" not in entry.image:
            return str(folder)
    raise LabelsError(f"{name} has no folder labels beside its slices: say labels = … for it.")


def _refuse_unknown(opened: Sequence[Opened]) -> None:
    for volume in opened:
        if not volume.image.voxel_size_known:
            raise CallerError(
                f"{volume.name} does not say its voxel size, which the network is to learn at: "
                "give voxel_size = [z, y, x] in µm."
            )


def _refuse_unlike(opened: Sequence[Opened]) -> None:
    sizes = np.array([volume.image.voxel_size.zyx for volume in opened])
    if (sizes.max(axis=0) > _ALIKE * sizes.min(axis=0)).any():
        told = "; ".join(f"{volume.name} {volume.image.voxel_size}" for volume in opened)
        raise CallerError(
            f"The volumes differ in voxel size by more than 10 %: {told}. Say rescale = true to "
            "show all at that of the first one learned from, or choose levels that are alike."
        )


def _refuse_twice(opened: Sequence[Opened]) -> None:
    seen: set[tuple[str, int, int | None]] = set()
    for volume in opened:
        uri, options = volume.image.uri, volume.image.options
        place = uri if "://" in uri else str(Path(uri).resolve())
        if (key := (place, options.level, options.channel)) in seen:
            raise CallerError(f"Volume {volume.name} is named twice: name each volume once.")
        seen.add(key)


def _labelled(opened: Opened) -> Generator[Progress, None, LabelledVolume]:
    """Settle what of the labels is truth; where slices must hold a label, by one pass."""
    reviewed, shape = opened.entry.reviewed, opened.image.shape
    regions: tuple[Box, ...] | None = (Box.of(shape),)
    if reviewed == "vessel-only":
        regions = None
    elif reviewed == "labelled-slices":
        for step in labelled_slices(opened.vessel, shape):
            if isinstance(step, Looked):
                what = f"Looking for labelled slices of {opened.name}"
                yield Progress(step.done, step.total, "pieces", what)
            else:
                regions = step
    elif reviewed != "all":
        regions = opened.entry.regions(shape)
    return LabelledVolume(shape, opened.vessel, regions)


def _refuse_unlabelled(opened: Opened, found: Survey) -> None:
    name = opened.name
    looked = "" if found.share == 1 else f" in the {found.share:.0%} of its cells looked at"
    if not found.reviewed_voxels:
        raise LabelsError(
            f"Nothing of {name} is labelled{looked} (reviewed = {opened.entry.reviewed}): "
            "check its labels, or say which slices were reviewed."
        )
    if not found.vessel_voxels:
        _log.warning("The labels of %s hold no vessel%s: it teaches background.", name, looked)
    elif found.reviewed_voxels == found.vessel_voxels:
        _log.warning("The labels of %s hold no background%s: it teaches vessel.", name, looked)


def _text(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
