"""A triage as a prediction job uses it: what comes first, and what is left out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Any, Self

from numpy import bool_
from numpy.typing import NDArray

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes import Organ, Volume, VolumeOptions
from napari_vessel.workflows._boxes import blocks_of
from napari_vessel.workflows._parts import Needed, Wanted
from napari_vessel.workflows._requests import Predict
from napari_vessel.workflows._triage_map import TriageMap, open_triage

__all__ = [
    "TriagedOrgan",
    "in_blocks",
    "in_order",
    "is_triaged",
    "outside_of",
    "recipe_of_triage",
    "refuse_triage",
    "skipped_of",
    "triaged",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TriagedOrgan:
    """The organ, of which blocks that seem to hold no vessel are not wanted.

    Once it knows the blocks, one is wanted whole, or not at all, also where it is asked of its
    slices: half of a block's slices would be missing when planes are fused.
    """

    organ: Organ
    triage: TriageMap
    kept: Organ
    shape: Zyx
    skip_below: float
    blocks: Needed | None = None

    def touches(self, box: Box) -> bool:
        """Tell whether ``box`` (volume voxels) is to be predicted."""
        if self.blocks is not None:
            return self.blocks.touches(box)
        return self.organ.touches(box) and self.kept.touches(box)

    def in_blocks(self, region: Box, edges: Zyx) -> Self:
        """Return it with the blocks that are predicted: those of ``region`` with such edges."""
        if not self.skips:
            return self
        wanted = (block for block in blocks_of(region, edges) if self.kept.touches(block))
        whole = {block: block for block in wanted}
        return replace(self, blocks=Needed(self.organ, region, edges, whole))

    def at(self, box: Box) -> NDArray[bool_]:
        """Return which voxels of ``box`` may be kept: the organ's."""
        return self.organ.at(box)

    @property
    def skips(self) -> bool:
        """Whether anything may be left out."""
        return self.kept.mask is not None

    def likely(self, block: Box) -> float:
        """Return the highest probability of a chunk in ``block``; -1 where none was judged."""
        found = self.triage.highest(block, self.shape)
        return -1.0 if isnan(found) else found


def triaged(request: Predict, volume: Volume, organ: Organ) -> Organ | TriagedOrgan:
    """Return what is wanted of ``volume``: the organ, less what a triage finds empty.

    Raises
    ------
    CallerError
        The triage is of another volume.
    """
    if request.triage is None:
        return organ
    found = open_triage(request.triage)
    _refuse_other(request, found, volume)
    if not found.complete:
        _log.warning("%s is not complete: what it did not judge is predicted.", request.triage)
    kept = found.kept(request.skip_below, volume.shape)
    return TriagedOrgan(organ, found, kept, volume.shape, request.skip_below)


def is_triaged(wanted: Wanted) -> bool:
    """Tell whether a triage leaves anything out."""
    return isinstance(wanted, TriagedOrgan) and wanted.skips


def in_blocks(wanted: Organ | TriagedOrgan, region: Box, edges: Zyx) -> Organ | TriagedOrgan:
    """Return what is wanted of ``region``, once its blocks are known."""
    return wanted.in_blocks(region, edges) if isinstance(wanted, TriagedOrgan) else wanted


def in_order(wanted: Wanted, blocks: list[Box]) -> list[Box]:
    """Return blocks, those that most likely hold a vessel first; not judged ones come last."""
    if not isinstance(wanted, TriagedOrgan):
        return blocks
    return sorted(blocks, key=lambda block: -wanted.likely(block))


def outside_of(wanted: Wanted, blocks: Sequence[Box]) -> list[Box]:
    """Return the blocks that lie outside of the organ."""
    organ = wanted.organ if isinstance(wanted, TriagedOrgan) else wanted
    return [block for block in blocks if not organ.touches(block)]


def skipped_of(wanted: Wanted, blocks: Sequence[Box]) -> list[Box]:
    """Return the blocks that are left out for what a triage says alone."""
    if not isinstance(wanted, TriagedOrgan):
        return []
    return [b for b in blocks if wanted.organ.touches(b) and not wanted.kept.touches(b)]


def recipe_of_triage(wanted: Wanted, blocks: Sequence[Box]) -> dict[str, Any]:
    """Describe what is left out and why, for the recipe; an order alone makes no mask."""
    if not isinstance(wanted, TriagedOrgan) or not wanted.skips:
        return {}
    about = wanted.triage.about
    return {
        "triage": {
            "digest": wanted.triage.digest,
            "checkpoint": about.get("checkpoint"),
            "checkpoint_sha256": about.get("checkpoint_sha256"),
            "chunk_zyx": list(wanted.triage.chunk),
            "level": about.get("level"),
            "skip_below": wanted.skip_below,
            "skipped": sorted(str(block) for block in skipped_of(wanted, blocks)),
        }
    }


def refuse_triage(request: Predict, volume: Volume) -> None:
    """Refuse a triage that cannot be used, before hours of work.

    Raises
    ------
    CallerError
        It is of another volume, or there is none to skip by.
    """
    if not 0 <= request.skip_below <= 1:
        raise CallerError(f"skip_below: found {request.skip_below}; expected 0 to 1.")
    if request.triage is None:
        if request.skip_below:
            raise CallerError(
                f"skip_below {request.skip_below:g}: name the triage that it is about."
            )
        return
    _refuse_other(request, open_triage(request.triage), volume)


def _refuse_other(request: Predict, found: TriageMap, volume: Volume) -> None:
    about, options = found.about, volume.options
    wanted: dict[str, object] = {"fingerprint": volume.fingerprint, "channel": options.channel}
    if about.get("level") == options.level and options.window == VolumeOptions().window:
        # Volumes of one shape and type can have one fingerprint: their grey values differ.
        wanted["window"] = volume.window().model_dump(mode="json")
    for name, value in wanted.items():
        if about.get(name) != value:
            raise CallerError(
                f"{request.triage} is a triage of {about.get('volume')}, with {name} "
                f"{about.get(name)}; {volume.uri} has {value}. Make one of this volume."
            )
