"""Polarity found from real volumes and from phantoms, as they are and inverted.

Reads the volumes of NAPARI_VESSEL_DATA, else of ../shared/data; nothing is learned from them.
A finding below a confidence of 0.5 is not relied on. Run as
``python benchmarks/polarity.py [--phantoms 12] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import tifffile

from _tables import show
from napari_vessel.phantoms import make_phantom, random_config
from napari_vessel.volumes import volume_of_array

OTHER = {"dark": "bright", "bright": "dark"}
FRAME = 2  # px: the outermost ring of the patches is touched by a plot's frame


def real_items() -> Iterator[tuple[str, np.ndarray, str]]:
    """Yield name, voxels and true polarity of every real volume that has an image."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("NAPARI_VESSEL_DATA", root.parent / "shared" / "data"))
    for entry in json.loads((folder / "manifest.json").read_text("utf-8")):
        path = folder / entry["name"] / "image.tif"
        if path.exists():
            image = tifffile.imread(path)
            image = image[None] if image.ndim == 2 else image
            if entry["name"].startswith("hipct3d"):
                image = image[:, FRAME:-FRAME, FRAME:-FRAME]
            polarity = "bright" if entry["name"].startswith("twophoton") else "dark"
            yield entry["name"], image, polarity


def phantoms(count: int) -> Iterator[tuple[str, np.ndarray, str]]:
    """Yield as many phantoms, drawn at random, of both polarities."""
    for number in range(count):
        polarity = ("dark", "bright")[number % 2]
        rng = np.random.default_rng(number)
        config = random_config(rng, (16, 192, 192), polarity=polarity)
        yield f"phantom {number}", make_phantom(config).image, polarity


def row(name: str, image: np.ndarray, polarity: str) -> dict[str, Any]:
    """Find the polarity of a volume and of its inverse."""
    volume = volume_of_array(image)
    started = perf_counter()
    found = volume.polarity()
    seconds = perf_counter() - started
    highest, lowest = int(image.max()), int(image.min())
    inverse = volume_of_array((highest + lowest - image.astype(np.int64)).astype(image.dtype))
    turned = inverse.polarity()
    return {
        "volume": name,
        "truth": polarity,
        "found": _verdict(found.polarity, found.confidence, polarity),
        "inverted": _verdict(turned.polarity, turned.confidence, OTHER[polarity]),
        "organ": volume.organ().share,
        "s": seconds,
    }


def _verdict(found: str, confidence: float, truth: str) -> str:
    right = "right" if found == truth else "WRONG"
    return f"{found} {confidence:.2f} {right if confidence >= 0.5 else 'unsure'}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    items = [*real_items(), *phantoms(arguments.phantoms)]
    show([row(*item) for item in items], as_json=arguments.json)


if __name__ == "__main__":
    main()
