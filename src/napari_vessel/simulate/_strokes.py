"""What a hand draws: pieces that are wrong, the way a brush takes, and unsteady edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mask", "Piece", "drawn_by_hand", "pieces_of"]

Mask = NDArray[np.bool_]

_UNSTEADY = 3.0  # pixels over which a hand is off to the same side


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One stroke: ``mask`` (rows, columns) from ``corner`` on, painted with ``value``."""

    corner: tuple[int, int]
    mask: Mask
    value: int

    def path_px(self, largest_brush: int) -> float:
        """Return how far the brush goes: along the piece, and in passes where it is wide.

        >>> Piece((0, 0), np.ones((1, 9), bool), 1).path_px(15)
        9.0
        """
        from skimage.morphology import skeletonize

        along = int(np.count_nonzero(skeletonize(np.pad(self.mask, 1))))  # type: ignore[no-untyped-call]
        return float(max(along, 1, np.count_nonzero(self.mask) / largest_brush))


def pieces_of(
    wrong: Mask, truth: Mask, least: int, wall_px: float, *, value: int
) -> Iterator[Piece]:
    """Yield the connected pieces of what is wrong that a person sees.

    Parameters
    ----------
    wrong, truth
        Of one slice.
    least
        Pixels of the smallest piece that is seen.
    wall_px
        Pieces that lie within this distance of the true wall are left as they are.
    value
        What they are painted with.
    """
    from scipy.ndimage import distance_transform_edt, find_objects, label

    labels, _ = label(wrong, np.ones((3, 3)))
    if wall_px > 0 and truth.any() and not truth.all():
        far = np.where(truth, distance_transform_edt(truth), distance_transform_edt(~truth))
    else:
        far = np.full(truth.shape, np.inf)
    for number, where in enumerate(find_objects(labels), start=1):
        mask = labels[where] == number
        if np.count_nonzero(mask) >= least and far[where][mask].max() > wall_px:
            yield Piece((where[0].start, where[1].start), mask, value)


def drawn_by_hand(truth: Mask, edge_px: float, rng: np.random.Generator) -> Mask:
    """Return ``truth`` (one slice) with edges that are off by ``edge_px`` pixels on average."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    if edge_px == 0 or not truth.any() or truth.all():
        return truth
    noise = gaussian_filter(rng.standard_normal(truth.shape), _UNSTEADY)
    off = noise / max(float(noise.std()), 1e-9) * edge_px
    # Half a pixel inside and outside, so that edges that are not off stay where they are.
    signed = np.where(
        truth, distance_transform_edt(truth) - 0.5, 0.5 - distance_transform_edt(~truth)
    )
    drawn: Mask = signed + off > 0
    return drawn
