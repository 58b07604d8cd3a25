"""Find out whether vessels are darker or brighter than what surrounds them.

A vessel cut across is a spot that its surroundings enclose: a dark one lies in a bright ring
and a bright one in a dark ring. How much grey is enclosed in either way is measured at three
sizes and compared. What does not rise above the noise does not count.

Lumina of HiP-CT have thin bright walls, which are bright spots themselves where they are cut
lengthwise. So a second measure counts spots whose ring also stands out from what lies
farther away, as a wall does; it decides where the first is of two minds. A third counts
lines as well, which vessels within the slice are, but capsules and walls too: it only casts
doubt. All change their sign with the image's.

What lies at a few places only proves little, however clear it is: a single bright speck, or
the tissue between vessels that fill the image, is enclosed as a vessel is. So the confidence
is that of the number of separate places that the evidence comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Polarity", "PolarityFinding", "find_polarity"]

Polarity = Literal["dark", "bright"]
Floats = NDArray[np.float32]
Sums = tuple[float, float, float]  # rings, walls, lines

_SIZES = 3  # the image as it is, halved, and halved again
_REACH = (2, 3, 4, 5)  # voxels from a spot to its ring
_DIRECTIONS = 8
_MARGIN = 6  # voxels next to an edge, whose ring is not seen whole
_LEAST = 24  # px: a slice must be larger to tell
# Chosen with benchmarks/polarity.py. Every two-photon volume is found with 1.00; a crop of kidney
# at half its voxel size was found bright with 0.66, and a wrong polarity costs all of a proposal.
_CONFIDENT = 0.75
_HALF = 0.5
_CLEAR = 2.5  # times the score: from 0.4 on it is taken in full
_DOUBT = 2.0  # times the balance of lines, where that is the other way round
_ENOUGH = 8e-3  # share of voxels that are spots, where the evidence is taken in full
_PLACES = 5.0  # in a slice, where the evidence is taken in full; that of a single one is not
_APART = 2  # voxels: what is nearer to one another than twice as much is one place


@dataclass(frozen=True, slots=True)
class PolarityFinding:
    """Which polarity an image seems to have.

    Attributes
    ----------
    polarity
        Of the vessels.
    confidence
        From 0, a guess, to 1. Below 0.5 it is better to trust the network's own.
    reason
        A sentence for a person.
    """

    polarity: Polarity
    confidence: float
    reason: str

    @property
    def confident(self) -> bool:
        """Whether to rely on it."""
        return self.confidence >= _CONFIDENT


def find_polarity(
    slices: Iterable[tuple[NDArray[Any], NDArray[np.bool_] | None]],
) -> PolarityFinding:
    """Compare dark spots with bright ones.

    Parameters
    ----------
    slices
        Pairs of an image (rows, columns) of any real type and where to look in it, of the
        same shape (None: everywhere). NaN and infinity do not count.

    Returns
    -------
    PolarityFinding
        Of the inverted images the opposite, with the same confidence.
    """
    tallies = [_Tally() for _ in range(_SIZES)]
    for image, inside in slices:
        _measure(image, inside, tallies)
    used = [tally for tally in tallies if tally.voxels]
    if not any(tally.spots for tally in used):
        return PolarityFinding("dark", 0.0, "Nothing in it stands out like a vessel.")
    rings, walls, lines = (
        float(np.mean([_balance(*measure(tally)) for tally in used[:2]]))
        for measure in (_Tally.rings, _Tally.walls, _Tally.lines)
    )
    score = rings + (1 - abs(rings)) * walls  # walls decide where rings do not
    against = max(0.0, -lines if score > 0 else lines)
    share = max(tally.spots / tally.voxels for tally in used)
    places = max(tally.places() for tally in used[:2])
    return _finding(score, share, places, doubt=min(1.0, _DOUBT * against))


def _finding(score: float, share: float, places: float, *, doubt: float) -> PolarityFinding:
    spread = min(1.0, max(0.0, places - 1) / (_PLACES - 1))
    clear = min(1.0, _CLEAR * abs(score)) * min(1.0, share / _ENOUGH) * (1 - doubt)
    polarity: Polarity = "bright" if score > 0 else "dark"
    other = "dark" if score > 0 else "bright"
    parts = f"{50 * (1 + abs(score)):.0f} to {50 * (1 - abs(score)):.0f}"
    reason = f"{polarity.capitalize()} spots stand out more than {other} ones, {parts}"
    reason += f", in {100 * share:.2g} % of the voxels looked at"
    reason += f", but {other} lines more than {polarity} ones" if doubt > _HALF else ""
    reason += f", but at {places:.1f} places in a slice only" if spread < _HALF else ""
    return PolarityFinding(polarity, round(clear * spread, 2), f"{reason}.")


@dataclass
class _Tally:
    """What was measured at one size; pairs are bright and dark, in squared grey values."""

    voxels: int = 0
    spots: int = 0
    bright: Sums = (0.0, 0.0, 0.0)
    dark: Sums = (0.0, 0.0, 0.0)
    spread: float = 0.0  # places, weighted with what is enclosed there

    def places(self) -> float:
        """Return from how many separate places in a slice the enclosed comes."""
        enclosed = self.bright[0] + self.dark[0]
        return self.spread / enclosed if enclosed else 0.0

    def rings(self) -> tuple[float, float]:
        """Return what is enclosed on all sides."""
        return self.bright[0], self.dark[0]

    def walls(self) -> tuple[float, float]:
        """Return what is enclosed by a ring that stands out itself."""
        return self.bright[1], self.dark[1]

    def lines(self) -> tuple[float, float]:
        """Return what is enclosed on all sides but one pair."""
        return self.bright[2], self.dark[2]


def _balance(bright: float, dark: float) -> float:
    """Compare two sums: 1 where all is bright, -1 where all is dark."""
    return (bright - dark) / (bright + dark) if bright + dark else 0.0


def _measure(image: NDArray[Any], inside: NDArray[np.bool_] | None, tallies: list[_Tally]) -> None:
    found = _prepared(image)
    if found is None:
        return
    grey, step = found
    looked = np.isfinite(image) if image.dtype.kind == "f" else np.ones(image.shape, np.bool_)
    looked = looked if inside is None else looked & inside
    for size, tally in enumerate(tallies):
        if size:
            grey, looked = _halved(grey), _halved(looked.astype(np.float32)) > 0.99
        if min(grey.shape) < _LEAST:
            return
        _count(grey, looked, step / 2**size, tally)


def _prepared(image: NDArray[Any]) -> tuple[Floats, float] | None:
    """Scale an image to its robust range, and tell the step between its grey values."""
    finite = image[np.isfinite(image)] if image.dtype.kind == "f" else image.ravel()
    if finite.size == 0 or min(image.shape) < _LEAST:
        return None
    wide = finite.astype(np.float64)
    low, high = np.percentile(wide, (0.1, 99.9))
    if not low < high:
        return None
    steps = np.diff(np.unique(wide[:: max(1, wide.size // 2**16)]))
    filled = np.nan_to_num(image.astype(np.float64), nan=low, posinf=high, neginf=low)
    grey = ((np.clip(filled, low, high) - low) / (high - low)).astype(np.float32)
    return grey, float(steps.min() / (high - low)) if steps.size else 0.0


def _halved(image: Floats) -> Floats:
    rows, columns = (edge // 2 * 2 for edge in image.shape)
    pairs = image[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    halved: Floats = pairs.mean(axis=(1, 3), dtype=np.float32)
    return halved


def _count(grey: Floats, looked: NDArray[np.bool_], step: float, tally: _Tally) -> None:
    inner = (slice(_MARGIN, -_MARGIN),) * 2
    where = looked[inner]
    if not where.any():
        return
    rough = (grey - ndimage.gaussian_filter(grey, 2.0))[inner][where]
    noise = max(1.4826 * float(np.median(np.abs(rough - np.median(rough)))), step)
    smooth = ndimage.gaussian_filter(grey, 0.8)
    around = _around(grey)
    dark = [np.where(where, depth[inner], 0) for depth in _enclosed(smooth, around)]
    bright = [np.where(where, depth[inner], 0) for depth in _enclosed(-smooth, -around)]
    tally.voxels += int(where.sum())
    tally.spots += int((np.maximum(dark[0], bright[0]) > 3 * noise).sum())
    tally.dark = _added(tally.dark, dark, noise)
    tally.bright = _added(tally.bright, bright, noise)
    tally.spread += _spread(np.maximum(dark[0], bright[0]) - 2 * noise)


def _spread(depth: NDArray[np.floating[Any]]) -> float:
    """Sum the squares of what is enclosed, times the number of places that share them.

    Places of unequal weight count as fewer: as the inverse of the sum of their squared shares
    (Simpson's index).
    """
    enclosed = np.square(np.maximum(depth, 0), dtype=np.float64)
    near = ndimage.binary_dilation(enclosed > 0, iterations=_APART)
    labels, count = ndimage.label(near)
    weights = ndimage.sum_labels(enclosed, labels, np.arange(1, count + 1))
    squares = float(np.square(weights).sum())
    return float(np.sum(weights)) ** 3 / squares if squares else 0.0


def _around(grey: Floats) -> Floats:
    """Return what is usual within a dozen voxels: the median of every fourth."""
    coarse = ndimage.median_filter(grey[::4, ::4], 7)
    return np.kron(coarse, np.ones((4, 4), np.float32))[: grey.shape[0], : grey.shape[1]]


def _enclosed(grey: Floats, around: Floats) -> tuple[Floats, Floats, Floats]:
    """Tell how far each voxel lies below its ring; that in a ring above all around; its line.

    The ring is as high as its lowest side: what is open to one side is not enclosed. A line
    may be open at two opposite sides.
    """
    sides = [_side(grey, 2 * pi * number / _DIRECTIONS) for number in range(_DIRECTIONS)]
    half = _DIRECTIONS // 2
    pairs = np.stack([np.minimum(a, b) for a, b in zip(sides[:half], sides[half:], strict=True)])
    pairs.sort(axis=0)
    depth = pairs[0] - grey
    return depth, np.minimum(depth, pairs[0] - around), pairs[1] - grey


def _side(grey: Floats, angle: float) -> Floats:
    """Return the highest grey in one direction from each voxel."""
    side = np.full(grey.shape, -np.inf, np.float32)
    for reach in _REACH:
        shift = (round(reach * sin(angle)), round(reach * cos(angle)))
        np.maximum(side, np.roll(grey, shift, (0, 1)), out=side)
    return side


def _added(sums: Sums, depths: list[Floats], noise: float) -> Sums:
    """Add the squares of what rises above the noise."""
    levels = (2 * noise, noise, 2 * noise)
    above = [np.maximum(d - level, 0) for d, level in zip(depths, levels, strict=True)]
    rings, walls, lines = (float(np.square(part, dtype=np.float64).sum()) for part in above)
    return sums[0] + rings, sums[1] + walls, sums[2] + lines
