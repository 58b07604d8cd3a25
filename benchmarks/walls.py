"""How much of what proposals get wrong along vessel walls the image could tell at all.

For the proposals of ``correcting.py``: Dice at 0.5; the share of missing voxels that touch the
true wall from inside; the best Dice of one threshold for all of the patch; and the best Dice of
extremely randomised trees on 158 features (neighbours in image and probability, and both
blurred) that learnt on one half of the same patch and are asked on the other.

    python benchmarks/walls.py [--data ../shared/data] [--only 05_kidney1] [--json]
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from sklearn.ensemble import ExtraTreesClassifier

from _tables import show
from correcting import Patch, patches

_BAND = 30  # of 255: voxels near one as likely as that are asked about
_LEVELS = range(10, 250, 5)
_BLURS = (0.7, 1.2, 2.0, 4.0)


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Dice of two masks."""
    return float(2 * np.count_nonzero(one & other) / (one.sum() + other.sum()))


def features(image: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Return, for each voxel, its neighbours (3 × 5 × 5) in both arrays, and both blurred."""
    made = []
    for values in (probability.astype(np.float32), image):
        wide = np.pad(values, 2, mode="edge")
        for step in product((-1, 0, 1), range(-2, 3), range(-2, 3)):
            cut = (slice(2 + d, 2 + d + n) for d, n in zip(step, values.shape, strict=True))
            made.append(wide[tuple(cut)])
        made += [gaussian_filter(values, sigma) for sigma in _BLURS]
    return np.stack(made, -1)


def learnt(image: np.ndarray, truth: np.ndarray, probability: np.ndarray) -> float:
    """Learn on each half of a patch, ask on the other, and take the best threshold for both."""
    known = features(image, probability)
    band = distance_transform_edt(probability < _BAND) <= 1.5
    left = np.indices(truth.shape)[2] < truth.shape[2] // 2
    found = np.zeros(truth.shape)
    for half in (left, ~left):
        trees = ExtraTreesClassifier(200, min_samples_leaf=2, random_state=0)
        trees.fit(known[band & half], truth[band & half])
        found[band & ~half] = trees.predict_proba(known[band & ~half])[:, 1]
    return max(dice(found >= value, truth) for value in np.arange(0.1, 0.9, 0.05))


def row(patch: Patch) -> dict[str, Any]:
    """Return a row for one proposal."""
    name, image, truth, probability = patch
    missing = truth & (probability < 128)
    on_wall = missing & (distance_transform_edt(truth) == 1)
    return {
        "proposal": name,
        "Dice at 0.5": dice(probability >= 128, truth),
        "missing on the wall": float(on_wall.sum() / max(missing.sum(), 1)),
        "best threshold": max(dice(probability >= level, truth) for level in _LEVELS),
        "learnt on the other half": learnt(image, truth, probability),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data")
    parser.add_argument("--only", default="", help="patches whose name holds this")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    show([row(patch) for patch in patches(asked.data, asked.only)], as_json=asked.json)


if __name__ == "__main__":
    main()
