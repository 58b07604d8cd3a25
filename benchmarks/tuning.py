"""What tuning a segmentation brings on HiP-CT volumes that neither training nor tuning saw.

A network is trained from scratch on two patches of kidney 1 and judged by a third, a few hundred
steps long: once as the program does it by itself, and once as the best of a study of as many
trials as asked for. Both are trained anew with other seeds, and scored on a patch of kidney 1 and
one of kidney 3. Volumes of NAPARI_VESSEL_DATA, else of ../shared/data. Run as
``python benchmarks/tuning.py STUDY [--trials 12] [--epochs 8] [--seeds 1,2] [--json]``; a study
that was interrupted is gone on with.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import fmean
from time import monotonic
from typing import Any

import numpy as np
import tifffile

from _arguments import numbers
from _real_data import FRAME, data_folder
from _tables import show
from napari_vessel.geometry import VoxelSize
from napari_vessel.inference import InferenceConfig
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows import (
    WORKFLOWS,
    Evaluate,
    Predict,
    Train,
    TrainRun,
    TrialEnded,
    Tune,
    TuneRun,
    load_tune_run,
)

LEARNED = ("hipct3d_02_kidney1", "hipct3d_05_kidney1")
JUDGED = "hipct3d_04_kidney1"
UNSEEN = ("hipct3d_01_kidney1", "hipct3d_17_kidney3")


def main() -> None:
    """Tune, train both with every seed, and print their scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=numbers, default=[1, 2])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    volumes = asked.study / "volumes"
    place_volumes(volumes)
    plain = plain_run(volumes, asked.epochs)
    best, seconds = tuned(plain, asked.study / "study", asked.trials)
    print(f"{asked.trials} trials took {seconds:.0f} s.", file=sys.stderr)
    rows = [
        row
        for name, run in (("as it is", plain), (f"best of {asked.trials}", best))
        for row in rows_of(name, run, volumes, asked.seeds)
    ]
    show(rows, as_json=asked.json)


def place_volumes(folder: Path) -> None:
    """Write images and truths without their frames, as .npy."""
    folder.mkdir(parents=True, exist_ok=True)
    inner = (slice(None), slice(FRAME, -FRAME), slice(FRAME, -FRAME))
    for name in (*LEARNED, JUDGED, *UNSEEN):
        item = data_folder() / name
        np.save(folder / f"{name}.npy", tifffile.imread(item / "image.tif")[inner])
        truth = tifffile.imread(item / "label.tif")[inner] != 0
        np.save(folder / f"{name}-truth.npy", truth.astype(np.uint8))


def voxel_um(name: str) -> float:
    """Return the edge of a volume's voxels."""
    entries = json.loads((data_folder() / "manifest.json").read_text("utf-8"))
    return float(next(entry for entry in entries if entry["name"] == name)["voxel_um"][0])


def plain_run(volumes: Path, epochs: int) -> TrainRun:
    """Return the training as the program does it by itself, but for its length."""
    entries = [
        {
            "image": str(volumes / f"{name}.npy"),
            "labels": str(volumes / f"{name}-truth.npy"),
            "voxel_size": voxel_um(name),
            "polarity": "dark",
            "role": "validation" if name == JUDGED else "train",
        }
        for name in (*LEARNED, JUDGED)
    ]
    training = {"epochs": epochs, "minutes": None, "patch": 64, "patience": epochs}
    training |= {"precision": "fp32", "watched_blocks": 8, "validation_block": [16, 62, 62]}
    return TrainRun.model_validate({"volume": entries, "training": training})


def tuned(plain: TrainRun, folder: Path, trials: int) -> tuple[TrainRun, float]:
    """Return the best run of a study, and how long it took."""
    begun = monotonic()
    study = {"trials": trials, "startup": max(trials // 2, 1), "warmup": 2}
    config = TuneRun.model_validate({"train": plain, "study": study})
    result: Any = None
    for result in WORKFLOWS["tune"](Tune(config, folder, device="cpu")):
        if isinstance(result, TrialEnded):
            print(f"Trial {result.trial.number}: {result.trial.value}", file=sys.stderr)
    best = load_tune_run(result.best_config).train
    if best is None:
        raise SystemExit("no trial is complete")
    return best, monotonic() - begun


def rows_of(name: str, run: TrainRun, volumes: Path, seeds: list[int]) -> list[dict[str, Any]]:
    """Train with every seed; return a row for each unseen volume, means over seeds."""
    found: dict[str, list[dict[str, float]]] = {unseen: [] for unseen in UNSEEN}
    judged = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            training = run.training.model_copy(update={"seed": seed})
            out = Path(folder) / "network"
            config = run.model_copy(update={"training": training})
            *_, trained = WORKFLOWS["train"](Train(config, out, "cpu"))
            judged.append(trained.dice)
            for unseen in UNSEEN:
                found[unseen].append(scores(volumes, unseen, out, Path(folder)))
    return [
        {
            "training": name,
            "volume": unseen,
            "dice": fmean(one["dice"] for one in found[unseen]),
            "surface_dice": fmean(one["surface_dice"] for one in found[unseen]),
            "dice_judged": fmean(judged),
            "seeds": len(seeds),
        }
        for unseen in UNSEEN
    ]


def scores(volumes: Path, name: str, network: Path, work: Path) -> dict[str, float]:
    """Predict a volume with a network, and score that."""
    options = VolumeOptions(voxel_size=VoxelSize(*[voxel_um(name)] * 3), polarity="dark")
    out = work / f"{name}.ome.zarr"
    inference = InferenceConfig(device="cpu", views="none", precision="fp32")
    request = Predict(
        str(volumes / f"{name}.npy"), out, options, checkpoint=str(network), inference=inference
    )
    list(WORKFLOWS["predict"](request))
    truth = str(volumes / f"{name}-truth.npy")
    *_, scored = WORKFLOWS["evaluate"](Evaluate(str(out), truth))
    found: dict[str, float] = scored.scores
    return found


if __name__ == "__main__":
    main()
