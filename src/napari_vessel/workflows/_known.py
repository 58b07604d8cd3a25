"""What an earlier proposal knows already: each plane's probability, fused again at no cost."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig, disagreement, fuse
from napari_vessel.project import Project, Proposal

KEPT = "planes_kept"  # in a recipe: all planes whose probability is there, fused or not
_BESIDE = ("before", KEPT)  # what a recipe says that makes no voxel
# What may differ: the network never saw it.
_FREE = ("planes", "weights", "fuse", "vote")
_SETTLED = ("precision", "empty_below")  # as they were, where that is as good as what is wanted
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """An earlier proposal of the same recipe but for how its planes are fused.

    ``kept`` are all planes it has, which may be more than are wanted now: they are kept
    on, so that one that is left out can be taken in again.
    """

    proposal: Proposal
    kept: tuple[Plane, ...]

    def settle(self, config: InferenceConfig) -> InferenceConfig:
        """Return ``config`` in the arithmetic, and with the care, that it was predicted in."""
        had = _inference_of(self.proposal)
        return config.model_copy(update={name: had[name] for name in _SETTLED})

    def goes_on(self, config: InferenceConfig) -> bool:
        """Tell whether ``config`` is all its own, so that the rest can be predicted into it."""
        wanted = json.loads(config.model_dump_json(exclude={"device"}))
        return not self.proposal.complete and wanted == _inference_of(self.proposal)

    def only(self, config: InferenceConfig) -> Known:
        """Return the same with its planes alone: where some blocks are still to be predicted."""
        wanted = tuple(Plane) if config.planes == "auto" else config.planes
        return replace(self, kept=tuple(plane for plane in self.kept if plane in wanted))

    @property
    def blocks(self) -> set[Box]:
        """The blocks that need no network."""
        return self.proposal.ledger.done

    def left_out(self, block: Box) -> int:
        """Return how many voxels of a block were not predicted, as they seemed empty."""
        return self.proposal.ledger.left_out.get(block, 0)

    def fused(self, block: Box, config: InferenceConfig) -> dict[str, NDArray[np.uint8]]:
        """Return all arrays of ``block`` (volume voxels) as ``config`` fuses them.

        Raises
        ------
        ReadError
            A chunk of the earlier proposal is damaged.
        """
        place, store = block.relative_to(self.proposal.region), self.proposal.store
        named = {plane.value: store.read(plane.value, place) for plane in self.kept}
        planes = {Plane(plane): named[plane] for plane in config.planes}
        both = {"probability": fuse(planes, config), "disagreement": disagreement(planes)}
        return both | named


def known_of(project: Project, recipe: dict[str, Any]) -> Known | None:
    """Find, of the proposal in view and those that show through it, one that ``recipe`` can use.

    It must have seen the same voxels with the same network and settings, on the same
    grid of blocks, in all planes that are wanted now. An arithmetic of "auto" is any, and
    what it took for empty may be less than what counts as that now.
    """
    wanted = json.loads(json.dumps(recipe))
    shown = project.open_proposal()
    for layer in shown.layers if shown else ():
        if layer.ledger.done and _as_good(layer, wanted):
            _log.info("Proposal %s has %d blocks that fit", layer.id, len(layer.ledger.done))
            return Known(layer, _kept_by(layer))
    return None


def _as_good(layer: Proposal, wanted: dict[str, Any]) -> bool:
    had = _less(layer.store.attrs, _BESIDE)
    before, now = _inference_of(layer), wanted["inference"]
    if before.keys() != now.keys() or not set(now["planes"]) <= set(_kept_by(layer)):
        return False
    if now["precision"] not in ("auto", before["precision"]):
        return False
    if before["empty_below"] > now["empty_below"]:
        return False
    free = (*_FREE, *_SETTLED)
    return had | {"inference": _less(before, free)} == wanted | {"inference": _less(now, free)}


def _inference_of(layer: Proposal) -> dict[str, Any]:
    found = layer.store.attrs.get("inference")
    return found if isinstance(found, dict) else {}


def _kept_by(layer: Proposal) -> tuple[Plane, ...]:
    names = layer.store.attrs.get(KEPT)
    known = {str(name) for name in names} if isinstance(names, list) else set()
    return tuple(plane for plane in Plane if plane.value in known & {*layer.store.arrays})


def _less(settings: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}
