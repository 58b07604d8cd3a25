"""What draws the patches of a training, from all its volumes and their pseudo-labels."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from napari_vessel.errors import NothingReviewedError
from napari_vessel.geometry import Box, Plane
from napari_vessel.training import (
    CompletedVolume,
    MixedSampler,
    PatchSampler,
    PseudoLabels,
    Reviewed,
    ReviewedIndex,
    Split,
)
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._train_config import TrainRun
from napari_vessel.workflows._train_lesson import Subject, TrainLesson
from napari_vessel.workflows._train_open import survey_cells
from napari_vessel.workflows._train_pseudo import ReadProbability

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Source:
    """Patches centred on what ``centres`` holds and labelled by ``overlay``."""

    subject: Subject
    centres: Reviewed
    overlay: Reviewed
    split: Split
    share: float


def sampler_of(
    lesson: TrainLesson, probabilities: Mapping[str, ReadProbability]
) -> Generator[Progress, None, MixedSampler]:
    """Return what draws patches; ``probabilities`` are those of a network, by volume.

    Raises
    ------
    NothingReviewedError
        There is nothing to learn from.
    """
    config = lesson.config
    sources: list[_Source] = []
    for subject in lesson.subjects:
        if subject.split.train:
            sources += yield from _sources(subject, config, probabilities.get(subject.name))
    rng = np.random.default_rng(config.training.seed)
    drawn = []
    for done, source in enumerate(sources):
        what = f"Finding what to learn from in {source.subject.name}"
        yield Progress(done, len(sources), "volumes", what)
        if sampler := _sampler(source, config, rng):
            drawn.append((sampler, source.share * source.subject.surveyed.opened.entry.weight))
    if not drawn:
        raise NothingReviewedError(
            "All labelled voxels lie in or beside blocks that are kept for judging: name a "
            'volume with role = "validation", or lower training.guard or validation_block.'
        )
    samplers, weights = zip(*drawn, strict=True)
    batch, steps = config.training.batch, config.training.steps_per_epoch
    return MixedSampler(samplers, weights, batch=batch, steps=steps, rng=rng)


def _sources(
    subject: Subject, config: TrainRun, probability: ReadProbability | None
) -> Generator[Progress, None, list[_Source]]:
    """Return the labels of a volume, and its pseudo-labels where a network was sure."""
    labelled, pseudo = subject.labelled, config.pseudo
    alone = _Source(subject, labelled, labelled, subject.split, 1.0)
    if probability is None or pseudo is None:
        return [alone]
    sure = PseudoLabels(labelled, probability, pseudo.vessel_above, pseudo.background_below)
    what = f"Finding pseudo-labels of {subject.name}"
    found = yield from survey_cells(sure, (Box.of(sure.shape),), config, what)
    # Never in or beside what is judged by: the split's guard holds for them too.
    held = set(subject.split.validation)
    split = replace(subject.split, train=tuple(cell for cell in found.cells if cell not in held))
    if not split.train:
        _log.warning("The network is nowhere sure in %s: it adds no labels.", subject.name)
        return [alone]
    completed = CompletedVolume(labelled, sure)
    return [
        replace(alone, share=1 - pseudo.share),
        _Source(subject, sure, completed, split, pseudo.share),
    ]


def _sampler(source: _Source, config: TrainRun, rng: np.random.Generator) -> PatchSampler | None:
    """Return what draws single patches of one source, or None where none can be."""
    single = config.training.model_copy(update={"batch": 1})
    if single.planes == "auto" and len(source.subject.planes) < len(Plane):
        single = single.model_copy(update={"planes": source.subject.planes})
    try:
        index = ReviewedIndex(source.centres, source.split, single.seed)
    except NothingReviewedError:
        name = source.subject.name
        _log.warning("All that is labelled of %s lies in or beside what is judged by.", name)
        return None
    zoom = source.subject.inference.zoom_for()
    return PatchSampler(index, source.overlay, source.subject.read, single, rng, zoom=zoom)
