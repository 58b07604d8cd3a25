"""A light update: within seconds of an accepted slice, better slices around it.

The last stages of the network in use learn from the corrected slices near by; what comes before
them is computed once for each slice and kept in this process. Nothing is written: the result is
provisional, until a training's network, which learned from all there is, takes its place.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from time import monotonic

from napari_vessel.project import Project
from napari_vessel.training import learn_light, split_blocks
from napari_vessel.workflows._audit_spared import audit_spared
from napari_vessel.workflows._corrections_read import read_corrections
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._light_bench import bench_of
from napari_vessel.workflows._light_update import Update
from napari_vessel.workflows._light_words import Light, LightEnded, LightProposed

_log = logging.getLogger(__name__)

_MOST_SECONDS = 9.0  # after them no further slice is begun
_FEWEST = 2  # but these: one on either side

_Events = Generator[Progress | LightProposed | LightEnded, None, None]


def light(request: Light) -> _Events:
    """Learn from the slices near the one that was corrected last; propose those around it.

    Whoever stops asking cancels it.

    Yields
    ------
    Progress, LightProposed, LightEnded

    Raises
    ------
    NothingReviewedError
        Nothing of the slice, or near it, may be learned from.
    """
    started = monotonic()
    yield Progress(0, 1, "steps", "Reading what you corrected")
    project = Project.open(request.project, to_change=True)
    with closing(read_corrections(project)) as corrections:
        overlay = corrections.overlay
    bench = bench_of(project, request.config)
    spared = audit_spared(project, overlay)
    split = split_blocks(spared, project.config.training)
    update = Update(request, project, bench, spared, split, overlay)
    samples = update.samples()
    network = bench.network.sibling()
    done, config = 0, request.config
    for step in learn_light(network, samples, config, precision=bench.precision):
        done = step.step
        yield Progress(done, config.steps, "steps", "Learning from this slice")
    judged = yield from update.judged(network.eval(), done)
    count = 0
    for box in update.around() if judged.ended.shown else ():
        if count >= _FEWEST and monotonic() - started > _MOST_SECONDS:
            break
        probability = yield from update.predicted(network, box)
        yield LightProposed(box, request.plane, probability, judged.weight)
        count += 1
    _log.info("Light update of %s %d: %s", request.plane, request.index, judged)
    yield replace(judged.ended, slices=count, seconds=monotonic() - started)
