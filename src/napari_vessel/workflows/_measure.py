"""Measure the vessels of a mask, whole or a box of it, and write what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError, ExportError
from napari_vessel.geometry import Box
from napari_vessel.metrics import Pieces
from napari_vessel.morphology import (
    BlocksDone,
    Skeleton,
    cavities_filled,
    find_pieces,
    graph_of,
    least_voxels,
    skeleton_of,
    small_removed,
)
from napari_vessel.volumes import (
    GRAPH_WRITERS,
    SURFACE_WRITERS,
    MaskSource,
    VesselGraph,
    check_graph_output,
)
from napari_vessel.workflows._events import Measured, Progress
from napari_vessel.workflows._masks import open_mask, tell_unproposed
from napari_vessel.workflows._missing import tell_missing
from napari_vessel.workflows._requests import Measure

Read = Callable[[Box], NDArray[Any]]
Steps = Iterator[Progress]


def measure(request: Measure) -> Iterator[Progress | Measured]:
    """Measure the vessels as a graph, or triangulate their surface, in bounded memory.

    Every pass reads the mask once, block by block: for its pieces, where small ones are to
    be left out; for cavities; and for the skeleton. Nothing is stored in between.

    Raises
    ------
    ExportError
        The format is not known, or it would harm the source.
    OutputExistsError
        Something stands at ``out`` and ``overwrite`` is off.
    CallerError
        The box lies outside of the mask.
    """
    started = monotonic()
    surface = _is_surface(request)
    opened = open_mask(request.source, request.options, request.threshold)
    work = _Work(request, opened.mask, _region(request, opened.mask), started)
    if request.out is not None:
        check_graph_output(request.format, opened.mask, request.out, overwrite=request.overwrite)
    tell_unproposed(opened.mask)
    yield from work.clean()
    if surface:
        yield from work.write_surface()
    else:
        yield from work.skeletonise()
        yield from work.write_graph()
    if opened.volume:
        tell_missing(opened.volume)
    yield work.measured()


def _is_surface(request: Measure) -> bool:
    known = [*GRAPH_WRITERS, *SURFACE_WRITERS]
    if request.format not in known:
        message = f"Format {request.format!r} is not known; choose one of {', '.join(known)}."
        raise ExportError(message)
    if request.format in SURFACE_WRITERS and request.out is None:
        raise ExportError("A surface is written to a file: say where to.")
    return request.format in SURFACE_WRITERS


def _region(request: Measure, mask: MaskSource) -> Box:
    whole = Box.of(mask.shape)
    if request.box is None:
        return whole
    if request.box.size == 0 or not whole.contains(request.box):
        raise CallerError(f"The box {request.box} is empty or lies outside of the mask {whole}.")
    return request.box


@dataclass
class _Work:
    """One measurement under way."""

    request: Measure
    mask: MaskSource
    region: Box
    started: float
    pieces: Pieces | None = None
    least: int = 0
    graph: VesselGraph | None = None

    def __post_init__(self) -> None:
        self._read: Read = self.mask.mask
        self.least = least_voxels(self.request.config.smallest_um3, self.mask.voxel_size)

    def clean(self) -> Steps:
        """Leave out small pieces, then fill cavities, as far as that was asked."""
        config = self.request.config
        if self.least > 1:
            events = find_pieces(self._read, self.region, block=config.block)
            self.pieces = yield from self._last(events, "Finding pieces")
            self._read = small_removed(self._read, self.pieces, self.least)
        if config.fill_cavities and self.request.format in GRAPH_WRITERS:
            events = find_pieces(
                self._read, self.region, block=config.block, connectivity=6, around=True
            )
            around = yield from self._last(events, "Finding cavities")
            self._read = cavities_filled(self._read, around)

    def skeletonise(self) -> Steps:
        """Make the graph."""
        config = self.request.config
        events = skeleton_of(self._read, self.region, self.mask.voxel_size, config)
        skeleton: Skeleton = yield from self._last(events, "Thinning")
        yield Progress(0, 1, "graph", "Tracing branches")
        self.graph = graph_of(skeleton, config)

    def write_graph(self) -> Steps:
        """Write the graph, if there is a place for it."""
        request = self.request
        if request.out is not None and self.graph is not None:
            write = GRAPH_WRITERS[request.format]
            for step in write(self.graph, self._source(), request.out, overwrite=request.overwrite):
                yield Progress(step.done, step.total, "rows", f"Writing {request.out.name}")

    def write_surface(self) -> Steps:
        """Write the surface."""
        request = self.request
        if request.out is not None:
            write = SURFACE_WRITERS[request.format]
            events = write(
                self._source(), request.out, box=self.region, overwrite=request.overwrite
            )
            for step in events:
                yield Progress(step.done, step.total, "slabs", f"Writing {request.out.name}")

    def measured(self) -> Measured:
        """Tell what came of it."""
        removed = None
        if self.pieces is not None:
            removed = int(np.count_nonzero(self.pieces.sizes[1:] < self.least))
        return Measured(
            path=self.request.out,
            format=self.request.format,
            box=self.region,
            summary=self.graph.summary if self.graph else {},
            pieces=self.pieces.count if self.pieces else None,
            removed=removed,
            seconds=monotonic() - self.started,
            graph=self.graph if self.request.keep_graph else None,
        )

    def _source(self) -> MaskSource:
        """Return the mask as it was measured, with how in its recipe."""
        read, config = self._read, self.request.config.model_dump(mode="json")
        recipe = {**self.mask.recipe, "measured": {**config, "box": str(self.region)}}
        return replace(self.mask, read=lambda box: read(box).astype(np.uint8), recipe=recipe)

    def _last(self, events: Iterator[Any], what: str) -> Any:  # noqa: ANN401  what came last
        """Show progress, and return what comes last."""
        begun = monotonic()
        for event in events:
            if not isinstance(event, BlocksDone):
                return event
            left = (monotonic() - begun) * (event.total - event.done) / event.done
            yield Progress(event.done, event.total, "blocks", what, left)
        raise AssertionError(what)  # a generator of ours always ends in a result
