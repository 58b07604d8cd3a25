"""What the explaining workflows are asked and what they answer. Torch-free, picklable."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_vessel.attribution import AttributionConfig, Question
from napari_vessel.geometry import Box, Plane, VoxelSize, Zyx
from napari_vessel.volumes import VolumeOptions


@dataclass(frozen=True, slots=True)
class Explain:
    """Ask why a network says vessel at a place of a project or a volume, or why it does not.

    Parameters
    ----------
    source
        A project's folder, or a volume.
    at
        The voxel, zyx.
    plane
        The slice through it that is explained: the network sees slices.
    target
        "voxel": this one alone. "vessel": the piece of what is proposed that holds it, connected
        in the slice; where nothing is, a disc of ``radius`` pixels around it.
    question
        "here": what speaks for vessel counts positive. "not_here": what speaks against it.
    checkpoint
        "starter", a name in the project, or a folder; none: the project's in use, or the starter.
    reach
        How many of the network's pixels around the target are looked at; none: as many as a
        prediction has around its blocks.
    out
        Where it is written: ``.ome.zarr``, ``.npy``, ``.tif`` or ``.png`` alone; none: nowhere.
    figure
        Whether a picture is written beside ``out``.
    """

    source: str
    at: Zyx
    plane: Plane = Plane.XY
    target: Literal["vessel", "voxel"] = "vessel"
    question: Question = "here"
    config: AttributionConfig = AttributionConfig()
    checkpoint: str | None = None
    threshold: float | None = None
    radius: int = 3
    reach: int | None = None
    out: Path | None = None
    figure: bool = True
    options: VolumeOptions = VolumeOptions()
    device: str = "auto"
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class ExplainClass:
    """Ask why a classifier takes a picture, or a sample of a data set, for a class, or does not.

    Parameters
    ----------
    checkpoint
        The classifier's folder.
    image
        A picture's file; or none, where ``data`` says what.
    data
        A data set (``datasets.DataConfig``), and ``sample``: the name or index of one of it.
    asked
        The class; none: the one that the network takes it for.
    question, config, out, figure, device, overwrite
        As for :class:`Explain`.
    """

    checkpoint: str
    image: str | None = None
    data: Any = None
    sample: int | str = 0
    asked: str | None = None
    question: Question = "here"
    config: AttributionConfig = AttributionConfig()
    out: Path | None = None
    figure: bool = True
    device: str = "auto"
    overwrite: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """An output, shared out among what the network was shown.

    Attributes
    ----------
    question
        The request.
    values : ndarray of float32, of ``box``'s shape
        Positive: it speaks for what was asked. Of a picture with channels, their sum.
    image : ndarray of float32, of ``box``'s shape
        The grey values in [0, 1] that were explained; the mean of a picture's channels.
    target : ndarray of bool, of ``box``'s shape
        The voxels whose output is explained; all of a picture.
    box
        Where, in voxels (zyx) of the volume; of a picture (1, rows, columns) from 0.
    origin_um
        Where the centre of the box's first voxel lies, in µm.
    on_volume
        Whether ``box`` is a place in a volume: else of a picture alone.
    channels
        Of a picture: one array (rows, columns) for each, stacked; else none.
    output
        The log odds that are explained; ``baseline`` those of the baseline, where there is one.
    facts
        Provenance, as JSON.
    paths
        What was written.
    """

    question: Explain | ExplainClass
    values: NDArray[np.float32]
    image: NDArray[np.float32]
    target: NDArray[np.bool_]
    box: Box
    plane: Plane
    voxel_size: VoxelSize
    origin_um: tuple[float, float, float]
    on_volume: bool
    output: float
    baseline: float | None
    sentence: str
    title: str
    seconds: float
    channels: NDArray[np.float32] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
