"""Draw pictures that stand in for glomeruli of a stained slide: to try a classifier on.

They are drawings, not data: no patient is in them, and what is learned from them says nothing
about a slide. Normal ones have an open tuft with loops and many nuclei in a white space;
sclerotic ones are a small, even, pale scar with few. Donors differ in their stain. Run as
``python scripts/drawn_glomeruli.py OUT [--donors 12] [--each 8]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.io import imsave

Picture = NDArray[np.float64]
EDGE = 96  # px
_ROWS, _COLUMNS = np.mgrid[:EDGE, :EDGE].astype(float)
_NUCLEUS = np.array([0.30, 0.22, 0.48])


def main() -> None:
    """Write OUT/normal and OUT/sclerotic, files named by their donor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--donors", type=int, default=12)
    parser.add_argument("--each", type=int, default=8, help="pictures of a class, of each donor")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    random = np.random.default_rng(asked.seed)
    for label in ("normal", "sclerotic"):
        (asked.out / label).mkdir(parents=True)
    for donor in range(asked.donors):
        stain = np.array([0.84, 0.62, 0.76]) + random.normal(0, 0.04, 3)
        for label in ("normal", "sclerotic"):
            for number in range(asked.each):
                picture = drawn(label, stain, random)
                name = f"donor{donor:02d}_{number:02d}.png"
                imsave(asked.out / label / name, picture, check_contrast=False)


def drawn(label: str, stain: Picture, random: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one of a class: (96, 96, 3)."""
    picture = np.ones((EDGE, EDGE, 3)) * stain
    picture *= 1 + 0.25 * _cloud(random, 4)[..., None]  # tubules
    _dot(picture, _places(random, 60, np.ones((EDGE, EDGE), bool)))
    middle = EDGE / 2 + random.normal(0, 3, 2)
    round_ = _distance(middle) * (1 + 0.12 * _cloud(random, 10))
    radius = random.uniform(30, 38) if label == "normal" else random.uniform(20, 33)
    tuft = round_ < radius - (5 if label == "normal" else 1)
    picture[round_ < radius] = 0.96  # Bowman's space
    colour = stain * (0.92 if label == "normal" else 0.98)
    picture[tuft] = colour
    if label == "normal":
        loops = tuft & (_cloud(random, 1.6) > 0.55)
        picture[loops] = 0.95
        _dot(picture, _places(random, 55, tuft))
    else:
        picture[tuft] *= 1 + 0.06 * _cloud(random, 3)[tuft][:, None]
        _dot(picture, _places(random, int(random.integers(2, 12)), tuft))
    picture = gaussian_filter(picture, (0.7, 0.7, 0)) + random.normal(0, 0.03, picture.shape)
    return (picture.clip(0, 1) * 255).astype(np.uint8)


def _distance(middle: Picture) -> Picture:
    return np.hypot(_ROWS - middle[0], _COLUMNS - middle[1])


def _cloud(random: np.random.Generator, grain: float) -> Picture:
    """Return smooth noise of deviation 1 but for its edges, as grainy as so many pixels."""
    cloud = gaussian_filter(random.normal(size=(EDGE, EDGE)), grain)
    return (cloud / cloud.std()).clip(-2, 2) * 0.5


def _places(random: np.random.Generator, count: int, inside: NDArray[np.bool_]) -> Picture:
    places = np.argwhere(inside)
    return places[random.integers(len(places), size=count)].astype(float)


def _dot(picture: Picture, places: Picture) -> None:
    """Draw nuclei."""
    for place in places:
        picture[_distance(place) < 1.8] = _NUCLEUS


if __name__ == "__main__":
    main()
