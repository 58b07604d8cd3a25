"""The folder of a training, which can be killed and gone on with."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from napari_vessel.errors import ExportError, OutputExistsError, ProjectError
from napari_vessel.volumes import replace_folder, sync_tree, write_atomically
from napari_vessel.workflows._unfinished import held, read_recipe, require_same

_CARD = "card.json"
# What reading a state raises for bytes that are none.
_DAMAGE = (
    OSError, RuntimeError, EOFError, ValueError, KeyError, UnpicklingError, BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class TrainFolder:
    """``OUT.run/``: the recipe, the state to go on from, the curve, and pseudo-labels."""

    out: Path

    @property
    def path(self) -> Path:
        """The folder."""
        return self.out.with_name(f"{self.out.name}.run")

    @property
    def recipe(self) -> Path:
        """What the state belongs to."""
        return self.path / "run.json"

    @property
    def state(self) -> Path:
        """Weights, optimiser and everything else that the next step follows from."""
        return self.path / "state.pt"

    @property
    def history(self) -> Path:
        """The curve so far."""
        return self.path / "history.jsonl"

    @property
    def pseudo(self) -> Path:
        """What the pseudo-labels' network predicted; used again by later runs."""
        return self.path / "pseudo"

    def refuse(self, *, overwrite: bool) -> None:
        """Refuse now what could not be written after hours.

        Raises
        ------
        OutputExistsError
            Something stands at ``out``.
        ExportError
            It is no checkpoint, and would be deleted.
        """
        if not self.out.exists():
            return
        if not overwrite:
            raise OutputExistsError(f"{self.out} exists already: use --overwrite to replace it.")
        if not (self.out / _CARD).is_file():
            raise ExportError(
                f"{self.out} is no checkpoint, so it is not replaced: choose another name."
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and hold it against a second run into the same checkpoint.

        Raises
        ------
        ProjectBusyError
            Another run is at work on it.
        WriteError
            The folder cannot be made.
        """
        with held(self.path, "training"):
            yield

    def check(self, recipe: dict[str, Any], *, resume: bool, overwrite: bool) -> bool:
        """Return whether an unfinished run of the same recipe is gone on with.

        Raises
        ------
        OutputExistsError
            An unfinished run stands there that was not asked to go on, or is of another recipe.
        ProjectError
            Its recipe is damaged.
        """
        if not self.state.exists() or (overwrite and not resume):
            return False
        if not resume:
            raise OutputExistsError(
                f"{self.path} holds an unfinished training: use --resume to go on with it, "
                "or --overwrite to start anew."
            )
        self._require_same(recipe)
        return True

    def begin(self, recipe: dict[str, Any]) -> None:
        """Start anew, with ``recipe``."""
        self.state.unlink(missing_ok=True)  # before the recipe that it is not of
        write_atomically(self.recipe, json.dumps(recipe, indent=2).encode())

    def save(self, state: dict[str, Any], history: bytes) -> None:
        """Keep a state, whole, and the curve up to it.

        Raises
        ------
        WriteError
            The disk refuses; the state before stays.
        """
        write_atomically(self.history, history)
        write_atomically(self.state, lambda path: torch.save(state, path))

    def load(self) -> dict[str, Any]:
        """Return the state; nothing but tensors and plain values is read.

        Raises
        ------
        ProjectError
            It is damaged, or not a state.
        """
        try:
            with ZipFile(self.state) as archive:
                if damaged := archive.testzip():  # torch reads weights whose checksum is wrong
                    raise BadZipFile(f"{damaged} is not what was written")
            found = torch.load(self.state, map_location="cpu", weights_only=True)
        except _DAMAGE as error:
            raise ProjectError(
                f"{self.state} is damaged ({type(error).__name__}): use --overwrite to start anew."
            ) from error
        if not isinstance(found, dict):
            raise ProjectError(f"{self.state} is no state: use --overwrite to start anew.")
        return found

    def publish(self, made: Path) -> None:
        """Move the finished checkpoint to ``out``, and forget the state."""
        sync_tree(made)
        replace_folder(made, self.out)
        self.state.unlink(missing_ok=True)

    def fresh(self) -> Path:
        """Return where the finished checkpoint is put together: nothing stands there."""
        made = self.path / "checkpoint"
        shutil.rmtree(made, ignore_errors=True)
        return made

    def _require_same(self, wanted: dict[str, Any]) -> None:
        try:
            found = read_recipe(self.recipe)
        except OSError as error:
            raise ProjectError(
                f"{self.recipe} is damaged ({error}): use --overwrite to start anew."
            ) from error
        require_same(found, wanted, self.path, "training")
