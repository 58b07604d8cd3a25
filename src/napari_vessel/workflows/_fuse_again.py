"""Fuse the planes that an earlier proposal keeps in another way; nothing is predicted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import Store
from napari_vessel.workflows._events import Progress, SliceProposed
from napari_vessel.workflows._in_view import in_order, slice_of
from napari_vessel.workflows._known import Known
from napari_vessel.workflows._requests import Focus

_FUSING = "Fusing the planes again"
_log = logging.getLogger(__name__)


def fuse_again(
    known: Known, store: Store, ledger: BlockLedger, config: InferenceConfig, focus: Focus | None
) -> Iterator[Progress | SliceProposed]:
    """Fill ``store``, of the same region, with all that ``known`` has, fused as ``config`` says.

    The slice in view comes first. The project knows nothing of it yet: until it is told,
    the proposal before stays in view, whatever happens here.

    Raises
    ------
    ReadError
        A chunk of the earlier proposal is damaged.
    """
    region = known.proposal.region
    blocks = in_order(sorted(known.blocks, key=str), region, focus, store.voxel_size)
    started = monotonic()
    yield Progress(0, len(blocks), "blocks", _FUSING)
    if focus and (cut := slice_of(region, focus)):
        yield SliceProposed(cut, focus.plane, known.fused(cut, config)["probability"])
    for done, block in enumerate(blocks, start=1):
        _keep(known.fused(block, config), block.relative_to(region), store)
        ledger.record(block, left_out=known.left_out(block))
        left = (monotonic() - started) * (len(blocks) - done) / done
        yield Progress(done, len(blocks), "blocks", _FUSING, left)


def take_over(
    known: Known, block: Box, store: Store, ledger: BlockLedger, config: InferenceConfig
) -> bool:
    """Take over one block, on the disk on return; false where it is damaged: predict it again."""
    try:
        found = known.fused(block, config)
    except ReadError as error:
        _log.warning("Block %s is predicted again: %s", block, error)
        return False
    _keep(found, block.relative_to(known.proposal.region), store)
    ledger.record(block, left_out=known.left_out(block))
    return True


def _keep(found: dict[str, NDArray[np.uint8]], place: Box, store: Store) -> None:
    for name, voxels in found.items():
        store.write(name, place, voxels)
        store.sync(name, place)  # on the disk before the ledger says so
