"""What a triage saves of a prediction, and what vessel it loses, on volumes unseen in training.

The HiP-CT patches of two kidneys, in four turns as ``chunks.py`` has them: a chunk classifier (the
LeNet-like network, cubes of 2 mm) learns from two quarters of the patches, its epoch is chosen by
the third, and it looks through those of the fourth, laid side by side as one volume whose blocks
are the patches: so every patch is looked through once, by a classifier that never saw it. The
bundled starter predicts all of that volume (in one plane and view, which is the least that skipping
can save), and again only what the triage leaves.

Printed for each ``--skip-below``:

- chunks, blocks: the share that is skipped;
- voxels: vessel voxels (of the labels) in skipped blocks, as a share of all;
- mask: those of them that the prediction had found, as a share of what it had found;
- patches: patches with a labelled vessel that are skipped wholly, of those there are;
- in chunks: vessel voxels in chunks below, which is what blocks as small as chunks would lose.

Then the seconds of the triage, of a prediction in full, and of one that skips at ``--timed``, which
are measured in one run, one after another; and whether the mask that skips is the full one, zero in
skipped blocks. Run as ``python benchmarks/triage.py [--json] [--keep FOLDER]``. Volumes are those
of NAPARI_VESSEL_DATA, else of ../shared/data.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from _tables import table
from chunks_data import TURNS
from napari_vessel.datasets import ChunksData, ChunkVolume, Split, open_data
from napari_vessel.geometry import Box, Plane, VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.networks import ClassifierConfig
from napari_vessel.training import ClassifierTrainingConfig
from napari_vessel.volumes import IntensityWindow, VolumeOptions, open_volume
from napari_vessel.workflows import (
    WORKFLOWS,
    ClassifyRun,
    ClassifyTrain,
    Predict,
    Triage,
    TriageMap,
    open_triage,
)
from real_loop import FRAME, data_folder

BELOW = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
CHUNK = (32, 31, 31)  # 16 of them are a patch
PATCH = (32, 124, 124)  # a block
_SLICES = {"kidney1": "hipct2d_kidney_1_dense_0427", "kidney3": "hipct2d_kidney_3_sparse_0362"}
_SIZE = VoxelSize(63.08, 63.08, 63.08)


@dataclass(frozen=True, eq=False)
class Looked:
    """A turn: what was found in the patches that it tests on, laid along y."""

    found: TriageMap
    truth: NDArray[np.bool_]
    full: NDArray[np.bool_]
    skipping: NDArray[np.bool_]
    seconds: dict[str, float]


def main() -> None:
    """Compute, and print the tables."""
    arguments = _parser().parse_args()
    if not data_folder().is_dir():
        sys.exit(f"{data_folder()} is missing: name it in NAPARI_VESSEL_DATA")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        turns = [looked(at, folder, arguments.timed) for at in range(len(TURNS))]
    rows = [row(turns, below) for below in BELOW]
    seconds = took(turns, arguments.timed)
    if arguments.json:
        print(json.dumps({"rows": rows, "seconds": seconds}))
    else:
        print(table(rows), table([seconds]), sep="\n\n")


def looked(at: int, folder: Path, timed: float) -> Looked:
    """Train for a turn, look through what it tests on, and predict that in full and skipping."""
    classifier, volume = folder / f"{at}.classifier", folder / f"{at}.npy"
    if not classifier.exists():
        _train(at, folder, classifier)
    image, truth = zip(*(_patch(name) for name in TURNS[at]), strict=True)
    np.save(volume, np.concatenate(image, 1))
    options = VolumeOptions(voxel_size=_SIZE, organ_only=False, polarity="dark")
    out, seconds = folder / f"{at}.triage", {}
    seconds["triage"] = _timed(
        "triage", Triage(str(volume), out, str(classifier), options, device="cpu", overwrite=True)
    )
    inference = InferenceConfig(
        planes=(Plane.XY,), views="none", block=PATCH, device="cpu", empty_below=0.0
    )
    masks = {}
    for name in ("full", "skipping"):
        mask = folder / f"{at}.{name}.ome.zarr"
        asked = Predict(str(volume), mask, options, inference=inference, overwrite=True)
        if name == "skipping":
            asked = replace(asked, triage=out, skip_below=timed)
        seconds[name] = _timed("predict", asked)
        opened = open_volume(mask)
        masks[name] = opened.read(Box.of(opened.shape)) != 0
    return Looked(open_triage(out), np.concatenate(truth, 1), seconds=seconds, **masks)


def row(turns: list[Looked], below: float) -> dict[str, Any]:
    """Return what skipping below a probability saves and loses, of all turns together."""
    sums = dict.fromkeys(("chunks", "low", "blocks", "skipped", "held", "gone", "vessel"), 0)
    sums |= dict.fromkeys(("lost", "in_chunks", "hits", "hits_lost"), 0)
    for turn in turns:
        shape = turn.truth.shape
        kept, hits = turn.found.kept(below, shape), turn.full & turn.truth
        low = turn.found.probability < below
        sums["chunks"] += low.size
        sums["low"] += int(low.sum())
        sums["vessel"] += int(turn.truth.sum())
        sums["hits"] += int(hits.sum())
        for index in map(tuple, np.argwhere(low)):
            sums["in_chunks"] += int(turn.truth[turn.found.box_of(index).slices].sum())
        for block in Box.of(shape).cells(PATCH):
            vessel, found = int(turn.truth[block.slices].sum()), int(hits[block.slices].sum())
            skipped = not kept.touches(block)
            sums["blocks"] += 1
            sums["held"] += vessel > 0
            sums["skipped"] += skipped
            sums["gone"] += skipped and vessel > 0
            sums["lost"] += skipped * vessel
            sums["hits_lost"] += skipped * found
    return {
        "skip below": f"{below:g}",
        "chunks": sums["low"] / sums["chunks"],
        "blocks": f"{sums['skipped']} of {sums['blocks']}",
        "voxels": sums["lost"] / sums["vessel"],
        "mask": sums["hits_lost"] / max(sums["hits"], 1),
        "patches": f"{sums['gone']} of {sums['held']}",
        "in chunks": sums["in_chunks"] / sums["vessel"],
    }


def took(turns: list[Looked], timed: float) -> dict[str, Any]:
    """Return the seconds of all turns, and whether what skips is the full mask elsewhere."""
    sums = {name: sum(turn.seconds[name] for turn in turns) for name in turns[0].seconds}
    right = True
    for turn in turns:
        kept = turn.found.kept(timed, turn.truth.shape)
        for block in Box.of(turn.truth.shape).cells(PATCH):
            expected = turn.full[block.slices] & kept.touches(block)
            right &= np.array_equal(turn.skipping[block.slices], expected)
    return {
        "triage (s)": sums["triage"],
        "in full (s)": sums["full"],
        f"skipping below {timed:g} (s)": sums["skipping"],
        "both, of in full": (sums["triage"] + sums["skipping"]) / sums["full"],
        "masks agree": right,
    }


def _train(at: int, folder: Path, out: Path) -> None:
    """Train the classifier of a turn; the parts are whole patches."""
    ahead = [TURNS[(at + number) % len(TURNS)] for number in (1, 2, 3)]
    part = {
        name: "validation" if name in ahead[0] else "train" for names in ahead for name in names
    }
    volumes = []
    for name in part:
        for kind, voxels in zip(("image", "mask"), _patch(name), strict=True):
            np.save(folder / f"{name}.{kind}.npy", voxels)
        place = {kind: str(folder / f"{name}.{kind}.npy") for kind in ("image", "mask")}
        volumes.append(ChunkVolume(**place, voxel_size=_SIZE.x_um, group=name))
    data = ChunksData(
        volumes=tuple(volumes), chunk=CHUNK, step=(32, 15, 15), intensity=(0.0, 255.0)
    )
    samples = open_data(data, 32).samples
    split = folder / f"{at}.split.csv"
    Split(samples, {sample.name: part[sample.group] for sample in samples}).write(split)
    run = ClassifyRun(
        network=ClassifierConfig(backbone="lenet", size=32),
        data=data,
        training=ClassifierTrainingConfig(
            epochs=20, patience=6, plateau=3, augmentation_strength=0.3, precision="fp32"
        ),
        split=str(split),
    )
    _timed("classify", ClassifyTrain(run, out, "cpu"))


def _patch(name: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read a patch, its greys by the window of its organ, and its truth."""
    item = data_folder() / f"hipct3d_{name}"
    inner = (slice(None), slice(FRAME, -FRAME), slice(FRAME, -FRAME))
    voxels, label = (tifffile.imread(item / f"{part}.tif")[inner] for part in ("image", "label"))
    whole = tifffile.imread(data_folder() / _SLICES[name.rpartition("_")[2]] / "image.tif")
    grey = IntensityWindow.of(whole).apply(voxels)
    return np.round(255 * grey).astype(np.uint8), label != 0


def _timed(workflow: str, request: object) -> float:
    started = monotonic()
    for _ in WORKFLOWS[workflow](request):
        pass
    return monotonic() - started


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--timed", type=float, default=0.2, help="skip-below of the timed run. Default 0.2.")
    add("--keep", type=Path, help="Keep what is made there; classifiers there are used again.")
    add("--json", action="store_true", help="One JSON object in place of the tables.")
    return parser


if __name__ == "__main__":
    main()
