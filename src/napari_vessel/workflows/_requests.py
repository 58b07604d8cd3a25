"""What workflows can be asked. Frozen, picklable, torch-free; the defaults are the configs'."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.inference import InferenceConfig
from napari_vessel.morphology import SMALLEST_UM3, MeasureConfig
from napari_vessel.training import TrainingConfig
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._train_config import TrainRun


@dataclass(frozen=True, slots=True)
class Focus:
    """Where the person looks: a point (volume voxels, zyx), plane and level on screen."""

    point: tuple[float, float, float]
    plane: Plane = Plane.XY
    level: int = 0

    @property
    def voxel(self) -> Zyx:
        """The voxel that holds the point."""
        z, y, x = (int(c) for c in self.point)
        return z, y, x


@dataclass(frozen=True, slots=True)
class NewProject:
    """Make a project on a volume; ``path`` defaults to a place beside it."""

    volume: str
    path: Path | None = None
    options: VolumeOptions = VolumeOptions()
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Propose:
    """Predict a project's region, or ``box`` of it, into a new proposal.

    ``watch`` is a file to which who asks writes where they look next.
    """

    project: Path
    focus: Focus | None = None
    box: Box | None = None
    watch: Path | None = None


@dataclass(frozen=True, slots=True)
class Foresee:
    """Tell what proposing ``box`` of a volume, or a job on it, would take.

    A rate that is known is not tried.
    """

    volume: str
    options: VolumeOptions = VolumeOptions()
    checkpoint: str = "starter"
    box: Box | None = None
    inference: InferenceConfig = InferenceConfig()
    pixels_per_second: float | None = None
    job: bool = False


@dataclass(frozen=True, slots=True)
class Clean:
    """Show no piece of a project's proposal below a volume in µm³; 0 shows all again."""

    project: Path
    smallest_um3: float


@dataclass(frozen=True, slots=True)
class Predict:
    """Predict a bare volume, or a project's, into a mask at ``out``.

    ``scheduler`` names a cluster whose workers predict the blocks: ``local``, ``local:N``
    or an address. None: this process does. It is no part of the recipe.

    ``triage`` is a folder that the workflow ``triage`` made of the volume: blocks of a higher
    probability of a vessel come first, and those below ``skip_below`` are not predicted at all.
    """

    volume: str
    out: Path
    options: VolumeOptions = VolumeOptions()
    checkpoint: str = "starter"
    box: Box | None = None
    inference: InferenceConfig = InferenceConfig()
    threshold: float | None = None
    smallest_um3: float = SMALLEST_UM3
    probability: bool = False
    overwrite: bool = False
    scheduler: str | None = None
    triage: Path | None = None
    skip_below: float = 0.0


@dataclass(frozen=True, slots=True)
class Correct:
    """Take corrections from a labels file: all of it, some slices, or a box."""

    project: Path
    labels: str
    slices: tuple[tuple[Plane, int], ...] = ()
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Retrain:
    """Train on the reviewed voxels; ``config`` none: the project's.

    ``take`` false: a network that is better is kept in the project, and who asked takes it into
    use (``use_checkpoint(project, name, instead_of=parent)``) once no stroke is under way.
    ``go_on``: go on from where the last training of this project came to the end of its time; one
    that was interrupted is gone on with anyhow.
    """

    project: Path
    config: TrainingConfig | None = None
    take: bool = True
    go_on: bool = False


@dataclass(frozen=True, slots=True)
class Train:
    """Train a network from labelled volumes into a checkpoint at ``out``."""

    config: TrainRun
    out: Path
    device: str = "auto"
    resume: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Compare a prediction with the truth, streaming.

    ``blocks`` is where a table of every block's scores goes; ``keep_blocks`` brings them with
    the result.
    """

    prediction: str
    truth: str
    threshold: float | None = None
    options: VolumeOptions = VolumeOptions()
    blocks: Path | None = None
    overwrite: bool = False
    keep_blocks: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """Write the mask of a project, or a mask file, in another format."""

    source: str
    out: Path
    format: str = "ome-zarr"
    overwrite: bool = False
    options: VolumeOptions = VolumeOptions()


@dataclass(frozen=True, slots=True)
class Measure:
    """Measure the vessels of a mask or a project, or of a box of it.

    ``out`` none: nothing is written. ``format`` is one of graphs or of surfaces.
    ``keep_graph`` brings the graph with the result.
    """

    source: str
    out: Path | None = None
    format: str = "csv"
    box: Box | None = None
    config: MeasureConfig = MeasureConfig()
    threshold: float | None = None
    overwrite: bool = False
    options: VolumeOptions = VolumeOptions()
    keep_graph: bool = False


@dataclass(frozen=True, slots=True)
class Verify:
    """Check an export against its crate, and against the mask of ``against`` as it is now."""

    export: Path
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Convert:
    """Write a volume as a sharded OME-Zarr 0.5 pyramid, ``workers`` pieces at a time."""

    volume: str
    out: Path
    options: VolumeOptions = VolumeOptions()
    workers: int = 2
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Examine:
    """Verify a project's journals and proposals; ``dump`` writes its strokes as CSV."""

    project: Path
    dump: Path | None = None
    overwrite: bool = False
