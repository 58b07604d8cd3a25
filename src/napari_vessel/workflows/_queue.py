"""Where to correct next: the places of a project's proposal, by expected gain per second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from time import monotonic

from napari_vessel.annotation import QueueConfig, Standpoint
from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.project import Project, Proposal, ReviewRecords
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._queue_events import Ranked, RankPlaces
from napari_vessel.workflows._queue_scan import PlaceScan, PlaceScene


def rank(request: RankPlaces) -> Iterator[Progress | Ranked]:
    """Rank the places of a project; nothing is changed.

    Raises
    ------
    CallerError
        Nothing is predicted yet.
    """
    started = monotonic()
    project = Project.open(request.project)
    yield Progress(0, 1, "cells", "Reading the corrections")
    with closing(project.open_corrections(read_only=True)) as corrections:
        overlay = corrections.overlay
    proposal = project.open_proposal()
    if proposal is None:
        raise CallerError(f"{project.path} has no proposal: predict first, then rank places.")
    records = ReviewRecords(project.path)
    audit = records.audit()
    scene = PlaceScene(proposal, overlay, project.threshold, audit.boxes if audit else ())
    scan = scan_of(proposal, project.config.volume.shape, request.config)
    focus = request.focus
    start = Standpoint(focus.point, focus.plane, project.config.region) if focus else None
    yield from scan.update(scene, focus.point if focus else None)
    yield ranked(scan, scene, start, records, started)


def ranked(
    scan: PlaceScan,
    scene: PlaceScene,
    start: Standpoint | None,
    records: ReviewRecords,
    started: float,
) -> Ranked:
    """Put what a scan found together with what a person said of places."""
    marks = records.marks()
    places = scan.rank(scene, start, marks)
    skipped = tuple(place for place, mark in marks.left_out.items() if mark == "skip")
    done = tuple(place for place, mark in marks.left_out.items() if mark == "done")
    return Ranked(tuple(places), scan.known, scan.wrong, monotonic() - started, skipped, done)


def scan_of(proposal: Proposal, shape: Zyx, config: QueueConfig) -> PlaceScan:
    """Return a scan, of which nothing is known yet, of all that was proposed."""
    size = proposal.store.voxel_size
    return PlaceScan(covered(proposal), shape, size, planes_of(proposal), config)


def covered(proposal: Proposal) -> Box:
    """Return the box around all that was proposed, in volume voxels."""
    regions = [layer.region for layer in proposal.layers]
    low = [min(box.start[axis] for box in regions) for axis in range(3)]
    high = [max(box.stop[axis] for box in regions) for axis in range(3)]
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def planes_of(proposal: Proposal) -> tuple[Plane, ...]:
    """Return the planes that were predicted in: those a person can judge a slice in."""
    recipe = proposal.store.attrs.get("inference")
    names = recipe.get("planes") if isinstance(recipe, dict) else None
    known = {str(name) for name in names} if isinstance(names, list) else set()
    return tuple(plane for plane in Plane if plane.value in known) or (Plane.XY,)
