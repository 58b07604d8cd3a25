"""Turn a workflow's events into answers, on the worker's thread."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.session._opening import shown_probability
from napari_vessel.session._values import Answer
from napari_vessel.workflows import (
    BlockProposed,
    Clean,
    Cleaned,
    Fused,
    Progress,
    Propose,
    SliceProposed,
)

_LEAST_S = 0.05  # between two words of progress


def proposals(
    events: Iterator[Any], request: Propose | Clean, project: Project, region: Box
) -> Iterator[Answer]:
    """Answer ``request`` with each event, its probability read beside it.

    Of progress, which a fast device tells hundreds of times a second, a few times a second will do.

    Small pieces go from all of ``region`` (volume voxels) at once.
    """
    proposal, told = None, -_LEAST_S
    for event in events:
        if isinstance(event, Progress):
            if (now := monotonic()) - told < _LEAST_S:
                continue
            told = now
        probability, opened = None, None
        if isinstance(event, SliceProposed):
            probability = event.probability
        elif isinstance(event, BlockProposed):
            # Opened at the first block: the workflow has made it by then.
            if proposal is None:
                proposal = opened = project.open_proposal(event.proposal)
            if proposal:
                place = event.box.relative_to(proposal.region)
                probability = proposal.store.read("probability", place)
        elif _changes_all(event, request):
            opened = project.open_proposal()
            probability = shown_probability(opened, region)
        yield Answer("predict", request, event, probability, opened)


def _changes_all(event: object, request: Propose | Clean) -> bool:
    """Tell whether after ``event`` all of a proposal may show otherwise."""
    if isinstance(event, Cleaned):
        return event.least_voxels > 1 or isinstance(request, Clean)
    return isinstance(event, Fused)
