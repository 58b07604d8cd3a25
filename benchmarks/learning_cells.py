"""One cell of the learning benchmark: a method on a volume with a seed, slice by slice."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ladder_cells import trained_on
from ladder_data import Item, Mask, load
from ladder_plan import SCRATCH, Plan, name_of
from napari_vessel.errors import VesselError
from napari_vessel.geometry import Box, Plane
from napari_vessel.metrics import centreline_counts
from napari_vessel.project import AuditConfig, AuditSet, Project, ReviewRecords, draw_audit
from napari_vessel.runner import InlineRunner
from napari_vessel.simulate import EffortConfig, EffortRow, PersonConfig, Strategy, run_effort
from napari_vessel.training import TrainingConfig

METHODS = ("ours", "random", "ours-scratch", "rootpainter", "scratch-even")
_PER_EPOCH = 20
_ORDER: dict[str, Strategy] = {"random": "random", "scratch-even": "even"}
_AUDIT = AuditConfig(count=12, window=32, guard=2)
_RULES = 2  # of person, queue, audit and RootPainter here: cells of others are computed anew
_NOTHING = 0.99  # a threshold at which a network of random weights proposes nothing


@dataclass(frozen=True)
class Settings:
    """How many steps a network may learn each time, and after which slices.

    Steps and not seconds: a loaded machine must not change what is measured.
    """

    steps: int = 200
    scratch_steps: int = 400
    rounds: tuple[int, ...] = (1, 3, 6, 10)

    def recipe(self, method: str) -> str:
        """Name what a cell depends on, beside its method, volume and seed."""
        ours = method in ("ours", "random")
        network = Plan().open().card.sha256[:12] if ours else Plan().architecture()
        steps = self.steps if ours else self.scratch_steps
        training = name_of(TrainingConfig() if ours else SCRATCH)
        rounds = ",".join(map(str, self.rounds))
        return f"{network}, {steps} steps after {rounds}, {training}, rules {_RULES}"


@dataclass(frozen=True)
class Cell:
    """What is computed at a time."""

    method: str
    volume: str
    seed: int
    recipe: str

    @classmethod
    def of(cls, figures: dict[str, Any]) -> Self:
        """Return the cell that a line of a results file is of."""
        return cls(*(figures[name] for name in ("method", "volume", "seed", "recipe")))


def compute(cell: Cell, settings: Settings) -> dict[str, Any]:
    """Compute a cell; return what one line of the results file holds."""
    item = load(cell.volume)
    with tempfile.TemporaryDirectory() as folder:
        if cell.method == "rootpainter":
            from learning_rootpainter import rootpainter_rows

            rows = rootpainter_rows(item, settings.rounds, cell.seed, settings.scratch_steps)
        else:
            rows = _ours(cell, item, Path(folder), settings)
    marked = trained_on(item.name, Plan().open().card.provenance)
    return asdict(cell) | {"group": item.group, "marked": marked, "rows": rows}


def read_results(path: Path) -> list[dict[str, Any]]:
    """Read the cells in a results file, the last of equal ones."""
    found: dict[Cell, dict[str, Any]] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            figures = json.loads(line)
        except json.JSONDecodeError:  # cut off by a kill: computed anew
            continue
        found[Cell.of(figures)] = figures
    return list(found.values())


def audit_of(item: Item) -> AuditSet:
    """Draw windows of a volume that every method is audited on and none learns from."""
    return draw_audit(
        Box.of(item.truth.shape),
        (Plane.XY,),
        lambda box: int(np.count_nonzero(item.truth[box.slices])),
        _AUDIT,
    )


def audit_counts(audit: AuditSet, mask: Mask, truth: Mask) -> list[list[float]]:
    """Count each window, weighted: right, invented, missed; then the four of clDice."""
    found = []
    for window in audit.windows:
        at = window.place.box.slices
        ours, theirs = mask[at], truth[at]
        centre = centreline_counts(ours, theirs)
        voxels = [ours & theirs, ours & ~theirs, theirs & ~ours]
        counts = [float(np.count_nonzero(part)) for part in voxels]
        counts += [centre.predicted, centre.predicted_inside, centre.true, centre.true_inside]
        found.append([count * window.weight for count in counts])
    return found


def _ours(cell: Cell, item: Item, folder: Path, settings: Settings) -> list[dict[str, Any]]:
    from ladder_networks import opened, scratch_in_use

    scratch = cell.method in ("ours-scratch", "scratch-even")
    project = opened(item, folder, Plan(polarity="known"))
    if scratch:
        scratch_in_use(project, item, cell.seed, _NOTHING)
    steps = settings.scratch_steps if scratch else settings.steps
    length = {"minutes": None, "epochs": max(steps // _PER_EPOCH, 1), "steps_per_epoch": _PER_EPOCH}
    start = SCRATCH if scratch else TrainingConfig()
    training = start.model_copy(update={**length, "seed": cell.seed})
    config = EffortConfig(
        slices=max(settings.rounds),
        strategy=_ORDER.get(cell.method, "queue"),
        rounds=settings.rounds,
        person=PersonConfig(seed=cell.seed),
        training=training,
        seed=cell.seed,
    )
    rows, audit = [], audit_of(item)
    audit.keep(ReviewRecords(project.path).audit_path)
    for event in run_effort(project.path, item.truth, config, InlineRunner()):
        if isinstance(event, EffortRow):
            counts = audit_counts(audit, _proposed(project, item.truth.shape), item.truth)
            rows.append(event.as_dict() | {"audit": counts})
    return rows


def _proposed(project: Project, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    proposal = project.open_proposal()
    if proposal is None:
        raise VesselError("The prediction left no proposal.")
    return np.asarray(proposal.mask(Box.of(shape), project.threshold) != 0)


__all__ = ["METHODS", "Cell", "Settings", "audit_counts", "audit_of", "compute", "read_results"]
