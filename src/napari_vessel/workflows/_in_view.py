"""What the person looks at comes first: the slice on screen, its blocks, then outwards."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from math import floor

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.inference import BlockPrediction, InferenceConfig, predict_block
from napari_vessel.tiling import Zoom, nearest_first
from napari_vessel.volumes import Volume
from napari_vessel.workflows._blocks import BlockRun
from napari_vessel.workflows._events import Progress, SliceProposed
from napari_vessel.workflows._focusing import FocusWatch
from napari_vessel.workflows._requests import Focus

# How much coarser than it learned at a network is shown a slice, for a first look.
_COARSEST = 2.0
_LOOKING = "Predicting the slice in view"
_log = logging.getLogger(__name__)


class InView:
    """Follows where a person looks, and puts that first.

    Parameters
    ----------
    watch
        Where they look.
    run
        What is predicted.
    blocks
        All blocks of it.
    volume
        Its voxel size makes distances µm, its levels are those on screen.
    """

    def __init__(self, watch: FocusWatch, run: BlockRun, blocks: list[Box], volume: Volume) -> None:
        self._watch = watch
        self._run = run
        self.blocks = blocks
        self._volume = volume
        self._shown: set[tuple[Box, Zoom]] = set()

    def choose(self, left: list[Box]) -> Box:
        """Return which of the blocks left comes next."""
        return self.ordered(left)[0]

    def ordered(self, blocks: Iterable[Box]) -> list[Box]:
        """Order ``blocks``: those that hold the slice in view first, then outwards."""
        size = self._volume.voxel_size
        return in_order(blocks, self._run.region, self._watch.focus, size)

    def after_a_move(self) -> Iterator[Progress | SliceProposed]:
        """Predict the slice that came into view since the last look, if one did."""
        if self._watch.moved():
            yield from self.slice_in_view()

    def slice_in_view(self) -> Iterator[Progress | SliceProposed]:
        """Predict the slice in view from its own plane alone, where its blocks are not done.

        It is shown at the level on screen: the network sees it as coarse as that, but no
        coarser than half of what it learned at, where vessels are half as wide to it. What
        its blocks say later takes its place.
        """
        focus, run = self._watch.focus, self._run
        box = self._not_done(focus) if focus else None
        if focus is None or box is None:
            return
        config = _alone(run.config, focus, self._volume.factors)
        if (box, config.zoom_for()) in self._shown:
            return
        self._shown.add((box, config.zoom_for()))
        done, total = len(run.ledger.done), len(self.blocks)
        yield Progress(done, total, "blocks", _LOOKING)
        try:
            for event in predict_block(run.network, run.read, box, run.bounds, config):
                if isinstance(event, BlockPrediction):
                    organ = run.organ.at(box)
                    seen = np.where(organ, event.probability, np.uint8(0))
                    yield SliceProposed(box, focus.plane, seen)
                else:
                    yield Progress(done, total, "blocks", _LOOKING)
        except ReadError as error:  # its readable part comes with the blocks
            _log.warning("The slice in view cannot be predicted: %s", error)

    def _not_done(self, focus: Focus) -> Box | None:
        """Return what of the slice in view is still to be predicted, if anything is."""
        cut = slice_of(self._run.region, focus)
        left = [block for block in self.blocks if block not in self._run.ledger.done]
        return _hull(left, cut) if cut else None


def in_order(
    blocks: Iterable[Box], region: Box, focus: Focus | None, voxel_size: VoxelSize
) -> list[Box]:
    """Order blocks: those that hold the slice in view, the nearest first; then outwards."""
    if focus is None:
        return list(blocks)
    cut = slice_of(region, focus)
    nearest = nearest_first(list(blocks), focus.point, voxel_size)
    return sorted(nearest, key=lambda block: not (cut and block.intersection(cut)))


def slice_of(region: Box, focus: Focus) -> Box | None:
    """Return the slice in view, as far as it lies in ``region``."""
    normal = focus.plane.normal
    index = floor(focus.point[normal])
    if not region.start[normal] <= index < region.stop[normal]:
        return None
    return region.slice_at(focus.plane, index)


def _alone(config: InferenceConfig, focus: Focus, factors: Sequence[Zoom]) -> InferenceConfig:
    """Return ``config`` for the plane in view alone, as coarse as the level on screen."""
    level = factors[min(max(focus.level, 0), len(factors) - 1)]
    z, y, x = (
        max(f / _COARSEST, min(f, 1 / edge))
        for f, edge in zip(config.zoom_for(), level, strict=True)
    )
    changes = {"planes": (focus.plane,), "weights": (), "fuse": "mean", "vote": 2}
    return config.model_copy(update={**changes, "zoom": (z, y, x)})


def _hull(blocks: list[Box], cut: Box) -> Box | None:
    """Return the smallest box of ``cut`` that holds what of it lies in ``blocks``."""
    parts = [part for block in blocks if (part := block.intersection(cut))]
    if not parts:
        return None
    (z, y, x), (d, e, f) = (
        tuple(extreme(getattr(part, end)[axis] for part in parts) for axis in range(3))
        for extreme, end in ((min, "start"), (max, "stop"))
    )
    return Box((z, y, x), (d, e, f))
