"""The data set that a person means by a folder, a table or a file. Imports no torch."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from napari_vessel.datasets import CsvData, DataConfig, FoldersData, PictureConfig
from napari_vessel.errors import VolumeNotFoundError
from napari_vessel.workflows._classify_config import located_data
from napari_vessel.workflows._run_places import read_values
from napari_vessel.workflows._run_read import validated

__all__ = ["data_of"]

_CONFIGS = (".toml", ".json")


class _DataFile(BaseModel, frozen=True, extra="forbid"):
    data: DataConfig = Field(description="the data set")


def data_of(place: Path, like: Mapping[str, Any]) -> DataConfig:
    """Return the data set at ``place``.

    Parameters
    ----------
    place
        A folder of images, or of a folder for each class; a table of file names; or a file that
        describes a data set, as the part ``data`` of the one that a classifier was trained with.
    like
        The data that the classifier was trained on, as its card has it: a folder's or a table's
        images are taken as those were.

    Raises
    ------
    VolumeNotFoundError
        There is nothing.
    CallerError
        The file describes none.
    """
    if not place.exists():
        raise VolumeNotFoundError(
            f"{place}: there is nothing. Expected a folder of images, a .csv of their names, or a "
            ".toml or .json that describes the data."
        )
    if place.suffix.lower() in _CONFIGS:
        values = read_values(place)
        found = validated(_DataFile, {"data": values.get("data", values)}, place)
        return located_data(found.data, place.absolute().parent)
    pictures = {name: like[name] for name in PictureConfig.model_fields if name in like}
    absolute = str(place.absolute())
    if place.is_dir():
        return FoldersData(path=absolute, **pictures)
    return CsvData.model_validate({**pictures, **_columns(place, like), "path": absolute})


def _columns(table: Path, like: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that the table has, of those the classifier was trained with."""
    usual = CsvData(path=str(table))
    wanted = {
        name: like.get(name, getattr(usual, name))
        for name in ("name_column", "label_column", "group_column", "channel_columns")
    }
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    for name in ("label_column", "group_column"):
        if wanted[name] not in header:
            wanted[name] = None
    return wanted
