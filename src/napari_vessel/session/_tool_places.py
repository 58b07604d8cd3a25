"""Quick tools on a place: between two slices, over a gap, in a box, all of a region."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_vessel.annotation import UNTOUCHED
from napari_vessel.geometry import Box, Plane, Zyx
from napari_vessel.morphology import bridged, interpolated, nearest_vessel, tight
from napari_vessel.session._local import LocalThreshold
from napari_vessel.session._tool_painted import PaintedSlices, remembered
from napari_vessel.session._tool_values import Cover, Found, Mask, Nothing, Scene

__all__ = ["applied", "between", "join", "next_unreviewed", "slice_of"]

_SNAP = 4  # voxels from a click to the end of a vessel
_ROOM = 12  # voxels around a gap in which its way is looked for


def between(scene: Scene, painted: PaintedSlices) -> Cover | Nothing:
    """Fill the slices between the last two that were painted, in this session or before."""
    painted = remembered(scene, painted)
    plane = painted.plane
    if plane is None or len(painted.slices) < 2:
        return Nothing("Paint the vessel in two slices of this plane first, then interpolate.")
    low, high = sorted(painted.slices)
    if high - low < 2:
        return Nothing(f"No slice lies between {plane.value.upper()} {low} and {high}.")
    start = scene.labels.region.start[plane.normal]
    first, last = low - start, high - start
    if first < 0 or last >= scene.bounds.shape[plane.normal]:
        return Nothing("What you painted lies outside of the region: paint both slices in it.")
    ends = [_outline(scene, plane, index - start, painted.slices[index]) for index in (low, high)]
    if not all(end.any() for end in ends):
        return Nothing("What you painted in one of the two slices is shown no more: paint it anew.")
    edges = scene.voxel_size.zyx
    filled = interpolated(
        ends[0], ends[1], high - low - 1, (edges[plane.rows], edges[plane.columns])
    )
    whole = list(scene.bounds.start), list(scene.bounds.stop)
    whole[0][plane.normal], whole[1][plane.normal] = first + 1, last
    box, mask = tight(_box(*whole), np.moveaxis(filled, 0, plane.normal))
    mask = mask & (scene.untouched(box) | scene.shown(box))
    if not mask.any():
        return Nothing("All between these two slices is corrected already.")
    sentence = f"Filled {high - low - 1} slices between {low} and {high}: {scene.size_of(mask)}."
    return Cover("interpolate", box, mask, mask, sentence, plane)


def _outline(scene: Scene, plane: Plane, index: int, painted: list[tuple[Box, Mask]]) -> Mask:
    """Return the pieces of a slice, as shown, that were painted on; of the slice's shape."""
    from scipy.ndimage import label

    at = scene.bounds.slice_at(plane, index)
    touched = np.zeros(at.shape, np.bool_)
    for volume_box, mask in painted:
        box = volume_box.relative_to(scene.labels.region)
        inside = box.intersection(at)
        if inside:
            touched[inside.relative_to(at).slices] |= mask[inside.relative_to(box).slices]
    labels, _ = label(scene.shown(at), np.ones((3, 3, 3)))
    kept = np.isin(labels, np.setdiff1d(labels[touched], [0]))
    outline: Mask = kept.squeeze(plane.normal)
    return outline


def join(scene: Scene, first: Zyx, second: Zyx) -> Cover | Nothing:
    """Close the gap between the vessels that end at two voxels (region voxels)."""
    edges = np.asarray(scene.voxel_size.zyx)
    far = float(np.linalg.norm((np.subtract(first, second)) * edges))
    if far > scene.config.longest_gap * edges.min():
        return Nothing(
            f"These ends are {far:,.4g} µm apart: click nearer ones, or raise Longest gap "
            f"({scene.config.longest_gap} voxels)."
        )
    ends = [nearest_vessel(scene.shown, end, scene.bounds, _SNAP) or end for end in (first, second)]
    low, high = np.min(ends, axis=0), np.max(ends, axis=0) + 1
    room = _box(low.tolist(), high.tolist()).expanded((_ROOM,) * 3)
    box = room.intersection(scene.bounds) or scene.bounds
    a, b = (_zyx(np.subtract(end, box.start)) for end in ends)
    z, y, x = edges.tolist()
    tube = bridged(scene.probability(box), scene.shown(box), (a, b), (z, y, x))
    box, tube = tight(box, tube)
    return Cover("join", box, tube, tube, f"Joined over {far:,.4g} µm: {scene.size_of(tube)}.")


def applied(scene: Scene, local: LocalThreshold) -> Cover | Nothing:
    """Keep a local threshold: what it makes vessel, and what it no longer does, is corrected."""
    box = local.box
    other = scene.view.mask_without_local(box.shifted(scene.labels.region.start)) != 0
    new = scene.view.mask(box.shifted(scene.labels.region.start)) != 0
    mask = (other | new) & local.where & scene.untouched(box)
    if not mask.any():
        return Nothing("Nothing is vessel here at either threshold.")
    sentence = (
        f"Kept {local.threshold:.2f} for {local.piece}: "
        f"{np.count_nonzero(mask & new):,} voxels vessel, {np.count_nonzero(mask & ~new):,} not."
    )
    tool = "threshold" if local.likelihood is None else "fit wall"
    return Cover(tool, box, mask, new, sentence)


def next_unreviewed(scene: Scene, plane: Plane, index: int) -> Iterator[Found | Nothing | None]:
    """Look for the next slice (region voxels) with untouched voxels; None now and then."""
    count = scene.bounds.shape[plane.normal]
    overlay, start = scene.labels.corrections.overlay, scene.labels.region.start
    for step in range(1, count + 1):
        at = (index + step) % count
        codes = overlay.read(scene.bounds.slice_at(plane, at).shifted(start))
        if (codes == UNTOUCHED).any():
            where = at + start[plane.normal]
            yield Found(plane, where, f"{plane.value.upper()} {where} is not reviewed yet.")
            return
        yield None
    yield Nothing(f"All {plane.value.upper()} slices of the region are reviewed.")


def _box(start: list[int], stop: list[int]) -> Box:
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _zyx(values: np.ndarray) -> Zyx:
    z, y, x = (int(v) for v in values)
    return z, y, x


def slice_of(box: Box) -> tuple[Plane, int] | None:
    """Return the slice that ``box``, one voxel thick in one direction alone, lies in; else None.

    >>> slice_of(Box((0, 7, 2), (5, 8, 9)))
    (<Plane.XZ: 'xz'>, 7)
    >>> slice_of(Box((0, 7, 2), (5, 9, 9))), slice_of(Box((0, 7, 2), (1, 8, 9)))
    (None, None)
    """
    thin = [axis for axis, edge in enumerate(box.shape) if edge == 1]
    return (Plane.of_normal(thin[0]), box.start[thin[0]]) if len(thin) == 1 else None
