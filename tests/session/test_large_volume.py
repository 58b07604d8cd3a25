"""A volume of 50 GB, of which next to nothing exists, in the memory of one region."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_vessel.geometry import Box, VoxelSize
from napari_vessel.volumes import StoreSpec, create_store

SHAPE = (3700, 3700, 3700)
REGION_MIB = 2**28 // 2**20

_WORK = """
import json, resource, sys
import numpy as np
from pathlib import Path
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.project import Project
from napari_vessel.project._proposal import SUFFIX, ledger_path
from napari_vessel.project._ledger import BlockLedger
from napari_vessel.session import Session
from napari_vessel.simulate import drive
from napari_vessel.volumes import StoreSpec, create_store, open_volume

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

class Idle:
    alive = True
    def start(self): ...
    def run(self, *_, **__): yield from ()
    def close(self): ...

folder = Path(sys.argv[1])
volume = open_volume(str(folder / "large.ome.zarr"))
session = Session(Idle())
before = peak_mib()
list(drive(session, "open", session.open(folder / "large.ome.zarr")))
opened = peak_mib()
first = session.region

stroke = Box((10, 10, 10), (11, 50, 50))
session.begin_stroke("paint", Plane.XY)
session.paint(stroke, np.ones(stroke.shape, bool), 1)
session.end_stroke()

# A proposal of one block, far from where the volume was opened.
block = Box((3008, 3072, 3072), (3072, 3200, 3200))
region = Box((2944, 2944, 2944), (3584, 3584, 3584))
project = session.project
spec = StoreSpec(shape=region.shape, voxel_size=VoxelSize(1, 1, 1), attrs={"region": str(region)},
                 arrays=("probability", "disagreement"))
store = create_store(project.proposals / ("p1" + SUFFIX), spec)
store.write("probability", block.relative_to(region), np.full(block.shape, 255, np.uint8))
BlockLedger.open(ledger_path(project.proposals, "p1")).record(block)
project.update(proposal="p1")

seen = []
for corner in ((0, 0, 0), (2950, 2950, 2950), (3055, 0, 3055)):
    box = session.region_around(tuple(c + 322 for c in corner))
    list(drive(session, "region", session.move_region(box)))
    seen.append(int(np.asarray(session.labels[100]).sum()))
    for level in session.overview.levels[1:]:
        level[level.shape[0] // 2]
    session.overview.levels[-1][...]
    for event in session.look_over():
        session.deliver(event)
coarse = session.overview.levels[-1]
z, y, x = (f for f in session.overview.factors[-1])
found = int(coarse[...].sum())
undone = session.undo()
session.close()
print(json.dumps({
    "before": before, "opened": opened, "peak": peak_mib(), "region": first.size,
    "seen": seen, "coarse": found, "expected": block.size // (z * y * x),
    "undone": undone is not None,
}))
"""


@pytest.mark.slow
def test_a_volume_of_50_gb_takes_the_memory_of_a_region_however_far_it_moves(tmp_path: Path):
    spec = StoreSpec(shape=SHAPE, voxel_size=VoxelSize(20, 20, 20), arrays=("image",))
    store = create_store(tmp_path / "large.ome.zarr", spec)
    assert Box.of(store.shape).size > 50 * 10**9
    result = subprocess.run(
        [sys.executable, "-c", _WORK, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    sys.stdout.write(f"{told}\n")
    # Two regions while one takes the other's place, and the coarse look at opening.
    assert told["peak"] - told["before"] < 4 * REGION_MIB
    assert told["region"] < 2**28
    assert told["seen"] == [0, 128 * 128, 0]
    assert told["coarse"] >= told["expected"] > 0
    assert told["undone"]
