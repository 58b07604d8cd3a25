"""Which boxes touch one another, directly or by way of others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_vessel.geometry import Box

__all__ = ["overlapping"]


def overlapping(boxes: Sequence[Box]) -> list[int]:
    """Return for each box the first of those that hang together with it by sharing voxels.

    >>> overlapping([Box((0, 0, 0), (1, 4, 4)), Box((0, 9, 9), (1, 12, 12)),
    ...              Box((0, 3, 3), (1, 6, 6))])
    [0, 1, 0]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    if not boxes:
        return []
    starts = np.array([box.start for box in boxes], float)
    stops = np.array([box.stop for box in boxes], float)
    centres = (starts + stops) / 2
    # Boxes that share a voxel have centres nearer than the longest edge, in every axis.
    reach = float((stops - starts).max())
    pairs = KDTree(centres).query_pairs(reach, p=np.inf, output_type="ndarray")
    one, other = pairs[:, 0], pairs[:, 1]
    share = ((starts[one] < stops[other]) & (starts[other] < stops[one])).all(axis=1)
    one, other = one[share], other[share]
    links = coo_matrix((np.ones(len(one)), (one, other)), shape=(len(boxes),) * 2)
    _, piece = connected_components(links, directed=False)
    _, first = np.unique(piece, return_index=True)
    return [int(first[at]) for at in piece]
