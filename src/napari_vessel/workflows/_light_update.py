"""One light update: where it learns, whether it helped, where it proposes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_vessel.annotation import VESSEL, label_state
from napari_vessel.errors import CallerError, NothingReviewedError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.inference import BlockPrediction, InferenceConfig, predict_block
from napari_vessel.project import Project
from napari_vessel.training import (
    CorrectedSlices,
    LightSample,
    Reviewed,
    Split,
    corrected_near,
)
from napari_vessel.volumes import mask_of
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._light_bench import Bench
from napari_vessel.workflows._light_words import Light, LightEnded, blended

_MOST_JUDGED = 3  # slices
_FEWEST_HELD = 50  # vessel voxels held out that can judge
_MOST_KEPT = 0.5  # of what is shown, beside the update

Mask = NDArray[np.bool_]
Probability = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether an update helped, and what the proposal that is shown keeps beside it."""

    ended: LightEnded
    weight: float


@dataclass(frozen=True)
class Update:
    """One update, of what was corrected up to now.

    ``overlay`` holds what may be learned from and judged by, ``reviewed`` all that a person
    reviewed, the audit set, too.
    """

    request: Light
    project: Project
    bench: Bench
    overlay: Reviewed
    split: Split
    reviewed: Reviewed

    @property
    def area(self) -> Box:
        """What of the slices is worked on; as thick as the region."""
        return part_of(self.project.config.region, self.request, self.inference.zoom_for())

    @property
    def inference(self) -> InferenceConfig:
        """How a slice is predicted: in its own plane, in one view."""
        changes = {"planes": (self.request.plane,), "weights": (), "fuse": "mean", "vote": 2}
        return self.bench.inference.model_copy(update={**changes, "views": "none"})

    def learned_from(self) -> list[int]:
        """Return the slices that are learned from, the nearest first."""
        asked = self.request
        return corrected_near(self.overlay, self.area, asked.plane, asked.index, asked.config)

    def samples(self) -> list[LightSample]:
        """Return what there is to learn from.

        Raises
        ------
        NothingReviewedError
            There is nothing.
        CallerError
            The slice lies outside of the region.
        """
        asked, area = self.request, self.area
        if not area.start[asked.plane.normal] <= asked.index < area.stop[asked.plane.normal]:
            raise CallerError(f"Slice {asked.index} does not lie in the region {area}.")
        slices = CorrectedSlices(self.overlay, self.split, self.bench.levels, self.inference)
        found = [
            sample
            for index in self.learned_from()
            for sample in slices.samples(self._slice(index), newest=index == asked.index)
        ]
        if not found:
            raise NothingReviewedError(
                f"Nothing near slice {asked.plane.value.upper()} {asked.index} may be learned "
                "from: accept or paint more slices around it."
            )
        return found

    def judged(self, network: nn.Module, steps: int) -> Generator[Progress, None, Judged]:
        """Compare with what was proposed before, where that was reviewed.

        By what is held out, if there is enough vessel in it; else by what was learned from, where
        only a failure would show.
        """
        asked, learned = self.request, self.learned_from()
        seen = []
        for index in learned[:_MOST_JUDGED]:
            box = self._slice(index)
            seen.append((box, self._before(box), (yield from self.predicted(network, box))))
        proposed = any(before is not None for _, before, _ in seen)
        shown = self._counts(seen, lambda before, _: before)
        # Nobody learned from the corrections yet when it was proposed: that is its true score.
        weight = min(_dice(shown.sum(axis=0)), _MOST_KEPT) if proposed else 0.0
        light = self._counts(seen, lambda before, now: blended(before, now, weight))
        held_out = int(shown[1, 0] + shown[1, 2]) >= _FEWEST_HELD
        dice = [_dice(counts[int(held_out)]) for counts in (shown, light)]
        ended = LightEnded(
            plane=asked.plane,
            index=asked.index,
            slices=0,
            learned_from=len(learned),
            steps=steps,
            dice_before=dice[0],
            dice_after=dice[1],
            held_out=held_out,
            shown=not proposed or _is_better(dice[1], dice[0]),
            seconds=0.0,
        )
        return Judged(ended, weight)

    def _counts(
        self,
        seen: Sequence[tuple[Box, Probability | None, Probability]],
        choose: Callable[[Probability | None, Probability], Probability | None],
    ) -> NDArray[np.int64]:
        """Count right, invented and missed vessel, of what is learned from and what is held out."""
        counts = np.zeros((2, 3), np.int64)
        for box, before, now in seen:
            found = choose(before, now)
            mask = np.zeros(box.shape, np.uint8) if found is None else mask_of(found, self._at)
            reviewed, free = label_state(self.overlay.read(box)), self.split.trainable(box)
            counts += [_counted(mask, reviewed, where) for where in (free, ~free)]
        return counts

    def around(self) -> Iterator[Box]:
        """Yield the slices to propose, the nearest first; not those that are reviewed wholly."""
        asked, area = self.request, self.area
        normal = asked.plane.normal
        for offset in sorted(range(-asked.config.around, asked.config.around + 1), key=abs):
            index = asked.index + offset
            if area.start[normal] <= index < area.stop[normal]:
                box = self._slice(index)
                if not np.all(label_state(self.reviewed.read(box))):
                    yield box

    def predicted(self, network: nn.Module, box: Box) -> Generator[Progress, None, Probability]:
        """Predict a slice."""
        bounds = Box.of(self.overlay.shape)
        for event in predict_block(network, self.bench.levels, box, bounds, self.inference):
            if isinstance(event, BlockPrediction):
                return event.probability
            yield Progress(1, 1, "steps", "Proposing the slices around")
        raise TypeError("predict_block ended without a prediction")

    @property
    def _at(self) -> float:
        return self.project.threshold

    def _slice(self, index: int) -> Box:
        return self.area.slice_at(self.request.plane, index)

    def _before(self, box: Box) -> Probability | None:
        """Return what is proposed of a box, if all of it is."""
        proposal = self.project.open_proposal()
        if proposal is None or not any(layer.region.contains(box) for layer in proposal.layers):
            return None
        return proposal.probability(box)


def _counted(mask: Probability, reviewed: Probability, where: Mask) -> tuple[int, int, int]:
    """Count right, invented and missed vessel voxels, of those reviewed ``where``."""
    found, vessel = mask.astype(np.bool_), reviewed == VESSEL
    known = where & (reviewed > 0)
    return (
        int(np.count_nonzero(known & found & vessel)),
        int(np.count_nonzero(known & found & ~vessel)),
        int(np.count_nonzero(known & ~found & vessel)),
    )


def _is_better(after: float, before: float) -> bool:
    return after > before


def _dice(counts: NDArray[np.int64]) -> float:
    tp, fp, fn = (int(count) for count in counts)
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0


def part_of(region: Box, request: Light, zoom: tuple[float, float, float]) -> Box:
    """Return what of ``region`` is worked on: of very large slices a window around a point."""
    start, stop = list(region.start), list(region.stop)
    axes, most = (request.plane.rows, request.plane.columns), request.config.most_pixels
    rows, columns = ((stop[a] - start[a]) * zoom[a] for a in axes)
    if rows * columns <= most:
        return region
    z, y, x = (int(c) for c in region.centre)
    middle: Zyx = request.point or (z, y, x)
    for axis in axes:
        wanted = max(min(int(most**0.5 / zoom[axis]), stop[axis] - start[axis]), 1)
        first = min(max(middle[axis] - wanted // 2, start[axis]), stop[axis] - wanted)
        start[axis], stop[axis] = first, first + wanted
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))
