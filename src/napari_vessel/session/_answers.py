"""Turn a workflow's events into answers, on the worker's thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from napari_vessel.geometry import Box
from napari_vessel.project import Project
from napari_vessel.session._opening import shown_probability
from napari_vessel.session._values import Answer
from napari_vessel.workflows import BlockProposed, Clean, Cleaned, Propose, SliceProposed


def proposals(
    events: Iterator[Any], request: Propose | Clean, project: Project, region: Box
) -> Iterator[Answer]:
    """Answer ``request`` with each event, its probability read beside it.

    Small pieces go from all of ``region`` (volume voxels) at once.
    """
    proposal = None
    for event in events:
        probability = None
        if isinstance(event, SliceProposed):
            probability = event.probability
        elif isinstance(event, BlockProposed):
            # Opened at the first block: the workflow has made it by then.
            proposal = proposal or project.open_proposal()
            store = proposal.store if proposal else None
            if proposal and store:
                probability = store.read("probability", event.box.relative_to(proposal.region))
        elif isinstance(event, Cleaned) and (event.least_voxels > 1 or isinstance(request, Clean)):
            probability = shown_probability(project.open_proposal(), region)
        yield Answer("predict", request, event, probability)
