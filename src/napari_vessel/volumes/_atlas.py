"""The Human Organ Atlas: what data sets there are, searched without a connection.

The list comes with the program, made of the metadata of hoa-tools by
``scripts/make_atlas.py``. A newer one is read from a folder of hoa-tools' JSON files, as its
package holds them. See https://human-organ-atlas.esrf.eu.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import Any

from napari_vessel.errors import ReadError
from napari_vessel.geometry import VoxelSize, Zyx
from napari_vessel.volumes._options import VolumeOptions

__all__ = ["AtlasLevel", "AtlasVolume", "load_atlas", "search_atlas"]

_BUNDLED = "atlas.json"
_ITEMSIZE = 2  # all of them are uint16
_SMALLEST = 128  # voxels: below that no level is made


@dataclass(frozen=True, slots=True)
class AtlasLevel:
    """One resolution of a data set; its stored size may be a voxel more or less."""

    number: int
    shape: Zyx
    voxel_size_um: float

    @property
    def nbytes(self) -> int:
        """Bytes before compression."""
        return prod(self.shape) * _ITEMSIZE


@dataclass(frozen=True, slots=True)
class AtlasVolume:
    """One data set.

    Attributes
    ----------
    part
        What of the organ: ``complete-organ``, or a region (VOI, ROI) of it.
    shape
        Voxels of the finest level, zyx.
    address
        As :func:`open_volume` takes it.
    doi
        Cite it, and find its licence there.
    """

    name: str
    donor: str
    organ: str
    context: str
    part: str
    shape: Zyx
    voxel_size_um: float
    address: str
    doi: str = ""
    beamline: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is of the whole organ, not a zoom into it."""
        return self.part.startswith(("complete", "overview"))

    @property
    def levels(self) -> list[AtlasLevel]:
        """The resolutions that are stored, as far as the list tells: halved each time."""
        found: list[AtlasLevel] = []
        shape, size = self.shape, self.voxel_size_um
        while not found or max(shape) >= _SMALLEST:
            found.append(AtlasLevel(len(found), shape, size))
            z, y, x = (max(1, -(-edge // 2)) for edge in shape)
            shape, size = (z, y, x), size * 2
        return found

    def level_fitting(self, pixels: int) -> int:
        """Return the finest level whose slices are at most ``pixels`` wide and high."""
        fitting = [level.number for level in self.levels if max(level.shape[1:]) <= pixels]
        return fitting[0] if fitting else self.levels[-1].number

    def options(self, level: int) -> VolumeOptions:
        """Return how to open it at ``level``: its voxel size is not always in the file."""
        edge = self.voxel_size_um
        return VolumeOptions(level=level, voxel_size=VoxelSize(edge, edge, edge))


def load_atlas(where: Path | None = None) -> list[AtlasVolume]:
    """Return all data sets, by name.

    Parameters
    ----------
    where
        A folder of hoa-tools' metadata, one JSON file a data set, or one such file; none: the
        list that comes with the program.

    Raises
    ------
    ReadError
        If it is no such list.
    """
    if where is None:
        told = json.loads((files("napari_vessel.volumes") / _BUNDLED).read_text("utf-8"))
        return [_of_row(dict(zip(told["keys"], row, strict=True))) for row in told["datasets"]]
    paths = sorted(where.rglob("*.json")) if where.is_dir() else [where]
    found = [_of_file(path) for path in paths]
    if not found:
        message = f"{where} holds no .json files; expected the metadata folder of hoa-tools."
        raise ReadError(message)
    return sorted(found, key=lambda volume: volume.name)


def search_atlas(
    volumes: Iterable[AtlasVolume],
    words: str = "",
    *,
    organ: str | None = None,
    voxel_um: tuple[float, float] | None = None,
    whole: bool = False,
) -> list[AtlasVolume]:
    """Return the data sets of which every word is a part, finest voxels last.

    Parameters
    ----------
    words
        Parts of donor, organ, place or name, in any order; case does not matter.
    organ
        Exactly this one.
    voxel_um
        Least and largest voxel edge, in µm.
    whole
        Only whole organs.
    """
    wanted = words.lower().split()
    found = [
        volume
        for volume in volumes
        if all(word in _text(volume) for word in wanted)
        and (organ is None or volume.organ == organ)
        and (voxel_um is None or voxel_um[0] <= volume.voxel_size_um <= voxel_um[1])
        and (volume.whole or not whole)
    ]
    return sorted(found, key=lambda v: (v.organ, v.donor, v.context, -v.voxel_size_um, v.name))


def _text(volume: AtlasVolume) -> str:
    parts: Sequence[str] = (
        volume.name, volume.donor, volume.organ, volume.context, volume.part, volume.beamline,
    )  # fmt: skip
    return " ".join(parts).lower()


def _of_row(row: dict[str, Any]) -> AtlasVolume:
    x, y, z = (int(edge) for edge in row["shape_xyz"])
    return AtlasVolume(
        row["name"], row["donor"], row["organ"], row["context"], row["voi"], (z, y, x),
        float(row["voxel_size_um"]), row["url"], row["doi"], row["beamline"],
    )  # fmt: skip


def _of_file(path: Path) -> AtlasVolume:
    """Read one file of hoa-tools (metadata version 1.1)."""
    try:
        found = json.loads(path.read_bytes())
        sample, data = found["sample"], found["data"]
        return _of_row(
            {
                "name": str(found["name"]),
                "donor": str(found["donor"]["id"]),
                "organ": str(sample["organ"]),
                "context": str(sample.get("organ_context") or ""),
                "voi": str(found["voi"]),
                "shape_xyz": data["shape"],
                "voxel_size_um": data["voxel_size_um"],
                "url": str(data["gcs_url"]),
                "doi": str((found.get("citation") or {}).get("doi") or ""),
                "beamline": str((found.get("scan") or {}).get("beamline") or ""),
            }
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{path} is no metadata of hoa-tools: {error!s:.200}"
        raise ReadError(message) from error
