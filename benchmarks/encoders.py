"""Raw forward speed of small U-Nets: pixels through the network per second.

bf16 where the device has it, channels_last, 512² slices, batch 1. Run as
``python benchmarks/encoders.py [--json]``.
"""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any

import numpy as np
import torch

from _tables import show
from napari_vessel.networks import (
    NetworkConfig,
    autocast,
    build_network,
    choose_device,
    choose_precision,
    prepare,
)

CANDIDATES = (
    ("tu-resnet18", 3, (96, 48, 32)),
    ("tu-resnet18", 4, (96, 64, 32, 16)),
    ("tu-resnet10t", 4, (96, 64, 32, 16)),
    ("tu-mobilenetv3_large_100", 5, (96, 64, 32, 16, 16)),
    ("tu-mobilenetv3_small_100", 5, (128, 64, 32, 16, 16)),
)


def row(encoder: str, depth: int, channels: tuple[int, ...], runs: int) -> dict[str, Any]:
    """Measure one network: the median of ``runs`` forward passes."""
    device = choose_device("auto")
    config = NetworkConfig(encoder=encoder, encoder_depth=depth, decoder_channels=channels)
    network = prepare(build_network(config), device)
    precision = choose_precision(device, "auto", network)
    image = torch.rand(1, 1, 512, 512, device=device).to(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode(), autocast(device, precision):
        network(image)
        for _ in range(runs):
            started = perf_counter()
            network(image).sum().item()
            times.append(perf_counter() - started)
    parameters = sum(weight.numel() for weight in network.parameters())
    return {
        "encoder, depth": f"{encoder}, {depth}",
        "parameters M": parameters / 1e6,
        "precision": precision,
        "Mpx/s": image.numel() / float(np.median(times)) / 1e6,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    show([row(*candidate, arguments.runs) for candidate in CANDIDATES], as_json=arguments.json)


if __name__ == "__main__":
    main()
