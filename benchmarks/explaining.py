"""What each method of attribution is worth: where it looks, and whether it speaks of the network.

On slices of phantoms, for vessels that the starter proposes: the share of the attribution that
lies within 8 pixels of the vessel; what is left of it there once the network is random; how alike
trained and random networks' attributions are (rank correlation: 1 says that it shows the image, not
the network); and which share of the network's opinion goes when the 3 % of pixels that speak most
for the vessel are covered. Run as ``python benchmarks/explaining.py [--vessels N] [--json]``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label
from torch import nn

from _tables import show, table
from napari_vessel.attribution import (
    METHODS,
    Attribution,
    AttributionConfig,
    PlaceTarget,
    alike,
    attribute,
    randomised,
    share_within,
)
from napari_vessel.networks import starter
from napari_vessel.phantoms import PhantomConfig, make_phantom
from napari_vessel.volumes import IntensityWindow

EDGE, NEAR_PX, COVERED = 96, 8, 0.03
SMALLEST, LARGEST = 12, 400  # pixels of a vessel's piece
STEPS = (8, 16, 32, 64)
PER_PHANTOM = 3


@dataclass(frozen=True, eq=False)
class Vessel:
    """A proposed vessel in a slice: the image, its pixels, and those around it."""

    image: NDArray[np.float32]  # (1, H, W)
    lumen: NDArray[np.bool_]
    near: NDArray[np.bool_]


def vessels(network: nn.Module) -> Iterator[Vessel]:
    """Give vessels of one phantom after the other: proposed, and true."""
    for seed in range(100):
        phantom = make_phantom(PhantomConfig(shape=(24, 160, 160), seed=seed))
        voxels = IntensityWindow.of(phantom.image).apply(phantom.image)
        yield from list(_of_slice(network, voxels[12], phantom.vessels[12]))[:PER_PHANTOM]


def _of_slice(
    network: nn.Module, image: NDArray[np.float32], truth: NDArray[np.bool_]
) -> Iterator[Vessel]:
    with torch.inference_mode():
        logits = network(torch.from_numpy(image)[None, None])[0, 0].numpy()
    pieces, count = label(logits > 0, np.ones((3, 3)))
    for number in range(1, count + 1):
        piece = pieces == number
        if SMALLEST <= piece.sum() <= LARGEST and (piece & truth).sum() > piece.sum() / 2:
            rows, columns = (_around(piece, axis) for axis in (0, 1))
            lumen = piece[rows, columns]
            near = distance_transform_edt(~lumen) <= NEAR_PX
            yield Vessel(np.ascontiguousarray(image[None, rows, columns]), lumen, near)


def _around(piece: NDArray[np.bool_], axis: int) -> slice:
    """Return ``EDGE`` pixels around a piece, on the grid that the network halves."""
    used = np.flatnonzero(piece.any(axis=1 - axis))
    start = int(np.clip(used.mean() - EDGE / 2, 0, piece.shape[axis] - EDGE)) // 16 * 16
    return slice(start, start + EDGE)


def measured(
    networks: dict[str, nn.Module], vessel: Vessel, config: AttributionConfig
) -> dict[str, float]:
    """Measure a method on a vessel."""
    target = PlaceTarget(vessel.lumen)
    begun = process_time()
    found = attribute(networks["trained"], vessel.image, target, config)
    row = {
        "processor seconds": process_time() - begun,
        "near": share_within(found.values, vessel.near),
        "covered": lost(networks["trained"], vessel, found.values),
    }
    inside = abs(float(found.values[:, vessel.near].sum()))
    for how in ("drawn", "shuffled"):
        other = attribute(networks[how], vessel.image, target, config).values
        row[f"near, {how}"] = share_within(other, vessel.near)
        row[f"left, {how}"] = abs(float(other[:, vessel.near].sum())) / inside if inside else 1.0
        row[f"alike, {how}"] = alike(found.values, other)
    return row


def lost(network: nn.Module, vessel: Vessel, values: NDArray[np.float32]) -> float:
    """Return the share of the log odds above a flat image's that covering the foremost costs."""
    order = np.argsort(values.sum(axis=0), axis=None)[::-1]
    hidden = vessel.image.copy()
    hidden.reshape(-1)[order[: round(COVERED * order.size)]] = np.median(vessel.image)
    flat = np.full_like(vessel.image, np.median(vessel.image))
    whole, less, least = (_said(network, part, vessel) for part in (vessel.image, hidden, flat))
    return (whole - less) / (whole - least)


def _said(network: nn.Module, image: NDArray[np.float32], vessel: Vessel) -> float:
    with torch.inference_mode():
        logits = network(torch.from_numpy(image)[None])[0, 0]
    return float(logits[torch.from_numpy(vessel.lumen)].mean())


def gap(found: Attribution) -> float:
    """Return by which share integrated gradients miss the difference of the outputs."""
    whole = found.output - (found.baseline or 0.0)
    return abs(float(found.values.sum(dtype=np.float64)) - whole) / abs(whole)


def chance(networks: dict[str, nn.Module], shown: list[Vessel]) -> dict[str, Any]:
    """Return what pixels drawn at random would score."""
    draws = np.random.default_rng(0)
    random = [draws.random(vessel.image.shape).astype(np.float32) for vessel in shown]
    pairs = list(zip(shown, random, strict=True))
    area = float(np.median([vessel.near.mean() for vessel in shown]))
    covered = float(np.median([lost(networks["trained"], *pair) for pair in pairs]))
    row = dict.fromkeys(_KEYS, 0.0)
    return {"method": "pixels at random"} | row | {"near": area, "covered": covered}


_KEYS = (
    *("processor seconds", "near", "covered", "near, drawn", "left, drawn", "alike, drawn"),
    *("near, shuffled", "left, shuffled", "alike, shuffled"),
)


def main() -> None:
    """Measure and print; medians over the vessels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vessels", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    network = starter().load()
    ways = ("drawn", "shuffled")
    networks = {"trained": network, **{how: randomised(network, how=how) for how in ways}}
    source = vessels(network)
    shown = [next(source) for _ in range(wish.vessels)]
    rows: list[dict[str, Any]] = []
    for method in METHODS:
        each = [measured(networks, one, AttributionConfig(method=method)) for one in shown]
        medians = {key: float(np.nanmedian([row[key] for row in each])) for key in _KEYS}
        rows.append({"method": method} | medians)
        print(method, file=sys.stderr, flush=True)
    rows.append(chance(networks, shown))
    misses = []
    for steps in STEPS:
        config = AttributionConfig(steps=steps)
        gaps = [gap(attribute(network, v.image, PlaceTarget(v.lumen), config)) for v in shown]
        misses.append({"steps": steps, "median": np.median(gaps), "worst": max(gaps)})
    misses = [{key: round(float(value), 5) for key, value in row.items()} for row in misses]
    show([*rows, *misses] if wish.json else rows, as_json=wish.json)
    if not wish.json:
        print(f"\nIntegrated gradients miss the difference of outputs by\n\n{table(misses)}")


if __name__ == "__main__":
    main()
