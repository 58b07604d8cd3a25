"""What correcting takes: hand movements until Dice 0.95, plain brush against the quick tools.

A simulated person of perfect sight corrects proposals of another network (``pred_ep010`` and
``pred_ep100`` of the HiP-CT patches) and always makes the movement that mends most voxels per
movement. The plain brush paints and erases discs of five sizes in XY slices; a movement is a
path of such discs that touch, the best start and the best next one each time. With the quick
tools the same person may also: grow, reject, smooth, fill, give a box or a piece a threshold of
its own, use the vessel brush, paint two slices and fill those between. A press of the mouse is
a movement, as is a key that acts: a threshold counts two, slices filled between three.

Seconds are assumed, not measured: a stroke 1.5 s and 0.05 s a disc, a click 1.2 s, a box or a
slider 2 s, another slice 0.6 s, another tool or size 1 s.

    python benchmarks/correcting.py [--data ../shared/data] [--dice 0.95] [--json]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from _correcting_person import Person
from _tables import show

_ITEMS = ("01_kidney1", "02_kidney1", "04_kidney1", "05_kidney1", "17_kidney3")
_STAGES = ("pred_ep010", "pred_ep100")
_FRAME = (slice(None), slice(2, -2), slice(2, -2))  # a plot's frame touches the outermost ring
_THRESHOLD = 128


def patches(data: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield name, image (0 to 1), truth and probability (uint8)."""
    for item in _ITEMS:
        folder = data / f"hipct3d_{item}"
        image = tifffile.imread(folder / "image.tif")[_FRAME].astype(np.float32)
        low, high = np.percentile(image, (1, 99))
        truth = tifffile.imread(folder / "label.tif")[_FRAME] > 0
        for stage in _STAGES:
            probability = tifffile.imread(folder / f"{stage}.tif")[_FRAME]
            yield f"{item} {stage}", np.clip((image - low) / (high - low), 0, 1), truth, probability


def corrected(
    image: np.ndarray, truth: np.ndarray, probability: np.ndarray, wanted: float, *, quick: bool
) -> Person:
    """Let a person work until the Dice that is wanted."""
    person = Person(image, truth, probability, probability >= _THRESHOLD, quick=quick)
    while person.dice < wanted and person.act():
        pass
    return person


def rows(data: Path, wanted: float) -> Iterator[dict[str, Any]]:
    """Yield a row for each proposal, and their sum."""
    total = np.zeros(4)
    for name, image, truth, probability in patches(data):
        plain = corrected(image, truth, probability, wanted, quick=False)
        quick = corrected(image, truth, probability, wanted, quick=True)
        counts = np.array([plain.movements, quick.movements, plain.seconds, quick.seconds])
        total += counts
        start = Person(image, truth, probability, probability >= _THRESHOLD, quick=False).dice
        yield _row(name, counts, start, min(plain.dice, quick.dice), quick.used)
    yield _row("all", total, float("nan"), float("nan"), {})


def _row(
    name: str, counts: np.ndarray, before: float, after: float, used: dict[str, int]
) -> dict[str, Any]:
    return {
        "proposal": name,
        "Dice before": before,
        "after": after,
        "movements, plain": int(counts[0]),
        "quick": int(counts[1]),
        "ratio": float(counts[1] / max(counts[0], 1)),
        "s, plain": int(counts[2]),
        "s, quick": int(counts[3]),
        "tools": ", ".join(f"{tool} {count}" for tool, count in sorted(used.items())),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--dice", type=float, default=0.95)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    show(list(rows(asked.data, asked.dice)), as_json=asked.json)


if __name__ == "__main__":
    main()
