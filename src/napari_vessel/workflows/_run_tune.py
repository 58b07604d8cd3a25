"""Files that tune. Imports no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from napari_vessel.workflows._run_file import RunFile, RunOptions
from napari_vessel.workflows._tune_config import TuneRun
from napari_vessel.workflows._tune_request import Tune

__all__ = ["TuneFile"]


class TuneFile(RunFile, TuneRun, frozen=True, extra="forbid"):
    """Tune the settings of a training: what ``napari-vessel tune`` takes, and more."""

    workflow: ClassVar[str] = "tune"
    asks: ClassVar[type] = Tune
    suffix: ClassVar[str] = ".study"
    goes_on: ClassVar[bool] = True  # it always does
    replaces: ClassVar[bool] = False

    run: Literal["tune"] = Field("tune", description="What is to be done.")
    workers: int = Field(1, ge=1, description="Processes of this machine that do trials.")
    scheduler: str | None = Field(None, description="A cluster: local, local:N or an address.")
    device: str = Field("auto", description="Where: auto, cpu, cuda, cuda:1 or mps.")

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        found = RunFile.located(self, folder)
        return found.model_copy(update=dict(self.config().located(folder)))

    def config(self) -> TuneRun:
        """Return what is tuned."""
        return TuneRun.model_validate({name: getattr(self, name) for name in TuneRun.model_fields})

    def request(self, options: RunOptions) -> Tune:  # noqa: ARG002  a study always goes on
        """Return what is asked of the workflow."""
        return Tune(
            self.config(),
            self.destination(),
            workers=self.workers,
            scheduler=self.scheduler,
            device=self.device,
        )

    @classmethod
    def of(cls, request: Tune) -> Self:
        """Return the file that asks for the same."""
        config: dict[str, Any] = dict(request.config)
        given = {"trials": request.trials, "minutes": request.minutes}
        update = {name: value for name, value in given.items() if value is not None}
        config["study"] = request.config.study.model_copy(update=update)
        kept = ("workers", "scheduler", "device")
        values = {name: getattr(request, name) for name in kept}
        return cls(**config, **values, out=str(request.out))
