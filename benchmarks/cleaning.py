"""Small pieces and the threshold: what cleaning takes, and what one step of the slider takes.

Cleaning: seconds for 100 million voxels, all thresholds at once, whole and in the workflow's
blocks with their halo; beside scikit-image's area_opening (the same result, on a small cut since
it is slow) and ndimage.label (one threshold only). A step: what the GUI thread does to show a
slice at another threshold, without drawing it, in each plane.

    python benchmarks/cleaning.py [--edge 256] [--least 100] [--probability STORE …] [--json]

A STORE is what ``napari-vessel predict … --probability`` keeps; without, blurred noise stands
for a proposal, which is the worst: every tenth voxel of it belongs to a piece that is too small.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, label
from skimage.morphology import area_opening

from _tables import show
from napari_vessel.annotation import Corrections, EditableLabels
from napari_vessel.geometry import Box
from napari_vessel.morphology import area_opened, opened_block
from napari_vessel.session._proposal_view import ProposalView
from napari_vessel.volumes import open_store

_CUT = (32, 64, 64)  # what scikit-image is given
_BLOCK = (128, 256, 256)  # the workflow's
_REGIONS = ((256, 256, 256), (645, 645, 645))  # usual, and the largest that opens whole


def phantom(edge: int) -> np.ndarray:
    """Blurred noise, a third of it above 0."""
    found = gaussian_filter(
        np.random.default_rng(0).normal(size=(edge, edge, edge)).astype(np.float32), 2.5
    )
    return np.clip((found / found.std() - 0.5) * 200, 0, 255).astype(np.uint8)


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    started = perf_counter()
    work()
    return perf_counter() - started


def blockwise(probability: np.ndarray, least: int) -> None:
    """Open block after block, as the workflow does."""
    bounds = Box.of(probability.shape)
    for block in bounds.cells(_BLOCK):
        opened_block(lambda box: probability[box.slices], block, bounds, least)


def cleaning(name: str, probability: np.ndarray, least: int) -> dict[str, Any]:
    """Return a row: seconds for 100 million voxels of ``probability``."""
    starts = [max(0, (n - c) // 2) for n, c in zip(probability.shape, _CUT, strict=True)]
    cut = probability[tuple(slice(a, a + c) for a, c in zip(starts, _CUT, strict=True))]
    mask, all_, small = probability >= 128, 1e8 / probability.size, 1e8 / cut.size
    ours = all_ * seconds(lambda: area_opened(probability, least))
    one = all_ * seconds(lambda: label(mask, np.ones((3, 3, 3))))
    peer = small * seconds(lambda: area_opening(cut, least, connectivity=3))
    same = small * seconds(lambda: area_opened(cut, least))
    return {
        "probability": f"{name}, {' × '.join(map(str, probability.shape))}",
        "above 0": f"{(probability > 0).mean():.0%}",
        "whole, s": ours,
        "in blocks, s": all_ * seconds(lambda: blockwise(probability, least)),
        "label, one threshold, s": one,
        "times label": ours / one,
        "skimage ÷ ours": peer / same,
    }


def steps(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each region: ms to read a shown slice at another threshold."""
    for shape in _REGIONS:
        region = Box.of(shape)
        corrections = Corrections.open(folder / str(shape[0]), shape)
        view = ProposalView(region, np.full(shape, 100, np.uint8), 0.5)
        labels = EditableLabels(corrections, region, view.mask)
        row: dict[str, Any] = {"region": " × ".join(map(str, shape))}
        middle = shape[0] // 2
        for plane, key in (("XY", 0), ("XZ", 1), ("YZ", 2)):
            index = tuple(middle if axis == key else slice(None) for axis in range(3))
            times = []
            for percent in range(30, 70):
                view.threshold = percent / 100
                times.append(seconds(partial(labels.__getitem__, index)))
            row[f"{plane}, ms"] = 1000 * float(np.median(times))
            row[f"{plane}, worst"] = 1000 * max(times)
        corrections.close()
        yield row


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edge", type=int, default=256)
    parser.add_argument("--least", type=int, default=100)
    parser.add_argument("--probability", nargs="*", type=Path, default=[])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [cleaning("blurred noise", phantom(asked.edge), asked.least)]
    for path in asked.probability:
        store = open_store(path)
        found = store.read("probability", Box.of(store.shape))
        rows.append(cleaning(path.name.split(".")[0], found, asked.least))
    show(rows, as_json=asked.json)
    with tempfile.TemporaryDirectory() as folder:
        show(list(steps(Path(folder))), as_json=asked.json)


if __name__ == "__main__":
    main()
