"""What the ladder climbs on: real volumes of known truth, and how a mask of one is scored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from _real_data import FRAME, data_folder
from napari_vessel.errors import CallerError, LabelsError, VolumeNotFoundError
from napari_vessel.geometry import VoxelSize
from napari_vessel.metrics import scores
from napari_vessel.volumes import IntensityWindow
from napari_vessel.volumes._tiff_size import tiff_voxel_size

Polarity = Literal["dark", "bright"]
Mask = NDArray[np.bool_]
Image = NDArray[np.float32]

ITEMS = (
    "hipct3d_01_kidney1",
    "hipct3d_02_kidney1",
    "hipct3d_04_kidney1",
    "hipct3d_05_kidney1",
    "hipct3d_17_kidney3",
    "hipct2d_kidney_3_sparse_0362",
    "twophoton_burgess2014_lowerRes_hiSNR",
    "twophoton_burgess2014_tgMouse",
    "twophoton_poon2015_BBB_noLeakage",
    "twophoton_santos2015_lowContrastVessels",
)
SCORES = ("dice", "surface_dice", "cldice")
GROUPS = {"hipct": "HiP-CT", "twophoton": "two-photon"}  # by how a name begins
OTHER = "other"
_FRAMED = "hipct3d"  # items whose outermost ring a plot's frame touched
_GOLDEN = 0.6180339887
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Told:
    """What a person says of the folders that are named by their paths; it overrides their files."""

    voxel_size: VoxelSize | None = None
    polarity: Polarity | None = None


UNTOLD = Told()


@dataclass(frozen=True)
class Place:
    """Where a volume lies and what is known of it before it is read."""

    name: str
    folder: Path
    voxel_size: VoxelSize
    polarity: Polarity
    flat: bool  # a single slice: nothing can be learned from one and scored on another

    def as_kept(self) -> dict[str, Any]:
        """Return what a line of the results file says of it."""
        return {"voxel_um": list(self.voxel_size.zyx), "polarity": self.polarity}


@dataclass(frozen=True, eq=False)
class Item:
    """A volume with its truth, both (z, y, x); a single slice has one z."""

    name: str
    voxels: NDArray[Any]
    truth: Mask
    voxel_size: VoxelSize
    polarity: Polarity

    @property
    def flat(self) -> bool:
        """Whether it is one slice: nothing can be learned from one and scored on another."""
        return len(self.truth) == 1

    @property
    def group(self) -> str:
        """What it is an image of, for the means."""
        return next((g for start, g in GROUPS.items() if self.name.startswith(start)), OTHER)

    def image(self) -> Image:
        """Return the voxels windowed to [0, 1], vessels bright: what a filter is given."""
        windowed = IntensityWindow.of(self.voxels).apply(self.voxels)
        return 1 - windowed if self.polarity == "dark" else windowed


def find(name: str, told: Told = UNTOLD) -> Place:
    """Find an item by its name, or any folder with image.tif and label.tif by its path.

    What ``told`` says of a folder counts before ``manifest.json`` beside it, and that before
    what its image says itself. Items of the data's folder are as their manifest says.

    Raises
    ------
    VolumeNotFoundError
        No such item or folder, or a file of it is missing.
    LabelsError
        Image and labels are of different shapes.
    CallerError
        Its voxel size or polarity is nowhere said.
    """
    named = Path(name).is_dir()
    folder = Path(name) if named else data_folder() / name
    for part in ("image.tif", "label.tif"):
        if not (folder / part).is_file():
            raise VolumeNotFoundError(
                f"{folder / part} is missing: name an item of {data_folder()}, or a folder with "
                "image.tif and label.tif."
            )
    (shape, stored), (labelled, _) = (_header(folder / f"{p}.tif") for p in ("image", "label"))
    if shape != labelled or len(shape) not in {2, 3}:
        raise LabelsError(
            f"{folder}: image {shape} and label {labelled}: expected one shape, (z, y, x) or "
            "(y, x)."
        )
    entry, told = _entry(folder), told if named else UNTOLD
    size = told.voxel_size or _size_of(entry) or stored
    polarity = told.polarity or _polarity_of(entry)
    if size is None:
        raise CallerError(
            f"{folder}: its voxel size is nowhere said. Say --voxel-size Z,Y,X in µm, or "
            f"voxel_um in {folder.parent / _MANIFEST}."
        )
    if polarity is None:
        raise CallerError(
            f"{folder}: it is nowhere said whether its vessels are dark or bright. Say --vessels "
            f"dark or bright, or vessels in {folder.parent / _MANIFEST}."
        )
    return Place(folder.name, folder, size, polarity, len(shape) == 2 or shape[0] == 1)


def load(name: str, told: Told = UNTOLD) -> Item:
    """Read an item by its name, or a folder by its path; see :func:`find`."""
    place = find(name, told)
    inner = slice(FRAME, -FRAME) if place.name.startswith(_FRAMED) else slice(None)
    voxels, label = (_stack(place.folder / f"{part}.tif") for part in ("image", "label"))
    return Item(
        name=place.name,
        voxels=np.ascontiguousarray(voxels[:, inner, inner]),
        truth=np.ascontiguousarray(label[:, inner, inner] != 0),
        voxel_size=place.voxel_size,
        polarity=place.polarity,
    )


def chosen_slices(truth: Mask, count: int, seed: int) -> tuple[int, ...]:
    """Choose slices to label, evenly spaced among those that hold vessel; the seed shifts them.

    >>> chosen_slices(np.ones((12, 1, 1), bool), 3, 0)
    (2, 6, 10)
    """
    holding = np.flatnonzero(truth.any(axis=(1, 2)))
    if count >= len(holding):
        raise ValueError(f"{count} slices of {len(holding)} that hold vessel leave none to score")
    shift = (0.5 + seed * _GOLDEN) % 1
    return tuple(int(holding[int((i + shift) * len(holding) / count)]) for i in range(count))


def scored(mask: Mask, item: Item, slices: tuple[int, ...] = ()) -> dict[str, float]:
    """Score a mask where nobody labelled: the ``slices`` are blank in both."""
    mask, truth = mask.copy(), item.truth.copy()
    mask[list(slices)] = truth[list(slices)] = False
    found = scores(mask, truth, voxel_size=item.voxel_size).as_dict()
    return {name: found[name] for name in SCORES}


def _stack(path: Path) -> NDArray[Any]:
    voxels = tifffile.imread(path)
    return voxels[None] if voxels.ndim == 2 else voxels


def _header(path: Path) -> tuple[tuple[int, ...], VoxelSize | None]:
    with tifffile.TiffFile(path) as tiff:
        return tuple(tiff.series[0].shape), tiff_voxel_size(tiff)


def _entry(folder: Path) -> dict[str, Any]:
    manifest = folder.parent / _MANIFEST
    entries = json.loads(manifest.read_text("utf-8")) if manifest.exists() else []
    return next((entry for entry in entries if entry["name"] == folder.name), {})


def _size_of(entry: dict[str, Any]) -> VoxelSize | None:
    edges = entry.get("voxel_um")
    if not edges:
        return None
    return VoxelSize(*(edges if len(edges) == 3 else (edges[0], *edges)))


def _polarity_of(entry: dict[str, Any]) -> Polarity | None:
    words: tuple[Polarity, ...] = ("dark", "bright")
    told = entry.get("vessels", "")
    return next((word for word in words if told.startswith(word)), None)
