"""What a file that ``run`` takes is made of. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, Field

from napari_vessel.errors import CallerError
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._run_places import place_of

__all__ = ["Options", "RunFile", "RunOptions"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What is no part of a configuration: it changes no result."""

    overwrite: bool = False
    resume: bool = False


def _edges_as_fields(values: Any) -> Any:  # noqa: ANN401  as it was given
    """Take the voxel size as one number or three, z, y, x in µm."""
    if isinstance(values, dict) and isinstance(values.get("voxel_size"), int | float | list):
        given = values["voxel_size"]
        edges = given if isinstance(given, list) else [given] * 3
        if len(edges) == 3:
            named = dict(zip(("z_um", "y_um", "x_um"), edges, strict=True))
            return values | {"voxel_size": named}
    return values


Options = Annotated[VolumeOptions, BeforeValidator(_edges_as_fields)]
"""How a volume is opened; its voxel size may be one number or three, in µm."""


class RunFile(BaseModel, frozen=True, extra="forbid"):
    """What a workflow is asked, and where its result goes.

    A subclass is one kind: its field ``run`` names it. To register one, add a line to
    ``_run_kinds.py``.
    """

    workflow: ClassVar[str]  # its name in WORKFLOWS
    asks: ClassVar[type]  # the request that it makes
    suffix: ClassVar[str] = ""  # of ``out``, where the file does not say
    goes_on: ClassVar[bool] = False  # whether --resume means anything; else it is refused
    replaces: ClassVar[bool] = True  # whether --overwrite does
    keeps_config: ClassVar[bool] = False  # whether the result holds its configuration itself
    writes_result: ClassVar[bool] = False  # whether the result is numbers, to be written to out
    paths: ClassVar[tuple[str, ...]] = ("out",)  # fields that are paths

    run: str = Field(description="What is to be done.")
    out: str | None = Field(
        None, description="Where the result goes; default: this file's name with another ending."
    )
    code: str | None = Field(None, description="The version that wrote this file: a note.")

    def located(self, folder: Path) -> Self:
        """Return it with paths that are relative to ``folder`` made absolute."""
        values = ((name, getattr(self, name)) for name in self.paths)
        places = {name: place_of(value, folder) for name, value in values if value}
        return self.model_copy(update=places)

    def on(self, device: str) -> Self:
        """Return it with another device.

        Raises
        ------
        CallerError
            Nothing is computed on one.
        """
        if "device" not in type(self).model_fields:
            raise CallerError(f"run {self.run} needs no device: leave out --device.")
        return self.model_copy(update={"device": device})

    def request(self, options: RunOptions) -> Any:  # noqa: ANN401  each kind has its own
        """Return what is asked of the workflow; paths are located."""
        raise NotImplementedError

    @classmethod
    def fits(cls, request: object) -> bool:
        """Tell whether this kind makes such a request."""
        return isinstance(request, cls.asks)

    @classmethod
    def of(cls, request: Any) -> Self:  # noqa: ANN401  what ``request`` makes
        """Return the file that asks for the same."""
        raise NotImplementedError

    def destination(self) -> Path:
        """Return where the result goes.

        Raises
        ------
        CallerError
            The file does not say, and was not told.
        """
        if self.out is None:
            raise CallerError("out: missing; expected where the result goes.")
        return Path(self.out)
