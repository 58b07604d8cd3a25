"""How objects are cut out and learned, and which classifiers there are: kept with the project."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

import tomli_w
from pydantic import BaseModel, Field, ValidationError, model_validator

from napari_vessel.datasets import ObjectsData
from napari_vessel.errors import ProjectError
from napari_vessel.geometry import Box, Plane
from napari_vessel.networks import ClassifierConfig
from napari_vessel.session._objects_values import Point
from napari_vessel.training import ClassifierTrainingConfig
from napari_vessel.volumes import Volume, write_atomically

__all__ = ["CropConfig", "KeptClassifier", "ObjectsConfig", "read_config", "write_config"]

_SPARED = 4  # classifiers, besides the one in use


class CropConfig(BaseModel, frozen=True, extra="forbid"):
    """What is cut out around an object."""

    edge: int = Field(64, ge=2, le=4096, description="Edge of the square around an object, voxels.")
    edge_um: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="The same in µm; overrides edge."
    )
    plane: Literal["xy", "xz", "yz"] = Field("xy", description="Plane of the square.")
    slices: int = Field(
        1, ge=1, le=64, description="Slices of the square, around the object: its channels."
    )

    def edges(self, volume: Volume) -> tuple[float, float, float]:
        """Return the edges zyx of what is cut out, in voxels of ``volume``."""
        z, y, x = (
            float(self.edge) if self.edge_um is None else max(self.edge_um / um, 1.0)
            for um in volume.voxel_size.zyx
        )
        edges = [z, y, x]
        edges[Plane(self.plane).normal] = float(self.slices)
        return edges[0], edges[1], edges[2]

    def box(self, volume: Volume, point: Point) -> Box:
        """Return what is cut out around ``point``, in voxels, as ``datasets`` does."""
        edges = self.edges(volume)
        starts = [round(c + 0.5 - e / 2) for c, e in zip(point, edges, strict=True)]
        z, y, x = (a + max(round(e), 1) for a, e in zip(starts, edges, strict=True))
        return Box((starts[0], starts[1], starts[2]), (z, y, x))

    def data(self, volume: Volume, table: Path, *, labelled: bool) -> ObjectsData:
        """Return the data set of the objects in ``table``, cut out of ``volume``."""
        options = volume.options
        return ObjectsData(
            volume=volume.uri,
            table=str(table),
            edge=self.edge,
            edge_um=self.edge_um,
            plane=self.plane,
            slices=self.slices,
            channels=() if options.channel is None else (options.channel,),
            label_column="class" if labelled else None,
            voxel_size=options.voxel_size.zyx if options.voxel_size else None,
            level=options.level,
        )


class KeptClassifier(BaseModel, frozen=True, extra="forbid"):
    """A classifier of the project, what it is fed, and how it did when it was taken.

    ``path`` is relative to the project where it lies in it. ``score`` is its balanced accuracy on
    ``held_out`` objects that it never saw; none where there were none.
    """

    id: str
    path: str
    crop: CropConfig = CropConfig()
    score: float | None = None
    held_out: int = 0
    labelled: int = 0
    parent: str | None = None
    sentence: str = ""
    names: dict[str, str] = Field({}, description="What its classes are called by now.")

    def renamed(self, pairs: Iterable[tuple[str, str]]) -> KeptClassifier:
        """Return it after classes were renamed, from (old, new) names."""
        new = dict(pairs)
        names = {old: new.get(name, name) for old, name in self.names.items()}
        names |= {old: name for old, name in new.items() if old not in self.names.values()}
        return self.model_copy(update={"names": names})

    def original(self, name: str) -> str:
        """Return what the network calls the class that is called ``name`` by now."""
        return next((old for old, new in self.names.items() if new == name), name)

    def called(self, classes: Iterable[str]) -> tuple[str, ...]:
        """Return what ``classes`` of the network are called by now."""
        return tuple(self.names.get(name, name) for name in classes)


class ObjectsConfig(BaseModel, frozen=True, extra="forbid"):
    """Settings of the Objects dock, and the classifiers that were taken."""

    format: Literal[1] = 1
    crop: CropConfig = Field(CropConfig(), description="What is cut out around an object.")
    network: ClassifierConfig = Field(
        ClassifierConfig(backbone="lenet", size=48), description="The network to train."
    )
    training: ClassifierTrainingConfig = Field(
        ClassifierTrainingConfig(), description="How it learns."
    )
    go_on: bool = Field(
        default=False, description="Go on from the classifier in use, instead of a new network."
    )
    step_on: bool = Field(
        default=True, description="After a key, go to the object the classifier is least sure of."
    )
    classifiers: tuple[KeptClassifier, ...] = Field((), description="Those taken, oldest first.")
    in_use: str | None = Field(None, description="The classifier in use.")

    @model_validator(mode="after")
    def _what_is_in_use_is_there(self) -> Self:
        if self.in_use is not None and self.classifier is None:
            raise ValueError(f"in_use={self.in_use!r} is none of the classifiers")
        return self

    @property
    def classifier(self) -> KeptClassifier | None:
        """The classifier in use."""
        return next((one for one in self.classifiers if one.id == self.in_use), None)

    def taking(self, taken: KeptClassifier) -> ObjectsConfig:
        """Return it with a classifier more, in use."""
        values = self.model_dump() | {
            "classifiers": (*(one for one in self.classifiers if one.id != taken.id), taken),
            "in_use": taken.id,
        }
        return ObjectsConfig.model_validate(values)

    def spared(self) -> tuple[ObjectsConfig, tuple[str, ...]]:
        """Return it without the oldest classifiers, and the ids of those.

        The one in use stays, and the last few that can be gone back to.
        """
        others = [one.id for one in self.classifiers if one.id != self.in_use]
        gone = tuple(others[: max(len(others) - _SPARED, 0)])
        kept = tuple(one for one in self.classifiers if one.id not in gone)
        return self.model_copy(update={"classifiers": kept}), gone


def read_config(path: Path) -> ObjectsConfig:
    """Read the settings at ``path``; the defaults where there are none.

    Raises
    ------
    ProjectError
        They are damaged, or of a newer version: the entry is named.
    """
    try:
        return ObjectsConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return ObjectsConfig()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "entries"
        raise ProjectError(
            f"{path}: {place}: {first['msg']}. Mend it, or update napari-vessel."
        ) from error
    except (OSError, ValueError) as error:
        raise ProjectError(f"{path} cannot be read: {error}. Mend it, or move it away.") from error


def write_config(path: Path, config: ObjectsConfig) -> None:
    """Write the settings to ``path``, whole or not at all."""
    values = config.model_dump(mode="json", exclude_none=True)
    write_atomically(path, tomli_w.dumps(values).encode())
