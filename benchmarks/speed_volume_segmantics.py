"""The part of throughput.py that runs volume-segmantics 0.4, in an environment that has it.

Needs volume-segmantics, torch, segmentation-models-pytorch and zarr there; none of ours.
Its own predictor works on three axes and takes the most probable (quality "medium"), as it
ships: fp32, batches of its own, all in memory, HDF5 out. The network is a U-Net of the starter's
encoder and decoder with its two classes and random weights, which do not change the speed.

``PYTHON benchmarks/speed_volume_segmantics.py volume-segmantics 3 FOLDER``
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import segmentation_models_pytorch as smp
import torch
import zarr
from volume_segmantics.model.operations.vol_seg_2d_predictor import VolSeg2dPredictor


def predictor() -> VolSeg2dPredictor:
    """Make its predictor on a network in memory: its constructor knows only its own files."""
    made = object.__new__(VolSeg2dPredictor)
    cuda = torch.cuda.is_available()
    made.settings = SimpleNamespace(cuda_device=0, quality="medium", output_probs=False)
    made.model_device_num = 0 if cuda else "cpu"
    made.num_labels, made.label_codes = 2, {}
    made.use_2_5d_prediction = made.use_sliding_window = False
    made.sw_roi_size, made.sw_overlap, made.sw_batch_size, made.sw_mode = (512, 512), 0.25, 4, ""
    made._last_additional_tasks = None
    network = smp.Unet(
        "tu-resnet10t",
        encoder_depth=4,
        encoder_weights=None,
        decoder_channels=(96, 64, 32, 16),
        in_channels=1,
        classes=2,
    )
    made.model = network.eval().to(made.model_device_num)
    return made


def main() -> None:
    """Predict the volume in the folder and print one line of JSON."""
    folder = Path(sys.argv[3])
    made = predictor()
    pushed = 0

    def count(_module: torch.nn.Module, given: tuple[Any, ...]) -> None:
        nonlocal pushed
        pushed += given[0].shape[-2] * given[0].shape[-1] * given[0].shape[0]

    made.model.register_forward_pre_hook(count)
    started, processor = perf_counter(), sum(os.times()[:4])  # its loaders' processes, too
    volume = np.asarray(zarr.open_group(folder / "volume.ome.zarr", mode="r")["0"][:])
    low, high = np.percentile(volume[::4, ::4, ::4], (0.5, 99.5))
    volume = np.clip((volume - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    labels = made._predict_3_ways_max_probs(volume)[0]  # noqa: SLF001  its own way in needs its files
    with h5py.File(folder / "volume-segmantics.h5", "w") as file:
        file.create_dataset("data", data=labels, chunks=True, compression="gzip")
    seconds, processor = perf_counter() - started, sum(os.times()[:4]) - processor
    found = {
        "pushed": pushed,
        "seconds": seconds,
        "processor": processor,
        "voxels": volume.size,
        "useful": 3 * volume.size / pushed,
        "precision": "fp32",
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
