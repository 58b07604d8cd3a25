"""The folder of a whole-volume prediction, which can be killed and gone on with."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from napari_vessel.errors import ExportError, OutputExistsError, ProjectError
from napari_vessel.geometry import Box, Plane
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import CheckpointCard
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import (
    IntensityWindow,
    Store,
    StoreSpec,
    Volume,
    create_store,
    open_store,
    write_atomically,
)
from napari_vessel.workflows._organ import Seen, organ_of_job
from napari_vessel.workflows._reading import PolarityUsed, polarity_used, window_for
from napari_vessel.workflows._unfinished import LOCK, held, read_recipe, require_same


@dataclass(frozen=True)
class Job:
    """``OUT.job/``: the recipe, what is predicted, and which blocks of it are done."""

    path: Path

    @classmethod
    def of(cls, out: Path) -> Job:
        """Name the job that predicts into ``out``."""
        return cls(out.parent / f"{out.name}.job")

    @property
    def recipe(self) -> Path:
        """The immutable recipe."""
        return self.path / "job.json"

    @property
    def probability(self) -> Path:
        """The store that blocks go to."""
        return self.path / "probability.ome.zarr"

    @property
    def ledger(self) -> Path:
        """The record of the blocks."""
        return self.path / "blocks.jsonl"

    @property
    def planes(self) -> Path:
        """The store of each plane's probability, where planes are predicted apart."""
        return self.path / "planes.ome.zarr"

    @property
    def looks(self) -> Path:
        """The record of what a quick look at each block found, where planes are."""
        return self.path / "looks.jsonl"

    def ledger_of(self, plane: Plane) -> Path:
        """Name the record of a plane's own blocks, where planes are."""
        return self.path / f"{plane.value}.jsonl"

    @property
    def precision(self) -> str | None:
        """The arithmetic of the run that stands there, if any."""
        try:
            return str(read_recipe(self.recipe)["inference"]["precision"])
        except (OSError, ProjectError, LookupError, TypeError):
            return None

    def window(self, volume: Volume, card: CheckpointCard, used: PolarityUsed) -> IntensityWindow:
        """Find the intensity window: that of the run that stands there, if it saw ``volume`` alike.

        A sample taken anew could differ, where a piece of it can be read only now.
        """
        before = self._before(volume)
        try:
            alike = before["polarity"]["polarity"] == used.polarity
            if alike and before["checkpoint_sha256"] == card.sha256:
                return IntensityWindow.model_validate(before["window"])
        except (KeyError, TypeError, ValidationError):
            pass  # none stands there, or an earlier version's
        return window_for(volume, card, used)

    def polarity(self, volume: Volume, card: CheckpointCard) -> PolarityUsed:
        """Settle the polarity: as the run that stands there did, unless a person chose one."""
        if volume.options.polarity == "auto":
            try:
                before = PolarityUsed(**self._before(volume)["polarity"])
            except (KeyError, TypeError):
                return polarity_used(volume, card)
            if before.source != "choice":
                return before
        return polarity_used(volume, card)

    def in_its_blocks(
        self, config: InferenceConfig, volume: Volume, region: Box
    ) -> InferenceConfig:
        """Return ``config`` with the blocks of the run that stands there, if else it was the same.

        On a cluster a job chooses smaller ones than on one machine: it can go on on either.
        """
        before = self._before(volume)
        had, now = before.get("inference"), config.model_dump(mode="json", exclude={"device"})
        if not isinstance(had, dict) or before.get("region") != str(region):
            return config
        if had | {"block": None} != now | {"block": None}:
            return config
        return config.model_copy(update={"block": tuple(had["block"])})

    def _before(self, volume: Volume) -> dict[str, Any]:
        """Return the recipe of the run that stands there; nothing where it is of another volume."""
        options = volume.options
        try:
            found = read_recipe(self.recipe)
        except (OSError, ProjectError):
            return {}
        of = [found.get(name) for name in ("fingerprint", "level", "channel")]
        return found if of == [volume.fingerprint, options.level, options.channel] else {}

    def seen(self, volume: Volume, card: CheckpointCard) -> Seen:
        """Find how ``volume`` is seen: as by the run that stands there, if it was of it."""
        organ = organ_of_job(self.path, volume)
        used = self.polarity(volume, card)
        return Seen(self.window(volume, card, used), used, organ)

    def published(self, out: Path) -> bool:
        """Tell whether the mask at ``out`` is this job's: killed after it put it there."""
        try:
            ours = json.loads((out / "zarr.json").read_bytes())["attributes"]["napari-vessel"]
            return bool(ours["recipe"] == read_recipe(self.recipe))
        except (OSError, ProjectError, ValueError, LookupError, TypeError):
            return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and hold it against a second run on the same output.

        Raises
        ------
        ProjectBusyError
            Another run is at work on it.
        ExportError
            A folder stands there that is no job.
        WriteError
            The folder cannot be made.
        """
        self._refuse_foreign()
        with held(self.path, "predicting"):
            yield

    def begin(self, recipe: dict[str, Any], *, overwrite: bool) -> None:
        """Keep ``recipe``, or go on with the run of the same recipe that stands there.

        Raises
        ------
        OutputExistsError
            An unfinished run of another recipe stands there and ``overwrite`` is off.
        ProjectError
            Its recipe is damaged and ``overwrite`` is off.
        """
        if self.recipe.exists():
            try:
                require_same(read_recipe(self.recipe), recipe, self.path, "prediction")
            except (OutputExistsError, ProjectError):
                if not overwrite:
                    raise
            else:
                if not (self.ledger.exists() and self.probability.exists()):
                    self._forget_blocks()  # killed while it made them, or while it left
                return
        self._forget_blocks()
        write_atomically(self.recipe, json.dumps(recipe, indent=2).encode())

    def open_store(self, spec: StoreSpec) -> Store:
        """Open what the run before left, else make it."""
        if self.probability.exists():
            return open_store(self.probability, writable=True)
        return create_store(self.probability, spec)

    def open_ledger(self) -> BlockLedger:
        """Read which blocks are done; from now on there is a ledger, so that a run can go on."""
        if not self.ledger.exists():
            write_atomically(self.ledger, b"")
        return BlockLedger.open(self.ledger)

    def empty(self) -> None:
        """Delete all that is inside, the lock last; to be called while it is held.

        Killed in between it is a job still, of which nothing is done.
        """
        self._forget_blocks()
        for path in self.path.iterdir():
            if path not in (self.recipe, self.path / LOCK):
                _delete(path)
        self.recipe.unlink(missing_ok=True)
        with suppress(OSError):  # Windows deletes no file that is held
            (self.path / LOCK).unlink(missing_ok=True)

    def remove_emptied(self) -> None:
        """Delete the folder that :meth:`empty` left, unless another run has begun there."""
        with suppress(OSError):
            if os.name == "nt":
                (self.path / LOCK).unlink(missing_ok=True)
            self.path.rmdir()

    def discard(self) -> None:
        """Give up what is done and free the disk.

        Raises
        ------
        ProjectBusyError
            A run is at work on it.
        ExportError
            A folder stands there that is no job.
        """
        if not self.path.exists():
            return
        with self.held():
            self.empty()
        self.remove_emptied()

    def _forget_blocks(self) -> None:
        for ledger in (self.ledger, *self.path.glob("*.jsonl")):
            ledger.unlink(missing_ok=True)  # first: they vouch for what follows
        for store in (self.planes, self.probability):
            shutil.rmtree(store, ignore_errors=True)

    def _refuse_foreign(self) -> None:
        if not self.path.exists() or self.recipe.exists():
            return
        if not self.path.is_dir() or any(
            not (path.name == LOCK or ".partial-" in path.name) for path in self.path.iterdir()
        ):
            raise ExportError(
                f"{self.path}, where an unfinished prediction would be kept, is something else: "
                "choose another output, or move it away."
            )


def discard_unfinished(out: Path) -> None:
    """Give up an unfinished prediction into ``out``: what is done of it is deleted.

    Raises
    ------
    ProjectBusyError
        A run is at work on it.
    ExportError
        What stands there is no job.
    """
    Job.of(out).discard()


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
