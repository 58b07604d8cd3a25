"""A volume as the network wants it: windowed to [0, 1], vessels as dark or bright as it learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_vessel.geometry import Box
from napari_vessel.inference import Levels
from napari_vessel.networks import CheckpointCard
from napari_vessel.volumes import IntensityWindow, PolarityFinding, Volume

Reader = Callable[[Box], np.ndarray]  # of level 0


@dataclass(frozen=True, slots=True)
class PolarityUsed:
    """Which polarity a volume is read with, who said so, and why."""

    polarity: Literal["dark", "bright"]
    source: Literal["choice", "found", "checkpoint"]
    reason: str

    def inverts(self, card: CheckpointCard) -> bool:
        """Tell whether it is the other one than the checkpoint learned."""
        return self.polarity != card.polarity


def polarity_used(volume: Volume, card: CheckpointCard) -> PolarityUsed:
    """Take a person's choice, else what is found with confidence, else the checkpoint's own."""
    chosen = volume.options.polarity
    if chosen != "auto":
        return PolarityUsed(chosen, "choice", "Chosen by a person.")
    found = volume.polarity()
    if found.confident:
        return PolarityUsed(found.polarity, "found", _with_confidence(found))
    return PolarityUsed(card.polarity, "checkpoint", f"Not sure enough: {_with_confidence(found)}")


def _with_confidence(found: PolarityFinding) -> str:
    return f"{found.reason} Confidence {found.confidence:.2f} of 1."


def window_for(volume: Volume, card: CheckpointCard, used: PolarityUsed) -> IntensityWindow:
    """Find the window that ``card`` asks for: that of bright vessels may be one of its own."""
    bright = used.polarity == "bright"
    return volume.window(saturated=bright and card.normalisation == "saturated")


def reader_for(volume: Volume, card: CheckpointCard) -> Levels:
    """Return a reader of ``volume`` as the checkpoint's card asks, with what is found of it."""
    used = polarity_used(volume, card)
    return windowed_reader(volume, window_for(volume, card, used), card, used)


def windowed_reader(
    volume: Volume, window: IntensityWindow, card: CheckpointCard, used: PolarityUsed
) -> Levels:
    """Return a reader of float32 voxels of any box of ``volume``, at any level.

    As the checkpoint's ``card`` asks. With its normalisation "window" they are in [0, 1], and
    inverted where vessels have the other polarity than it learned. With "signed" bright vessels
    are shown in [-1, 0], dark ones in [0, 1]: lower is more of a vessel in both, and the sign tells
    a network which it is. (A dark lumen without a wall is a vein in a CT scan, and no vessel to
    leave out under a microscope.) Bright vessels are counted photons: the root makes their noise
    even (Anscombe 1948), and dim vessels beside saturated ones can be seen. "saturated" is
    "signed" in a window of its own (:func:`window_for`).
    """
    signed = card.signed
    inverts = used.inverts(card) and not signed
    negated = signed and used.polarity == "bright"

    def read(box: Box, level: int) -> np.ndarray:
        voxels = window.apply(volume.read(box, level))  # a copy: what follows needs no other
        if negated:
            return np.negative(np.sqrt(voxels, out=voxels), out=voxels)
        return np.subtract(1, voxels, out=voxels) if inverts else voxels

    return Levels(read, volume.shapes, volume.factors)


def phantom_shower(card: CheckpointCard) -> Callable[[np.ndarray, bool], np.ndarray]:
    """Return what shows windowed voxels, told whether vessels are bright, as the card asks for.

    As :func:`windowed_reader` does for a volume.
    """

    def show(voxels: np.ndarray, bright: bool) -> np.ndarray:
        if card.signed:
            return -np.sqrt(voxels) if bright else voxels
        return 1 - voxels if bright != (card.polarity == "bright") else voxels

    return show
