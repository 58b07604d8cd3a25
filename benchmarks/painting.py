"""What a hand waits for: a brush stamp, an undo, accepting a slice, until it is durable.

In a real napari window whose canvas is 1024², with the dock open and the journal on, beside
napari's own layer on a zarr, and on an array in memory, which is what napari itself takes.
Needs a screen:
``xvfb-run -a -s "-screen 0 1700x1300x24" python benchmarks/painting.py [--strokes N] [--json]``.
``--no-window`` times instead the array that the layer holds, beside plain numpy.

*Work* is the processor time that the window's thread took: where others use the machine too a
thread waits for its turn, and the clock tells of them as well. *Met* compares the clock.
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
    parser.add_argument("--no-window", action="store_true")
    parser.add_argument("--strokes", type=int, default=12, help="of 16 stamps each")
    arguments = parser.parse_args()
    if not arguments.no_window:
        from painting_window import rows as in_a_window

        show(in_a_window(arguments.strokes), as_json=arguments.json)
        return
    with tempfile.TemporaryDirectory() as folder:
        show(rows(Path(folder)), as_json=arguments.json)


if __name__ == "__main__":
    main()
