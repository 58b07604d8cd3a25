"""What a hand waits for: reading a shown slice, a brush stamp, accepting a slice, an undo.

Without a window: the array that the labels layer holds, with the journal on.
Run as ``python benchmarks/painting.py [--json]``. Times in ms; a peer is the
same read and write on a plain numpy array.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from _tables import show
from napari_vessel.annotation import Corrections, EditableLabels
from napari_vessel.geometry import Box, Plane
from napari_vessel.session._proposal_view import ProposalView

SHAPE = (128, 1024, 1024)
STAMP = Box((5, 100, 100), (6, 140, 140))


def timed(what: str, work: Callable[[], Any], runs: int = 30) -> dict[str, Any]:
    """Return a row with the median and the worst of ``runs`` calls, in ms."""
    times = []
    for _ in range(runs):
        started = perf_counter()
        work()
        times.append(1000 * (perf_counter() - started))
    return {"what": what, "median ms": float(np.median(times)), "worst ms": max(times)}


def rows(folder: Path) -> list[dict[str, Any]]:
    """Measure everything once."""
    region = Box.of(SHAPE)
    corrections = Corrections.open(folder / "journal", SHAPE)
    view = ProposalView(region, np.zeros(SHAPE, np.uint8), 0.5)
    labels = EditableLabels(corrections, region, view.mask)
    plain = np.zeros(SHAPE, np.uint8)
    covered = np.ones(STAMP.shape, np.bool_)

    def stamp() -> None:
        with corrections.stroke("paint", Plane.XY):
            labels.paint(STAMP, covered, 1)
        labels.read(STAMP)

    def stamp_plain() -> None:
        plain[STAMP.slices][covered] = 1

    slice_box = region.slice_at(Plane.XY, 7)
    found = [
        timed("read an XY slice of 1024²", lambda: labels[5]),
        timed("the same, numpy", plain[5].copy),
        timed("read an XZ slice of 128 × 1024", lambda: labels[:, 5]),
        timed("read a YZ slice of 128 × 1024", lambda: labels[:, :, 5]),
        timed("a brush stamp of 40²", stamp),
        timed("the same, numpy", stamp_plain),
        timed("accept a slice of 1024²", lambda: corrections.accept(slice_box, labels[7:8]), 5),
        timed("undo", corrections.undo, 5),
    ]
    corrections.close()
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(rows(Path(folder)), as_json=arguments.json)


if __name__ == "__main__":
    main()
