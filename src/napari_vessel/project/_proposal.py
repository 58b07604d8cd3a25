"""A proposal on disk: the network's probability of a region, with its recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_vessel.geometry import Box
from napari_vessel.project._ledger import BlockLedger
from napari_vessel.volumes import Store, mask_of, open_store

SUFFIX = ".ome.zarr"
LEDGER = "blocks.jsonl"


@dataclass(frozen=True)
class Proposal:
    """One proposal: probability and disagreement (uint8) over ``region``.

    While some of its blocks are not done, the proposal before it shows there.
    """

    id: str
    region: Box
    store: Store
    ledger: BlockLedger
    complete: bool
    before: Proposal | None

    @classmethod
    def open(cls, folder: Path, name: str) -> Proposal:
        """Open proposal ``name`` of a project's folder of proposals.

        Raises
        ------
        ReadError, UnsupportedVolumeError
            It is damaged or no proposal.
        """
        store = open_store(folder / f"{name}{SUFFIX}")
        recipe, complete = store.attrs, store.complete
        ledger = BlockLedger.open(ledger_path(folder, name))
        earlier = str(recipe.get("before"))
        stands = not complete and exists(folder, earlier)
        before = cls.open(folder, earlier) if stands else None
        return cls(name, Box.parse(str(recipe["region"])), store, ledger, complete, before)

    @property
    def recipe(self) -> dict[str, Any]:
        """What made it: checkpoint, volume, settings, versions."""
        return dict(self.store.attrs)

    def probability(self, box: Box) -> np.ndarray:
        """Return the probability (uint8, 255 is certain) of ``box`` (volume voxels, inside)."""
        read = self.store.read("probability", box.relative_to(self.region))
        if self.complete:
            return read
        shown = np.zeros(box.shape, np.uint8)
        if self.before and (common := box.intersection(self.before.region)):
            shown[common.relative_to(box).slices] = self.before.probability(common)
        for block in self.ledger.done:
            if common := block.intersection(box):
                inside = common.relative_to(box).slices
                shown[inside] = read[inside]
        return shown

    def mask(self, box: Box, threshold: float) -> np.ndarray:
        """Return the mask (uint8, 0 or 1) of ``box`` at ``threshold``."""
        return mask_of(self.probability(box), threshold)


def ledger_path(folder: Path, name: str) -> Path:
    """Return where the ledger of proposal ``name`` lies."""
    return folder / f"{name}.{LEDGER}"


def exists(folder: Path, name: str) -> bool:
    """Tell whether proposal ``name`` is on the disk."""
    return (folder / f"{name}{SUFFIX}").exists()
