"""Peak memory of predicting 256³, 512³ and 1024³ voxels, and how time grows with them.

Each size runs in a process of its own: its idle memory (network loaded, volume open) and
its peak are those of the process, and the time is that of the prediction alone. Volumes are
a real slice mirrored on and on, written chunk by chunk. Large arrays of a block lie in files
that rest between slabs; what of them is mapped at a time counts.

By default one plane and no views, since neither adds to the memory; ``--planes 3`` for the
lot. ``--without-network`` puts a function that costs nothing in the network's place, to see what
arrays alone take. What is done is kept in ``--work``, and a killed run goes on (``--fresh``
begins anew). Run as ``python benchmarks/memory.py [--edges 256,512,1024] [--json]``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

import torch

from _tables import show
from napari_vessel.geometry import Plane
from napari_vessel.inference import Forward, InferenceConfig
from napari_vessel.networks import Checkpoint, choose_device, starter
from napari_vessel.volumes import VolumeOptions, open_volume
from napari_vessel.workflows import WORKFLOWS, Predict
from speed_data import make_volume

FLAT, MOST_GB = 1.1, 2.0  # what issue 4 asks


def resident_gb() -> float:
    """Return this process's memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e9
    raise SystemExit("This benchmark reads /proc: run it on Linux.")


class Peak:
    """Watches this process's memory; pages that rest on the disk do not count for ever."""

    def __init__(self) -> None:
        self.gb = 0.0
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.gb = max(self.gb, resident_gb())


class Nothing(torch.nn.Module):
    """Stands for a network where only arrays are measured."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits that are no network's."""
        return images * 8 - 4


def measure(folder: Path, planes: int, block: str, *, network: bool) -> dict[str, Any]:
    """Predict the volume in a folder and tell memory and time."""
    path, out = folder / "volume.ome.zarr", folder / "mask.ome.zarr"
    for left in (out, out.with_name(f"{out.name}.job")):
        shutil.rmtree(left, ignore_errors=True)
    volume = open_volume(str(path))
    settings: dict[str, Any] = {"planes": tuple(Plane)[:planes], "views": "none", "empty_below": 0}
    if block:
        settings["block"] = tuple(int(n) for n in block.split(","))
    config = InferenceConfig(**settings)
    if not network:
        Checkpoint.load = lambda *_: Nothing().eval()  # type: ignore[method-assign]
    precision = Forward(starter().load(choose_device(config.device)), config).precision
    idle = resident_gb()
    request = Predict(str(path), out, VolumeOptions(organ_only=False), inference=config)
    started = perf_counter()
    with Peak() as peak:
        for _ in WORKFLOWS["predict"](request):
            pass
    seconds = perf_counter() - started
    shutil.rmtree(out)
    z, y, x = volume.shape
    return {
        "voxels": f"{z}×{y}×{x}",
        "planes": planes,
        "precision": precision,
        "idle GB": idle,
        "peak GB": peak.gb,
        "over idle GB": peak.gb - idle,
        "seconds": seconds,
        "s per Mvoxel": seconds / (z * y * x / 1e6),
    }


def main() -> None:
    """Measure each size in a process of its own and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", default="256,512,1024")
    parser.add_argument("--planes", type=int, default=1, choices=(1, 2, 3))
    parser.add_argument("--block", default="", help="Z,Y,X instead of what a job chooses.")
    parser.add_argument("--without-network", action="store_true", help="Arrays alone.")
    parser.add_argument("--work", type=Path, default=Path("memory-work"))
    parser.add_argument("--fresh", action="store_true", help="Forget what is in --work.")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    if wish.one:
        found = measure(wish.one, wish.planes, wish.block, network=not wish.without_network)
        print(json.dumps(found))
        return
    if wish.fresh:
        shutil.rmtree(wish.work, ignore_errors=True)
    rows = [_row(int(edge), wish) for edge in wish.edges.split(",")]
    show(rows, as_json=wish.json)
    peaks = [row["peak GB"] for row in rows]
    flat, most = max(peaks) / min(peaks), max(row["over idle GB"] for row in rows)
    print(
        f"largest / smallest peak {flat:.2f} (asked ≤ {FLAT}), at most {most:.2f} GB over idle "
        f"(asked ≤ {MOST_GB})",
        file=sys.stderr,
    )


def _row(edge: int, wish: argparse.Namespace) -> dict[str, Any]:
    folder = wish.work / str(edge)
    what = "arrays" if wish.without_network else "planes"
    kept = folder / f"{what}-{wish.planes}-{wish.block or 'auto'}.json"
    if not kept.exists():
        make_volume(folder / "volume.ome.zarr", (edge, edge, edge))
        print(f"{edge}³ …", file=sys.stderr, flush=True)
        command = [sys.executable, __file__, "--one", str(folder), "--planes", str(wish.planes)]
        command += ["--block", wish.block] if wish.block else []
        command += ["--without-network"] if wish.without_network else []
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{edge}³ failed with status {done.returncode}: see above.")
        kept.write_text(done.stdout.splitlines()[-1])
    row: dict[str, Any] = json.loads(kept.read_text())
    return row


if __name__ == "__main__":
    main()
