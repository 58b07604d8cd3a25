"""What the starter learns from: phantoms made for it, and the real items that it may see."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from math import prod
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import tifffile
from scipy.ndimage import zoom

from napari_vessel.errors import CallerError
from napari_vessel.geometry import Plane
from napari_vessel.phantoms import make_phantom, random_config
from napari_vessel.tiling import slices_of
from napari_vessel.volumes import IntensityWindow

Shapes = tuple[tuple[int, int, int], ...]
SHAPES: Shapes = ((128, 128, 128), (48, 192, 192), (32, 128, 128))  # cubes, slabs, thin crops
SHARES = (0.5, 0.3, 0.2)
HELD_OUT = 12  # phantoms
LEARNED = "kidney1"  # the only real items a starter may learn from (their README)
SLICES = ("hipct2d_kidney_1_dense_0427",)
FINER = 1.5  # pixels shown for a voxel of HiP-CT: its thin vessels are two voxels wide
LEARNED_UM = round(63.08 / FINER, 2)  # an edge of a pixel of kidney1's patches, as shown
_PROBES = 6  # phantoms that tell how phantoms are made
_PROBE_SHAPES: Shapes = ((16, 32, 32),) * 3
_SAY_S = 5.0
_FLAT = 1.6  # pixels of other proportions are not learned from


@dataclass(frozen=True)
class Sample:
    """One volume: image (uint8, 255 is the window's top; dark lumen) and truth, zyx.

    Where vessels were bright the network is shown the image less 1: its sign says so, as the
    card's normalisation does (but for the end of the window, which is the program's).
    """

    name: str
    image: np.ndarray
    truth: np.ndarray
    planes: tuple[Plane, ...]  # whose pixels are square and whose slices are large enough
    areas: dict[Plane, np.ndarray]  # vessel voxels of each slice
    bright: bool  # before its lumen was made dark


def sample_of(
    name: str, image: np.ndarray, truth: np.ndarray, edges: tuple[float, ...], *, bright: bool
) -> Sample:
    """Make a sample of a windowed image in [0, 1] whose voxels have ``edges``, zyx."""
    planes = tuple(p for p in Plane if _suits(p, image.shape, edges))
    areas = {p: slices_of(truth, p).sum(axis=(1, 2)) for p in planes}
    return Sample(name, np.rint(image * 255).astype(np.uint8), truth, planes, areas, bright)


def _suits(plane: Plane, shape: tuple[int, ...], edges: tuple[float, ...]) -> bool:
    sides = edges[plane.rows], edges[plane.columns]
    square = max(sides) < _FLAT * min(sides)
    return square and min(shape[plane.rows], shape[plane.columns]) >= 32


def shown(image: np.ndarray, *, bright: bool) -> np.ndarray:
    """Window an image, and make its lumen dark."""
    windowed = IntensityWindow.of(image).apply(image)
    # Bright vessels are counted photons: the root makes their noise even (Anscombe 1948), and
    # dim vessels beside saturated ones can be seen.
    return 1 - np.sqrt(windowed) if bright else windowed


def write_phantom(path: Path, seed: int, shapes: Shapes = SHAPES) -> None:
    """Make one phantom and store it windowed, its lumen dark."""
    beside = path.with_suffix(".part.npz")
    np.savez(beside, **_phantom_parts(seed, shapes))
    beside.replace(path)


def _phantom_parts(seed: int, shapes: Shapes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = shapes[int(rng.choice(len(shapes), p=SHARES))]
    phantom = make_phantom(random_config(rng, shape, polarity=None))
    bright = phantom.config.polarity == "bright"
    return {
        "image": np.rint(shown(phantom.image, bright=bright) * 255).astype(np.uint8),
        "truth": np.packbits(phantom.outlined()),
        "edges": np.array(phantom.voxel_size.zyx),
        "bright": np.array(bright),
    }


def phantoms_version(shapes: Shapes = SHAPES) -> str:
    """Return a digest that differs where phantoms are made in another way.

    Of some small ones as they are made today, and of the shapes: code that only moved makes no
    training refuse to go on.
    """
    digest = hashlib.sha256(repr((shapes, SHARES)).encode())
    for seed in range(_PROBES):
        for part in _phantom_parts(seed, _PROBE_SHAPES).values():
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:8]


def phantom_bytes(count: int) -> tuple[int, int]:
    """Return what so many phantoms, and those held out, take on the disk and in memory."""
    voxels = sum(share * prod(shape) for share, shape in zip(SHARES, SHAPES, strict=True))
    voxels *= count + HELD_OUT
    return round(voxels * 9 / 8), round(voxels * 2)  # grey bytes, and truth in bits or bytes


def load_phantoms(folder: Path, count: int, seed: int, shapes: Shapes = SHAPES) -> list[Sample]:
    """Make what is missing, on two cores, saying how it goes, and load all.

    The held-out ones come first. Phantoms that were made in another way are left alone.
    """
    folder = folder / phantoms_version(shapes)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{seed}-{i:05d}.npz" for i in range(count + HELD_OUT)]
    missing = {path: seed * 100_000 + i for i, path in enumerate(paths) if not path.exists()}
    if missing:
        _make(missing, shapes, len(paths))
    return [_load(path) for path in paths]


def _make(missing: dict[Path, int], shapes: Shapes, total: int) -> None:
    """Make phantoms of these seeds, saying at least every few seconds how many are left."""
    started = said = monotonic()
    with ProcessPoolExecutor(2) as pool:
        jobs = [pool.submit(write_phantom, path, seed, shapes) for path, seed in missing.items()]
        try:
            for made, job in enumerate(as_completed(jobs), 1):
                job.result()
                now = monotonic()
                if made == len(jobs) or now - said >= _SAY_S:
                    said = now
                    left = (now - started) / made * (len(jobs) - made)
                    done = total - len(jobs) + made
                    print(f"phantom {done}/{total}  {left / 60:.1f} minutes left", flush=True)
        finally:  # what was not begun is left to the next start
            pool.shutdown(wait=True, cancel_futures=True)


def _load(path: Path) -> Sample:
    with np.load(path) as stored:
        image, edges = stored["image"], tuple(stored["edges"])
        truth = np.unpackbits(stored["truth"], count=image.size).reshape(image.shape)
        bright = bool(stored["bright"])
    return sample_of(path.stem, image / np.float32(255), truth.astype(bool), edges, bright=bright)


def load_real(folder: Path) -> list[Sample]:
    """Load the kidney1 HiP-CT items of the real data (CC BY 4.0), and no others."""
    items = items_of(folder)
    named = [item for item in items if may_learn(item["name"], set(item["files"]))]
    return [load_item(folder / item["name"], item["voxel_um"]) for item in named]


def items_of(folder: Path) -> list[dict[str, Any]]:
    """Return what the real data's list says of each item.

    Raises
    ------
    CallerError
        The folder has no list of items.
    """
    listed = folder / "manifest.json"
    if not listed.is_file():
        raise CallerError(f"{folder} has no manifest.json: name the folder of the real data.")
    items: list[dict[str, Any]] = json.loads(listed.read_text())
    return items


def may_learn(name: str, files: set[str]) -> bool:
    """Tell whether a starter may learn from a real item; all others are for measuring."""
    patch = name.startswith("hipct3d_") and name.endswith(LEARNED)
    return "label" in files and (patch or name in SLICES)


def load_item(place: Path, edges: list[float]) -> Sample:
    """Load one real item as a sample, its lumen dark; HiP-CT is shown finer than it is."""
    image, label = (tifffile.imread(place / f"{what}.tif") for what in ("image", "label"))
    if image.ndim == 2:
        image, label = image[None], label[None]
    elif place.name.startswith("hipct3d"):  # the outermost ring is a plot's frame (their README)
        image, label = image[:, 2:-2, 2:-2], label[:, 2:-2, 2:-2]
    bright = place.name.startswith("twophoton")
    image, truth, edges = shown(image, bright=bright), label > 0, [*edges[:1], *edges][-3:]
    if not bright:
        image, truth, edges = _finer(image, truth, edges)
    return sample_of(place.name, image, truth, tuple(edges), bright=bright)


def _finer(
    image: np.ndarray, truth: np.ndarray, edges: list[float]
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Upscale a windowed image and its truth by ``FINER``, one slice in its plane alone."""
    times = (1.0 if len(image) == 1 else FINER, FINER, FINER)
    image, share = (
        zoom(part.astype(np.float32), times, order=1, grid_mode=True, mode="nearest")
        for part in (image, truth)
    )
    return np.clip(image, 0, 1), share > 0.5, [edge / FINER for edge in edges]
