"""What a person with ilastik gets: a random forest on multiscale features, from scribbles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_dilation,
    distance_transform_edt,
    gaussian_filter,
    gaussian_gradient_magnitude,
    gaussian_laplace,
)
from skimage.feature import hessian_matrix, hessian_matrix_eigvals, structure_tensor
from skimage.feature import structure_tensor_eigenvalues as tensor_eigenvalues
from sklearn.ensemble import RandomForestClassifier

from ladder_data import Image, Mask

SIGMAS = (0.7, 1.0, 1.6, 3.5, 5.0)  # px, those of ilastik
STROKES = 5  # of each class in a slice
_TREES = 100
_NEAR = 12.0  # px from a vessel: where a person tells it from what looks alike


def forest_mask(image: Image, truth: Mask, slices: tuple[int, ...], seed: int) -> Mask:
    """Train on scribbles in ``slices`` of a volume and classify all of it, slice by slice."""
    rng = np.random.default_rng(seed)
    values, classes = [], []
    for z in slices:
        drawn = features(image[z])
        for wanted, stroked in enumerate(scribbles(truth[z], rng)):
            values.append(drawn[stroked])
            classes.append(np.full(int(stroked.sum()), wanted))
    forest = RandomForestClassifier(_TREES, random_state=seed, n_jobs=1)
    forest.fit(np.concatenate(values), np.concatenate(classes))
    flat = (features(piece).reshape(piece.size, -1) for piece in image)
    found = np.stack([forest.predict_proba(rows)[:, 1] for rows in flat])
    return np.asarray(found.reshape(image.shape) >= 0.5)


def scribbles(truth: Mask, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Paint strokes in a slice as a person does: (background, vessel), each within its class.

    Half of the background's strokes begin near a vessel, as those of a person who
    corrects do.
    """
    near = ~truth & (distance_transform_edt(~truth) <= _NEAR)
    background = np.zeros_like(truth)
    for number in range(STROKES):
        background |= _stroke(~truth, near if number % 2 else ~truth, 60, rng)
    vessel = np.zeros_like(truth)
    for _ in range(STROKES):
        vessel |= _stroke(truth, truth, 30, rng)
    return background, vessel


def features(image: Image) -> NDArray[np.float32]:
    """Compute a slice's features, (rows, columns, 1 + 7 for each scale)."""
    found = [image]
    for sigma in SIGMAS:
        tensor = structure_tensor(image, sigma=sigma, order="rc")
        hessian = hessian_matrix(image, sigma=sigma, order="rc", use_gaussian_derivatives=True)
        found += [
            gaussian_filter(image, sigma),
            gaussian_laplace(image, sigma),
            gaussian_gradient_magnitude(image, sigma),
            *tensor_eigenvalues(tensor),
            *hessian_matrix_eigvals(hessian),
        ]
    return np.stack(found, axis=-1).astype(np.float32)


def _stroke(inside: Mask, begin: Mask, length: int, rng: np.random.Generator) -> Mask:
    """Draw a wandering line of a brush of 3 px that begins in ``begin`` and stays ``inside``."""
    line = np.zeros_like(inside)
    places = np.flatnonzero(begin)
    if not len(places):
        return line
    place = np.array(np.unravel_index(rng.choice(places), inside.shape), float)
    angle = rng.uniform(0, 2 * np.pi)
    for _ in range(length):
        line[tuple(place.round().astype(int))] = True
        angle += rng.normal(0, 0.3)
        ahead = place + np.array([np.sin(angle), np.cos(angle)])
        at = tuple(ahead.round().astype(int))
        if all(0 <= a < n for a, n in zip(at, inside.shape, strict=True)) and inside[at]:
            place = ahead
        else:
            angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(binary_dilation(line, np.ones((3, 3))) & inside)
