"""The networks that a project keeps: listed, taken into use, gone back to, deleted.

Every network that was ever taken into use is kept until a person deletes it. Of the others the
best and the last few are kept, within a disk budget. Imports no torch.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

from napari_vessel.errors import CheckpointError, WriteError
from napari_vessel.networks import (
    WEIGHTS,
    Checkpoint,
    CheckpointCard,
    check_fits,
    read_card,
    starter,
)
from napari_vessel.project._project import Project
from napari_vessel.project._verdict import Verdict, read_verdict, write_verdict

STARTER = "starter"
_GOING = ".going-"  # a folder on its way out; what a kill leaves of it goes with the next pruning
_LINEAGE = 10_000  # more parents than this are a circle

State = Literal["starter", "adopted", "rejected", "deleted", "damaged"]


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """One network of a project.

    Parameters
    ----------
    id
        Its name.
    state
        ``adopted``: it was in use once, or is. ``deleted``: its weights are gone, its card and
        curve are kept, for masks that were made with it.
    in_use
        Whether proposals are made with it now.
    bytes
        On the disk.
    card, verdict
        None where there is none, or it cannot be read.
    problem
        Why it cannot be used; empty where nothing is wrong.
    """

    id: str
    state: State
    in_use: bool
    bytes: int
    card: CheckpointCard | None = None
    verdict: Verdict | None = None
    problem: str = ""

    @property
    def score(self) -> float | None:
        """Dice on the reviewed blocks when it was judged."""
        if self.verdict is not None:
            return self.verdict.score
        return self.card.metrics.get("dice") if self.card else None

    @property
    def parent(self) -> str | None:
        """The network that its training started from."""
        return self.card.parent if self.card else None

    @property
    def created(self) -> str:
        """When, UTC, ISO 8601; empty where its card does not tell."""
        return self.card.created if self.card else ""

    @property
    def provisional(self) -> bool:
        """Whether it was judged by too little."""
        told = self.verdict or self.card
        return bool(told and told.provisional)

    @property
    def usable(self) -> bool:
        """Whether it can be taken into use."""
        return self.state in {"starter", "adopted", "rejected"}


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, and how many bytes that gave back."""

    ids: tuple[str, ...]
    bytes: int


def kept_checkpoints(project: Project) -> tuple[KeptCheckpoint, ...]:
    """List a project's networks, the newest first and the starter last.

    Only cards are read: what is wrong with the weights shows when they are used.
    """
    in_use = project.config.checkpoint
    folders = sorted(_folders(project), key=lambda folder: folder.name, reverse=True)
    made = [_kept(folder, in_use) for folder in folders]
    made.sort(key=lambda kept: kept.created, reverse=True)  # stable: equal seconds by name
    first = starter()
    bundled = KeptCheckpoint(
        STARTER, "starter", in_use == STARTER, _bytes(first.path), card=first.card
    )
    return (*made, bundled)


def use_checkpoint(
    project: Project, name: str, *, instead_of: str | None = None
) -> Checkpoint | None:
    """Take a network into use from now on, once its weights were found whole; return it.

    Parameters
    ----------
    name
        Its id, or ``starter``.
    instead_of
        The network that it was compared with. Where another one came into use meanwhile nothing
        is changed, and None returned. None: whatever is in use.

    Raises
    ------
    CheckpointError
        There is no such network, it is damaged, or for images of several channels.
    """
    require_known(project, name)
    checkpoint = project.open_checkpoint(name)
    check_fits(checkpoint.card, channels=1)
    if instead_of is not None and project.config.checkpoint != instead_of:
        return None
    verdict = read_verdict(checkpoint.path) if name != STARTER else None
    if verdict is not None and not verdict.adopted:
        # From now on it is one that was in use: it is kept.
        write_verdict(checkpoint.path, verdict.model_copy(update={"adopted": True}))
    project.update(checkpoint=name)
    return checkpoint


def parent_of(project: Project, name: str | None = None) -> str | None:
    """Return the nearest ancestor that can still be used; by default of the network in use.

    None for the starter. Ancestors whose weights a person deleted are passed over.
    """
    name = name or project.config.checkpoint
    for _ in range(_LINEAGE):
        if name == STARTER:
            return None
        try:
            parent = read_card(project.checkpoints / name).parent
        except CheckpointError:
            return STARTER
        if parent is None:
            return None
        if parent == STARTER or (project.checkpoints / parent / WEIGHTS).is_file():
            return parent
        name = parent
    return STARTER


def delete_checkpoint(project: Project, name: str) -> Pruned:
    """Delete a network's weights; of one that was in use once, card and curve are kept.

    Raises
    ------
    CheckpointError
        It is in use, comes with the program, or is not there.
    WriteError
        It cannot be deleted.
    """
    if name == STARTER:
        raise CheckpointError("The starter comes with the program: it cannot be deleted.")
    project.require_changeable()
    require_known(project, name)
    if project.config.checkpoint == name:
        raise CheckpointError(
            f"Checkpoint {name} is in use: go back to another one first, then delete it."
        )
    folder = project.checkpoints / name
    kept = _kept(folder, "")
    before = _bytes(folder)
    with_explanation = f"{folder} cannot be deleted"
    try:
        if kept.state == "rejected" or kept.card is None:
            _remove(folder)
        else:
            (folder / WEIGHTS).unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{with_explanation}: {error.strerror or error}.") from error
    return Pruned((name,), before - _bytes(folder))


def prune_checkpoints(project: Project, extra: int = 0) -> Pruned:
    """Delete networks that were not taken, but the best and the last few within the budget.

    ``extra`` bytes of the budget are to be left free. Never one that is, or was, in use.
    """
    project.require_changeable()
    keeping = project.config.keeping
    for left in project.checkpoints.glob(f"{_GOING}*"):
        shutil.rmtree(left, ignore_errors=True)
    rejected = [kept for kept in kept_checkpoints(project) if kept.state == "rejected"]
    staying = _staying(rejected, keeping.rejected_last, keeping.rejected_bytes - extra)
    going = [kept for kept in rejected if kept.id not in staying and not kept.in_use]
    freed = [delete_checkpoint(project, kept.id) for kept in going]
    return Pruned(tuple(kept.id for kept in going), sum(one.bytes for one in freed))


def rejected_bytes(kept: Sequence[KeptCheckpoint]) -> int:
    """Return what the networks that were not taken take of the disk."""
    return sum(one.bytes for one in kept if one.state == "rejected")


def require_known(project: Project, name: str) -> None:
    """Refuse a name that is none of the project's networks.

    Raises
    ------
    CheckpointError
        Naming those there are.
    """
    known = {folder.name for folder in _folders(project)} | {STARTER}
    if name not in known:
        names = ", ".join(sorted(known, reverse=True)[:5])
        raise CheckpointError(
            f"{project.path} has no checkpoint {name!r}: expected one of {names}"
            f"{' …' if len(known) > 5 else ''}. All: napari-vessel checkpoints {project.path}"
        )


def _staying(rejected: Sequence[KeptCheckpoint], last: int, budget: int) -> set[str]:
    """Choose which of the rejected (the newest first) stay: the best, then the newest."""
    if not rejected:
        return set()
    best = max(rejected, key=lambda kept: kept.score or 0.0)
    staying: set[str] = set()
    room = budget
    for kept in (best, *rejected[:last]):
        if kept.id not in staying and kept.bytes <= room:
            staying.add(kept.id)
            room -= kept.bytes
    return staying


def _folders(project: Project) -> Iterator[Path]:
    try:
        for folder in project.checkpoints.iterdir():
            if (
                folder.is_dir()
                and not folder.name.startswith(".")
                and ".partial-" not in folder.name
            ):
                yield folder
    except FileNotFoundError:
        return


def _kept(folder: Path, in_use: str) -> KeptCheckpoint:
    size, used = _bytes(folder), folder.name == in_use
    try:
        card, verdict = read_card(folder), read_verdict(folder)
    except CheckpointError as error:
        return KeptCheckpoint(folder.name, "damaged", used, size, problem=str(error))
    state: State = "rejected" if verdict and not verdict.adopted else "adopted"
    if not (folder / WEIGHTS).is_file():
        state = "deleted"
    return KeptCheckpoint(folder.name, state, used, size, card, verdict)


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # on its way out
            continue
    return total


def _remove(folder: Path) -> None:
    """Delete a folder so that a kill leaves all of it, or none that is listed."""
    going = folder.with_name(f"{_GOING}{uuid4().hex[:8]}")
    folder.rename(going)
    shutil.rmtree(going, ignore_errors=True)
