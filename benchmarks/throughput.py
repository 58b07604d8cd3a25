"""How fast whole volumes are predicted, beside the raw network and two other programs.

In one run, in turns, medians of ``--rounds``:

- raw: the network alone on one slice of the volume at a time, again and again, in the
  best of several batches, in channels_last and the precision that ours chooses;
- ours: ``napari-vessel predict`` as a workflow, OME-Zarr in, OME-Zarr mask out, on one
  plane and on three;
- MONAI's ``SlidingWindowInferer`` (development extra) over the same slices of the same
  planes with the same network, precision, tile, overlap and Gaussian blending, probabilities
  averaged, from the same OME-Zarr to an OME-Zarr of our writing; once with our layout and
  allocator settings, and once ("script") with torch's own, as a script of a few lines has it;
- volume-segmantics 0.4 with a U-Net of the same encoder on three planes, as it ships
  (fp32, its own reading and HDF5 writing), where ``--volume-segmantics PYTHON`` names an
  environment that has it.

All without test-time views, so that a pixel goes through the network once; ours looks at
no air first (``empty_below`` 0, no organ). "pushed" counts all pixels through the network;
"of raw" is pushed per second of the raw network's ("by processor": per second of processor
time, of all threads, which other work on the machine disturbs little); "useful" is the share
that is no halo, overlap or padding. Threads: all of the machine's, or OMP_NUM_THREADS.

Each part runs in a process of its own; what is done is kept in ``--work`` and a
killed run goes on (``--fresh`` begins anew). Run as
``python benchmarks/throughput.py [--quick] [--shape 192,512,512] [--rounds 3] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _tables import show
from speed_data import make_volume

PARTS = ("raw", "ours 1", "ours 3", "monai 1", "monai 3", "script 3")
WORKER = Path(__file__).with_name("speed_parts.py")
VOLUME_SEGMANTICS = Path(__file__).with_name("speed_volume_segmantics.py")


def timed(part: str, folder: Path, round_: int, python: str | None) -> dict[str, Any]:
    """Run a part in a fresh process, or read what it said before."""
    kept = folder / f"{part.replace(' ', '-')}-{round_}.json"
    if not kept.exists():
        name, _, planes = part.partition(" ")
        script, interpreter = WORKER, sys.executable
        if name == "volume-segmantics":
            script, interpreter = VOLUME_SEGMANTICS, python or sys.executable
        print(f"round {round_ + 1}: {part} …", file=sys.stderr, flush=True)
        command = [interpreter, str(script), name, planes or "1", str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{part} failed with status {done.returncode}: see above.")
        kept.write_text(done.stdout.splitlines()[-1])
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def rows_of(results: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Take medians over rounds, and set all beside the raw network."""
    raw = statistics.median(one["pushed"] / one["seconds"] for one in results["raw"])
    alone = _pixels_per_processor_second(results["raw"])
    rows = []
    for part, found in results.items():
        seconds = statistics.median(one["seconds"] for one in found)
        processor = statistics.median(one["processor"] for one in found)
        one = found[0]
        rows.append(
            {
                "what": part,
                "precision": one["precision"],
                "seconds": seconds,
                "Mpx/s pushed": one["pushed"] / seconds / 1e6,
                "of raw": one["pushed"] / seconds / raw,
                "of raw by processor": _pixels_per_processor_second(found) / alone,
                "useful": one["useful"],
                "Mvoxel/s": one["voxels"] / seconds / 1e6,
                "Mvoxel per processor s": one["voxels"] / processor / 1e6,
                "peak RSS GB": max(run["peak_gb"] for run in found),
            }
        )
    return rows


def _pixels_per_processor_second(found: Sequence[dict[str, Any]]) -> float:
    """Return the median; what else the machine does changes it little."""
    return statistics.median(one["pushed"] / one["processor"] for one in found)


def ratios(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return how many times as many voxels per second ours does as the others."""
    found = {
        f"ours / {other} ({planes} plane{'s' * (planes > 1)}), {how}": speed[f"ours {planes}"]
        / speed[f"{other} {planes}"]
        for how in ("Mvoxel/s", "Mvoxel per processor s")
        for speed in ({row["what"]: row[how] for row in rows},)
        for other in ("monai", "script", "volume-segmantics")
        for planes in (1, 3)
        if {f"{other} {planes}", f"ours {planes}"} <= speed.keys()
    }
    for row in rows:
        if row["what"].startswith("ours"):
            found[f"{row['what']}: pushed of raw"] = row["of raw"]
            found[f"{row['what']}: pushed of raw by processor"] = row["of raw by processor"]
            found[f"{row['what']}: useful"] = row["useful"]
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="192,512,512", help="Z,Y,X; tiled real data.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="64,256,256 and one round.")
    parser.add_argument("--parts", default=",".join(PARTS), help="Which parts, by comma.")
    parser.add_argument("--volume-segmantics", metavar="PYTHON", help="An environment with it.")
    parser.add_argument("--work", type=Path, default=Path("throughput-work"))
    parser.add_argument("--fresh", action="store_true", help="Forget what is in --work.")
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    shape = (64, 256, 256) if wish.quick else tuple(int(n) for n in wish.shape.split(","))
    folder = wish.work / "x".join(map(str, shape))
    if wish.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    make_volume(folder / "volume.ome.zarr", shape)
    parts = [*wish.parts.split(","), *["volume-segmantics 3"] * bool(wish.volume_segmantics)]
    rounds = 1 if wish.quick else wish.rounds
    results: dict[str, list[dict[str, Any]]] = {part: [] for part in parts}
    for round_ in range(rounds):
        for part in parts:
            results[part].append(timed(part, folder, round_, wish.volume_segmantics))
    rows = rows_of(results)
    threads = os.environ.get("OMP_NUM_THREADS", str(os.cpu_count()))
    if wish.json:
        print(
            json.dumps({"rows": rows, "ratios": ratios(rows), "threads": threads, "shape": shape})
        )
        return
    show(rows, as_json=False)
    print(
        f"\n{shape} voxels ({np.prod(shape) / 1e6:.0f} Mvoxel), {threads} threads, {rounds} rounds"
    )
    for name, ratio in ratios(rows).items():
        print(f"{name}: {ratio:.2f}")


if __name__ == "__main__":
    main()
