"""What workflows tell while they run. Frozen, picklable, torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from napari_vessel.geometry import Box, Plane, VoxelSize, Zyx
from napari_vessel.metrics import BlockScores
from napari_vessel.volumes import VesselGraph

State = Literal["complete", "partial"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a workflow is."""

    done: float
    total: float
    unit: str
    what: str
    seconds_left: float | None = None

    @property
    def fraction(self) -> float:
        """Between 0 and 1."""
        return min(self.done / self.total, 1.0) if self.total else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class SliceProposed:
    """The slice in view, from its own plane alone: ``probability`` is uint8, shaped as ``box``."""

    box: Box
    plane: Plane
    probability: np.ndarray


@dataclass(frozen=True, slots=True)
class JobBegun:
    """A whole-volume prediction has settled its recipe; ``done`` of ``blocks`` are done before."""

    recipe: Path
    blocks: int
    done: int


@dataclass(frozen=True, slots=True)
class BlockProposed:
    """A block (volume voxels) is done and stored in proposal ``proposal``."""

    proposal: str
    box: Box


@dataclass(frozen=True, slots=True)
class BlockFailed:
    """A block could not be predicted; it is listed, and holds no proposal."""

    box: Box
    reason: str


@dataclass(frozen=True, slots=True)
class Fused:
    """Proposal ``proposal`` is in view, all of it fused from planes that were kept."""

    proposal: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A prediction ended. ``name`` is the proposal's id, or the path of the mask.

    ``missing_chunks`` were not there and taken as their fill value; ``outside`` blocks lie
    wholly outside of the organ, hold no vessel and were not predicted; ``known`` blocks were
    fused from what an earlier proposal keeps of its planes. In ``empty`` blocks, and in all
    in a share ``left_out`` of the voxels, a quick look saw no vessel and they hold none. A triage
    made the job leave out ``skipped`` blocks: they hold no vessel, and were not looked at.
    """

    name: str
    state: State
    blocks: int
    failed: tuple[BlockFailed, ...]
    seconds: float
    missing_chunks: int = 0
    outside: int = 0
    known: int = 0
    empty: int = 0
    left_out: float = 0.0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a proposal or a job would take; ``disk_bytes`` at most, as what is empty takes nothing.

    ``network_pixels`` go through the network at ``pixels_per_second``: at most, where it
    ``leaves_out`` what a quick look finds empty.
    """

    memory_bytes: int
    disk_bytes: int
    network_pixels: int
    seconds: float | None
    pixels_per_second: float | None
    leaves_out: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Small pieces are removed of what is proposed, or shown again, at every threshold.

    ``proposal`` is the one in view, if there is one; ``everywhere`` is false where a
    part of it is not complete, so that its small pieces are shown still.
    """

    smallest_um3: float
    least_voxels: int
    proposal: str | None
    everywhere: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Retrained:
    """A training ended, and whether its network is better; then ``threshold`` is its own.

    ``taken``: it is in use now; else who asked is to take it, in place of ``parent``.
    ``interval`` (95 %) is that of the gain in Dice, by resampling blocks. ``left_out_before`` and
    ``left_out_after`` are Dice on blocks left out in turn, where too few are held out; then
    ``missing_blocks`` more are needed, as those in ``missing``. ``rejected`` names what was kept
    of a network that is no better.
    """

    adopted: bool
    provisional: bool
    checkpoint: str | None
    reason: str
    score_before: float | None
    score_after: float | None
    seconds: float
    threshold: float | None = None
    taken: bool = True
    parent: str | None = None
    interval: tuple[float, float] | None = None
    cldice_before: float | None = None
    cldice_after: float | None = None
    left_out_before: float | None = None
    left_out_after: float | None = None
    missing_blocks: int = 0
    missing: tuple[Box, ...] = ()
    rejected: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedVolume:
    """A volume of a training; of a very large one only ``looked_at`` of its cells was read."""

    name: str
    role: str
    shape: Zyx
    voxel_size: VoxelSize
    reviewed_voxels: int
    vessel_voxels: int
    looked_at: float
    blocks_learned: int
    blocks_held_out: int
    pseudo: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """What a training is going to do; ``minutes`` none: no limit."""

    volumes: tuple[PlannedVolume, ...]
    network: str
    parameters: int
    steps: int
    device: str
    minutes: float | None
    held_out: bool
    resumed: bool


@dataclass(frozen=True, slots=True)
class Trained:
    """A training ended with a checkpoint; scores are Dice on blocks, 0 to 1."""

    checkpoint: Path
    dice: float
    dice_at_start: float
    threshold: float
    provisional: bool
    epochs: int
    best_epoch: int
    steps: int
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Corrected:
    """Corrections were taken from a file."""

    voxels: int
    vessel: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How well a prediction agrees with the truth; ``scores`` by DESIGN's names.

    ``blocks`` where they were asked for.
    """

    scores: dict[str, float]
    voxels: int
    seconds: float
    blocks: tuple[BlockScores, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """A mask was exported."""

    path: Path
    format: str
    voxels: int
    vessel_voxels: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The vessels of a mask were measured; ``graph`` where it was asked for.

    ``summary`` is empty for a surface; of ``pieces`` some were ``removed`` as too small,
    where that was asked.
    """

    path: Path | None
    format: str
    box: Box
    summary: dict[str, float | int]
    pieces: int | None
    removed: int | None
    seconds: float
    graph: VesselGraph | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """An export was read back; ``document`` is what its crate says."""

    path: Path
    sound: bool
    problems: tuple[str, ...]
    document: dict[str, Any]
    vessel_voxels: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Converted:
    """A volume was written as a pyramid; ``read_bytes`` of voxels were read of it."""

    path: Path
    shape: Zyx
    levels: int
    read_bytes: int
    missing_chunks: int
    resumed: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Created:
    """A project was made."""

    path: Path
    region: Box


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What ``doctor`` found."""

    sound: bool
    problems: tuple[str, ...]
    facts: dict[str, Any]
