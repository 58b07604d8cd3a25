"""A proposal on disk: the network's probability of a region, with its recipe."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.errors import ProjectError, ReadError, VesselError, VolumeNotFoundError
from napari_vessel.geometry import Box
from napari_vessel.project._cleaned import open_cleaned
from napari_vessel.project._ledger import BlockLedger
from napari_vessel.volumes import Store, mask_of, open_store

SUFFIX = ".ome.zarr"
LEDGER = "blocks.jsonl"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proposal:
    """One proposal: probability and disagreement (uint8) over ``region``.

    Where it has nothing (blocks not done, voxels beyond its region), the
    proposal before it shows; ``before`` is None where nothing of it would.
    ``cleaned`` is its probability without small pieces, where they are to be
    removed and have been; it is shown then, else the probability as predicted.
    """

    id: str
    region: Box
    store: Store
    ledger: BlockLedger
    complete: bool
    before: Proposal | None
    cleaned: Store | None = None

    @classmethod
    def open(cls, folder: Path, name: str, least_voxels: int = 0) -> Proposal:
        """Open proposal ``name`` of a project's folder, less pieces of fewer voxels than told.

        Raises
        ------
        ProjectError, ReadError, UnsupportedVolumeError
            It is damaged or no proposal.
        VolumeNotFoundError
            It is not on the disk, or no more.
        """
        store = open_store(folder / f"{name}{SUFFIX}")
        region = _region(store)
        complete = store.complete
        ledger = BlockLedger.open(ledger_path(folder, name))
        before = _opened_before(folder, store, least_voxels)
        if before and complete and not before.extends_beyond(region):
            before = None
        cleaned = open_cleaned(store, least_voxels) if complete else None
        return cls(name, region, store, ledger, complete, before, cleaned)

    @property
    def recipe(self) -> dict[str, Any]:
        """What made it as it is shown: checkpoint, volume, settings, smallest piece, versions."""
        smallest = self.cleaned.attrs["smallest_um3"] if self.cleaned else 0.0
        return {**self.store.attrs, "smallest_um3": smallest}

    @property
    def is_cleaned(self) -> bool:
        """Whether small pieces are removed of all that shows."""
        return all(layer.cleaned for layer in self.layers)

    @property
    def layers(self) -> Iterator[Proposal]:
        """The proposal and all those that show through, the newest first."""
        yield self
        if self.before:
            yield from self.before.layers

    def extends_beyond(self, region: Box) -> bool:
        """Tell whether this or one before it has voxels outside of ``region``."""
        return any(not region.contains(layer.region) for layer in self.layers)

    def probability(self, box: Box) -> np.ndarray:
        """Return the probability (uint8, 255 is certain) of any ``box`` of the volume, as shown.

        What nobody predicted is 0.
        """
        return self._composed(box, shown=True)

    def predicted(self, box: Box) -> np.ndarray:
        """Return the same with all small pieces, as the network gave it."""
        return self._composed(box, shown=False)

    def disagreement(self, box: Box) -> np.ndarray:
        """Return how far the planes lie apart (uint8: largest less smallest probability, × 255).

        What nobody predicted, and what one plane alone did, is 0.
        """
        return self._composed(box, shown=False, array="disagreement")

    def mask(self, box: Box, threshold: float) -> np.ndarray:
        """Return the mask (uint8, 0 or 1) of ``box`` at ``threshold``."""
        return mask_of(self.probability(box), threshold)

    def _composed(self, box: Box, *, shown: bool, array: str = "probability") -> np.ndarray:
        """Put together what the layers have of ``box``, the newest on top."""
        store, complete = (shown and self.cleaned) or self.store, self.complete
        found = np.zeros(box.shape, np.uint8)
        if self.before:
            try:
                found = self.before._composed(box, shown=shown, array=array)  # noqa: SLF001  its own class
            except ReadError:
                if self.before.store.path.exists():
                    raise
                complete = self.store.complete  # it is deleted once nothing of it shows any more
        for block in [self.region] if complete else self.ledger.done:
            if (common := block.intersection(box)) and self.region.contains(common):
                read = store.read(array, common.relative_to(self.region))
                found[common.relative_to(box).slices] = read
        return found


def ledger_path(folder: Path, name: str) -> Path:
    """Return where the ledger of proposal ``name`` lies."""
    return folder / f"{name}.{LEDGER}"


def _region(store: Store) -> Box:
    region = Box.parse(str(store.attrs.get("region")))
    if region.shape != store.shape:
        raise ProjectError(
            f"{store.path} is damaged: it has {store.shape} voxels and says it is of {region}. "
            "Predict again."
        )
    return region


def _opened_before(folder: Path, store: Store, least_voxels: int) -> Proposal | None:
    """Open the proposal before; a damaged one must not take the newer one with it.

    One that is gone is none: it is deleted as soon as nothing of it shows any more.
    """
    try:
        return Proposal.open(folder, str(store.attrs.get("before")), least_voxels)
    except VolumeNotFoundError:
        return None
    except VesselError as error:
        _log.warning("The proposal before %s is left out: %s", store.path.name, error)
        return None
