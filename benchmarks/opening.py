"""Opening a project with 100,000 strokes: replaying its journal against its cache.

Run as ``python benchmarks/opening.py [--strokes N] [--folder DIR] [--json]``. The strokes are
brush strokes of three stamps of a disc of 12 voxels, in one place after the other of a volume of
2000 × 2000 × 2000 voxels (8 GB), of which only touched chunks exist. Times in seconds; memory is
what the process's peak grew by, in MiB.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from _tables import show
from napari_vessel.annotation import Corrections
from napari_vessel.geometry import Box, Plane

SHAPE = (2000, 2000, 2000)
KINDS = ("replay", "first, makes the cache", "cached")
CLUSTERS = 300  # a person works in one place, then in the next
EDGE = 25


def paint(folder: Path, count: int) -> None:
    """Make the journal of ``count`` strokes."""
    rng = np.random.default_rng(0)
    centres = rng.integers(100, 1900, (CLUSTERS, 3))
    rows, columns = np.ogrid[:EDGE, :EDGE]
    disc = ((rows - EDGE // 2) ** 2 + (columns - EDGE // 2) ** 2 <= 12**2)[None]
    corrections = Corrections.open(folder / "journal", SHAPE)
    for number in range(count):
        z, y, x = (int(n) for n in centres[number * CLUSTERS // count] + rng.integers(-60, 60, 3))
        with corrections.stroke("paint", Plane.XY):
            for step in range(3):
                box = Box((z, y, x + 6 * step), (z + 1, y + EDGE, x + 6 * step + EDGE))
                corrections.paint(box, disc, int(rng.random() < 0.7))
        if number % 2000 == 0:
            corrections.flush(60)
    corrections.close(600)


def opened(folder: Path, cached: bool) -> dict[str, Any]:
    """Open in this process; seconds, peak memory and what was found."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = perf_counter()
    options = {"cache": folder / "cache"} if cached else {}
    corrections = Corrections.open(folder / "journal", SHAPE, **options)
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    corrections.close(600)
    return {
        "seconds": seconds,
        "peak MiB": (peak - before) / 1024,
        "strokes": sum(corrections.position.values()),
        "reviewed": corrections.overlay.reviewed,
    }


def measured(folder: Path, how: str) -> dict[str, Any]:
    """Open in a fresh process, so that memory is that of one opening."""
    command = [sys.executable, __file__, "--open", how, "--folder", str(folder)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return {"what": how, **eval(result.stdout)}


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--open", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.open:
        print(opened(options.folder, cached=options.open != "replay"))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not (folder / "journal").exists():
            paint(folder, options.strokes)
        size = sum(p.stat().st_size for p in (folder / "journal").iterdir()) / 2**20
        found = [measured(folder, how) for how in KINDS]
        show([{**row, "journal MiB": size} for row in found], as_json=options.json)


if __name__ == "__main__":
    main()
