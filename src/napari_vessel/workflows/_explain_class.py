"""Why a classifier takes a picture, or a sample of a data set, for a class, or does not."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_vessel.attribution import Attribution, ClassTarget, attribution_steps
from napari_vessel.datasets import ObjectSamples, ObjectsData, SampleSet, open_data
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.networks import ClassifierCheckpoint, choose_device
from napari_vessel.tiling import block_of, resample
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._explain import counted, made_with
from napari_vessel.workflows._explain_files import check_output, write_explained
from napari_vessel.workflows._explain_picture import image_of
from napari_vessel.workflows._explain_sentences import METHOD_NAMES, class_sentence
from napari_vessel.workflows._explain_words import ExplainClass, Explained

_Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Subject:
    """What is explained: an image as the network takes it, and where it comes from."""

    image: _Image  # (C, H, W)
    name: str
    box: Box
    plane: Plane
    voxel_size: VoxelSize
    origin_um: tuple[float, float, float]
    on_volume: bool
    crop: Box  # all of the image, of which a part may lie outside of the volume
    slices: bool = False  # its channels are slices of the volume


def explain_class(request: ExplainClass) -> Generator[Progress | Explained, None, None]:
    """Share the log odds of a class out among the pixels of an image.

    Yields
    ------
    Progress, Explained

    Raises
    ------
    CallerError
        There is no such sample or class, or it cannot be written as asked.
    CheckpointError
        It is no classifier, or damaged.
    OutputExistsError
        Something stands at ``out`` and ``overwrite`` is off.
    """
    started = monotonic()
    yield Progress(0, 1, "images", "Loading the network")
    check_output(request)
    checkpoint = ClassifierCheckpoint.open(request.checkpoint)
    subject = _subject(request, checkpoint)
    network = checkpoint.load(choose_device(request.device))
    probability = _probabilities(network, subject.image)
    index = _class_of(request, checkpoint, probability)
    target = ClassTarget(index, request.question)
    found = yield from counted(attribution_steps(network, subject.image, target, request.config))
    yield write_explained(
        _explained(request, checkpoint, subject, (index, probability, found), started)
    )


@torch.no_grad()
def _probabilities(network: nn.Module, image: _Image) -> NDArray[np.float32]:
    home = next(network.parameters()).device
    logits = network(torch.from_numpy(np.ascontiguousarray(image))[None].to(home))
    found: NDArray[np.float32] = logits.float().softmax(dim=1)[0].cpu().numpy()
    return found


def _class_of(
    request: ExplainClass, checkpoint: ClassifierCheckpoint, probability: NDArray[np.float32]
) -> int:
    classes = checkpoint.card.network.classes
    if request.asked is None:
        return int(probability.argmax())
    if request.asked not in classes:
        raise CallerError(
            f"The classifier knows no class {request.asked!r}: it knows {', '.join(classes)}."
        )
    return classes.index(request.asked)


def _subject(request: ExplainClass, checkpoint: ClassifierCheckpoint) -> _Subject:
    network = checkpoint.card.network
    if (request.image is None) == (request.data is None):
        raise CallerError("Name either an image or a data set: one of the two.")
    if request.image is not None:
        image = image_of(Path(request.image), checkpoint.card)
        return _alone(image, Path(request.image).name)
    data = open_data(request.data, network.size, None)
    index = _index(data, request.sample)
    image, name = data.image(index), data.samples[index].name
    if image.shape[0] != network.in_channels:
        raise CallerError(
            f"Sample {name!r} has {image.shape[0]} channels, the classifier takes "
            f"{network.in_channels}."
        )
    if isinstance(data, ObjectSamples) and isinstance(request.data, ObjectsData):
        return _of_object(image, name, data.crop(index), request.data)
    return _alone(image, name)


def _index(data: SampleSet, wanted: int | str) -> int:
    if isinstance(wanted, int):
        if not 0 <= wanted < len(data.samples):
            raise CallerError(
                f"There is no sample {wanted}: there are {len(data.samples)}, from 0."
            )
        return wanted
    names = [sample.name for sample in data.samples]
    if wanted not in names:
        near = ", ".join(names[:5])
        raise CallerError(f"There is no sample {wanted!r}; the first are {near}.")
    return names.index(wanted)


def _alone(image: _Image, name: str) -> _Subject:
    box = Box.of((1, *image.shape[1:]))
    size, origin = VoxelSize(1, 1, 1), (0.0, 0.0, 0.0)
    return _Subject(image, name, box, Plane.XY, size, origin, on_volume=False, crop=box)


def _of_object(image: _Image, name: str, crop: Box, data: ObjectsData) -> _Subject:
    """Return an object of a volume, with its place there."""
    edges = data.voxel_size
    size = VoxelSize(*(edges if isinstance(edges, tuple) else (edges,) * 3)) if edges else None
    volume = open_volume(data.volume, VolumeOptions(level=data.level, voxel_size=size))
    box = crop.intersection(Box.of(volume.shape)) or crop
    parts = zip(volume.origin_um, box.start, volume.voxel_size.zyx, strict=True)
    z, y, x = (first + i * edge for first, i, edge in parts)
    return _Subject(
        image,
        name,
        box,
        Plane(data.plane),
        volume.voxel_size,
        (z, y, x),
        on_volume=True,
        crop=crop,
        slices=data.slices > 1,
    )


def _explained(
    request: ExplainClass,
    checkpoint: ClassifierCheckpoint,
    subject: _Subject,
    answer: tuple[int, NDArray[np.float32], Attribution],
    started: float,
) -> Explained:
    index, probability, found = answer
    classes = checkpoint.card.network.classes
    adds_up = request.config.method == "integrated_gradients"
    values = _placed(found.values, subject, adds_up=adds_up)
    asked = "Why" if request.question == "here" else "Why not"
    title = f"{asked} {classes[index]}? {METHOD_NAMES[request.config.method]}: {subject.name}"
    return Explained(
        question=request,
        values=values,
        image=_placed(subject.image, subject, adds_up=False, mean=True),
        target=np.ones(subject.box.shape, np.bool_),
        box=subject.box,
        plane=subject.plane,
        voxel_size=subject.voxel_size,
        origin_um=subject.origin_um,
        on_volume=subject.on_volume,
        output=found.output,
        baseline=found.baseline,
        sentence=class_sentence(classes, index, probability, request, found),
        title=title,
        seconds=monotonic() - started,
        channels=found.values if len(found.values) > 1 else None,
        facts=_facts(request, checkpoint, subject, answer),
    )


def _placed(values: _Image, subject: _Subject, *, adds_up: bool, mean: bool = False) -> _Image:
    """Bring pixels (C, H, W) to the voxels of the subject's box; what adds up keeps its sum."""
    flat = values if subject.slices else values.sum(axis=0, keepdims=True)
    flat = flat / (len(values) if mean and not subject.slices else 1)
    rows, columns = (
        subject.crop.shape[axis] for axis in (subject.plane.rows, subject.plane.columns)
    )
    deep = subject.crop.shape[subject.plane.normal]
    flat = np.broadcast_to(flat, (deep, *flat.shape[1:])) if len(flat) != deep else flat
    pixels, voxels = Box.of(flat.shape), Box.of((deep, rows, columns))
    zoom = 1.0, rows / flat.shape[1], columns / flat.shape[2]
    scaled = resample(np.asarray(flat, np.float32), pixels, voxels, zoom, pixels)
    if adds_up:
        total = float(scaled.sum(dtype=np.float64))
        scaled = scaled * (float(values.sum(dtype=np.float64)) / total) if total else scaled
    whole = block_of(scaled, subject.plane)
    return np.ascontiguousarray(whole[subject.box.relative_to(subject.crop).slices], np.float32)


def _facts(
    request: ExplainClass,
    checkpoint: ClassifierCheckpoint,
    subject: _Subject,
    answer: tuple[int, NDArray[np.float32], Attribution],
) -> dict[str, Any]:
    """Return what made it, as JSON."""
    index, probability, found = answer
    classes = checkpoint.card.network.classes
    return {
        "question": request.question,
        "image": subject.name,
        "class": classes[index],
        "probabilities": dict(zip(classes, map(float, probability), strict=True)),
        "attribution": request.config.model_dump(mode="json"),
        "checkpoint": checkpoint.id,
        "checkpoint_sha256": checkpoint.card.sha256,
        "data": None if request.data is None else request.data.model_dump(mode="json"),
        "box": str(subject.box) if subject.on_volume else None,
        "plane": subject.plane.value,
        "voxel_size_um": list(subject.voxel_size.zyx) if subject.on_volume else None,
        "log_odds": found.output,
        "baseline_log_odds": found.baseline,
        "sum": float(found.values.sum(dtype=np.float64)),
    } | made_with(request.config)
