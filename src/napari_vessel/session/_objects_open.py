"""Open the objects of a volume: the slow part, on a worker's thread."""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import platformdirs

from napari_vessel.errors import ProjectError
from napari_vessel.geometry import Box
from napari_vessel.project import Project, find_project
from napari_vessel.session._made_project import made_project
from napari_vessel.session._objects_book import Prediction
from napari_vessel.session._objects_config import ObjectsConfig, read_config
from napari_vessel.session._objects_log import Row, read_rows
from napari_vessel.session._opening import REGION_VOXELS, box_around
from napari_vessel.volumes import (
    IntensityWindow,
    Volume,
    VolumeOptions,
    open_volume,
    write_atomically,
)

__all__ = ["ObjectsOpened", "ObjectsPlaces", "keep_prediction", "open_objects_of", "person"]

_PREDICTION_FORMAT = 1


class ObjectsPlaces:
    """Where everything about the objects of a volume lies; the project is made when first asked.

    Parameters
    ----------
    place
        The project's folder, existing or not.
    volume
        The volume that the objects are in.
    """

    def __init__(self, place: Path, volume: Volume) -> None:
        self.place = place
        self._volume = volume
        self._lock = Lock()
        mark = sha256(str(place.absolute()).encode(errors="surrogateescape")).hexdigest()[:12]
        data = Path(platformdirs.user_data_dir("napari-vessel"))
        self.aside = data / "objects" / f"{place.stem[:60]}-{mark}"

    @property
    def objects(self) -> Path:
        """The folder of what was done, the settings and what was predicted."""
        return self.place / "objects"

    @property
    def classifiers(self) -> Path:
        """The folder of the classifiers."""
        return self.place / "classifiers"

    @property
    def config(self) -> Path:
        """The file of the settings."""
        return self.objects / "objects.toml"

    @property
    def prediction(self) -> Path:
        """The file of what was predicted last."""
        return self.objects / "predicted.json"

    @property
    def split(self) -> Path:
        """Which labelled object is learned from, and which only judges: an object never moves."""
        return self.objects / "split.csv"

    @property
    def project(self) -> Project | None:
        """The project, if there is one."""
        project = Project(self.place)
        return project if project.toml.is_file() else None

    def made(self) -> Path:
        """Return the folder of the objects, making the project if need be; from any thread.

        Raises
        ------
        OutputExistsError, WriteError
            It cannot be made.
        """
        with self._lock:
            if self.project is None:
                made_project(self.place, self._volume, _region(self._volume))
            self.objects.mkdir(exist_ok=True)
            return self.objects


def _region(volume: Volume) -> Box:
    """Choose what a project of ``volume`` opens with where nobody has said."""
    whole = Box.of(volume.shape)
    if whole.size <= REGION_VOXELS:
        return whole
    return box_around(tuple(edge // 2 for edge in volume.shape), whole)


@dataclass(frozen=True, slots=True, eq=False)
class ObjectsOpened:
    """All that opening the objects of a volume brought, ready to be shown.

    ``pyramid`` and ``window`` show the volume where no layer does yet.
    """

    volume: Volume
    places: ObjectsPlaces
    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    config: ObjectsConfig
    prediction: Prediction | None
    pyramid: list[Any]
    window: IntensityWindow


def open_objects_of(where: str, options: VolumeOptions | None = None) -> ObjectsOpened:
    """Open a volume, or a project by its folder, with what was done to its objects.

    Raises
    ------
    VesselError
        The volume or its project cannot be opened, or the settings are damaged.
    """
    project = Project.open(where) if (Path(where) / "project.toml").is_file() else None
    if project:
        volume, place = project.open_volume(), project.path
    else:
        volume = open_volume(where, options or VolumeOptions())
        place, _ = find_project(volume)
    places = ObjectsPlaces(place, volume)
    rows, problems = read_rows([places.objects, places.aside])
    prediction, problem = _read_prediction(places.prediction)
    return ObjectsOpened(
        volume=volume,
        places=places,
        rows=tuple(rows),
        problems=(*problems, *filter(None, [problem])),
        config=read_config(places.config),
        prediction=prediction,
        pyramid=volume.pyramid(),
        window=volume.window(),
    )


def person() -> str:
    """Name who labels, as the system does."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return "somebody"


# -- what was predicted: derived, and kept so that it need not be predicted again ------------------


def keep_prediction(path: Path, prediction: Prediction) -> None:
    """Keep what was predicted, whole or not at all."""
    values = {
        "format": _PREDICTION_FORMAT,
        "classifier": prediction.classifier,
        "classes": list(prediction.classes),
        "ids": list(prediction.ids),
        "probabilities": np.round(prediction.probabilities.astype(float), 5).tolist(),
    }
    write_atomically(path, json.dumps(values, separators=(",", ":")).encode())


def _read_prediction(path: Path) -> tuple[Prediction | None, str]:
    """Read what was predicted last; what cannot be read is only to be predicted again."""
    try:
        return _prediction(json.loads(path.read_text("utf-8"))), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError, LookupError, TypeError, ProjectError) as error:
        return None, f"What was predicted cannot be read ({error}): press Classify again."


def _prediction(values: dict[str, Any]) -> Prediction:
    classes, ids = tuple(map(str, values["classes"])), tuple(map(str, values["ids"]))
    found = np.array(values["probabilities"], np.float32).reshape(-1, len(classes))
    if len(found) != len(ids):
        raise ProjectError(f"{len(ids)} objects, but {len(found)} rows")
    return Prediction(str(values["classifier"]), classes, ids, found)
