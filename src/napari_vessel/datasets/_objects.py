"""Crops around the objects of a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np

from napari_vessel.datasets._checks import checked_classes, checked_names
from napari_vessel.datasets._config import ObjectsData
from napari_vessel.datasets._object_table import Marked, read_objects
from napari_vessel.datasets._opening import opened
from napari_vessel.datasets._overlapping import overlapping
from napari_vessel.datasets._pictures import resized
from napari_vessel.datasets._sample import Images, ReadingSet, Sample
from napari_vessel.errors import SamplesError
from napari_vessel.geometry import Box, Plane
from napari_vessel.tiling import cut_reflected
from napari_vessel.volumes import Volume

__all__ = ["ObjectSamples", "open_objects"]


class ObjectSamples(ReadingSet):
    """Crops around objects, each read when it is asked for; mirrored at the volume's border.

    Parameters
    ----------
    volumes
        The volume; or one per channel.
    objects
        What was marked.
    crops
        What is cut for each, in voxels; may reach outside.
    config
        Plane, slices.
    size
        Edge of an image, in pixels.
    classes
        The classes; None: those found.
    """

    def __init__(
        self,
        volumes: Sequence[Volume],
        objects: Sequence[Marked],
        config: ObjectsData,
        size: int,
        classes: tuple[str, ...] | None,
    ) -> None:
        self._volumes, self._config, self.size = tuple(volumes), config, size
        self._normal = Plane(config.plane).normal
        self._crops = [self._crop(each) for each in objects]
        self.channels = max(len(self._volumes), config.slices)
        groups = overlapping(self._crops)
        self._samples = tuple(
            Sample(each.name, each.label, each.group or f"near {objects[near].name}")
            for each, near in zip(objects, groups, strict=True)
        )
        self.classes = checked_classes(self._samples, classes, config.table)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """All objects."""
        return self._samples

    def crop(self, index: int) -> Box:
        """Return what is cut around an object, in voxels of the level; may reach outside."""
        return self._crops[index]

    def image(self, index: int) -> Images:
        """Read the image of an object, (channels, size, size) in [0, 1]."""
        crop = self._crops[index]
        read = [self._read(volume, crop) for volume in self._volumes]
        image = np.concatenate(read) if len(read) > 1 else read[0]
        return resized(image, (self.channels, self.size, self.size))

    def _read(self, volume: Volume, crop: Box) -> Images:
        held = crop.intersection(Box.of(volume.shape))
        if held is None:  # checked when opened
            raise SamplesError(f"Crop {crop} lies outside of {volume.uri}.")
        around = crop.relative_to(held)
        voxels = cut_reflected(volume.read(held), around.start, around.stop)
        return np.moveaxis(volume.window().apply(voxels), self._normal, 0)

    def _crop(self, each: Marked) -> Box:
        """Return the crop of an object: its box, or the set edge around its point."""
        volume = self._volumes[0]
        edge = self._config.edge
        edges: list[float] = [edge, edge, edge]
        if self._config.edge_um is not None:
            edges = [max(self._config.edge_um / um, 1) for um in volume.voxel_size.zyx]
        if each.edges is not None:
            edges = list(each.edges)
        edges[self._normal] = self._config.slices
        whole = [max(round(e), 1) for e in edges]
        # Halves go down: an even edge has no middle voxel, and round() would go either way.
        start = [ceil(c - e / 2 - 0.5 - 1e-6) for c, e in zip(each.centre, whole, strict=True)]
        stop = [a + e for a, e in zip(start, whole, strict=True)]
        crop = Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
        if crop.intersection(Box.of(volume.shape)) is None:
            z, y, x = (round(c, 1) for c in each.centre)
            message = (
                f"Object {each.name!r} at z {z}, y {y}, x {x} lies outside of {volume.uri}, which "
                f"is {Box.of(volume.shape)} voxels. Check the table's unit (voxel or um) and axes."
            )
            raise SamplesError(message)
        return crop


def open_objects(config: ObjectsData, size: int, classes: tuple[str, ...] | None) -> ObjectSamples:
    """Read the table and open the volume from its metadata; no voxel is read.

    Raises
    ------
    SamplesError
        If the table lacks a column, a number is none, or an object lies outside of the volume.
    VolumeNotFoundError, UnsupportedVolumeError, ReadError
        If the volume cannot be opened.
    """
    channels: Sequence[int | None] = config.channels or (None,)
    volumes = [
        opened(config.volume, config.voxel_size, level=config.level, channel=channel)
        for channel in channels
    ]
    objects = read_objects(Path(config.table).expanduser(), config, volumes[0])
    samples = [Sample(each.name, each.label, "") for each in objects]
    checked_names(samples, config.table)
    return ObjectSamples(volumes, objects, config, size, classes)
