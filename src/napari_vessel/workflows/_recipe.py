"""The recipe of a prediction: all that is needed to make the same mask again."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import napari_vessel
from napari_vessel.errors import OutputExistsError, ProjectError
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import Checkpoint
from napari_vessel.volumes import IntensityWindow, Volume, write_atomically

_LIBRARIES = ("torch", "segmentation-models-pytorch", "timm", "numpy", "zarr")


def recipe_of(
    volume: Volume,
    region: Box,
    checkpoint: Checkpoint,
    config: InferenceConfig,
    window: IntensityWindow,
) -> dict[str, Any]:
    """Describe a prediction as JSON-able values."""
    return {
        "checkpoint": checkpoint.id,
        "checkpoint_sha256": checkpoint.card.sha256,
        "volume": Path(volume.uri).name,
        "fingerprint": volume.fingerprint,
        "level": volume.options.level,
        "channel": volume.options.channel,
        "polarity": volume.options.polarity,
        "voxel_size_um": list(volume.voxel_size.zyx),
        "shape": list(volume.shape),
        "region": str(region),
        "window": window.model_dump(mode="json"),
        "inference": config.model_dump(mode="json"),
        "code": napari_vessel.__version__,
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def keep_recipe(job: Path, recipe: dict[str, Any], *, restart: bool = False) -> None:
    """Write ``job/job.json`` once; a job that stands must be of the same recipe.

    Raises
    ------
    OutputExistsError
        An unfinished job of another recipe stands there.
    """
    path = job / "job.json"
    if path.exists() and not restart:
        _require_same(_read(path), recipe, job)
        return
    job.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(recipe, indent=2).encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ProjectError(
            f"{path} is damaged ({error}); use --overwrite to start anew."
        ) from error
    if not isinstance(found, dict):
        raise ProjectError(f"{path} is no recipe; use --overwrite to start anew.")
    return found


def _require_same(found: dict[str, Any], wanted: dict[str, Any], job: Path) -> None:
    differing = sorted(key for key in wanted if found.get(key) != wanted[key])
    if differing:
        raise OutputExistsError(
            f"{job} holds an unfinished prediction of another recipe (it differs in "
            f"{', '.join(differing)}). Ask as before to go on with it, or use --overwrite."
        )
