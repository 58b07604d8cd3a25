"""Replay against forgetting: beside corrections of one volume, patches of phantoms of all kinds.

The phantoms come from a shelf in the user's cache that is filled beside (see
:class:`~napari_vessel.phantoms.PhantomShelf`): training begins at once, and takes what is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Plane
from napari_vessel.inference import breathe
from napari_vessel.phantoms import PhantomShelf, ShelvedPhantom
from napari_vessel.tiling import cut_reflected, slices_of
from napari_vessel.training._config import TrainingConfig
from napari_vessel.training._samples import Batch, PatchSampler
from napari_vessel.volumes import IntensityWindow

__all__ = ["PhantomPatches", "Rehearsal", "RehearsingSampler", "ShowPhantom"]

ShowPhantom = Callable[[NDArray[np.float32], bool], NDArray[np.float32]]
"""Turn an image windowed to [0, 1], told whether its vessels are bright, into a network's."""

_LOOK_S = 1.0  # between two looks at the shelf
_SLOW_S = 0.25  # of a look: the first one may find many
_MOST_LOADED = 64
_SQUARE = 1.6  # of pixels of other proportions a network is not asked
_BACKGROUND = 0.3  # of patches are centred anywhere, the others on a vessel
_STREAM = 7919  # a stream of numbers apart from the one that corrections are drawn by
_log = logging.getLogger(__name__)


class Rehearsal(NamedTuple):
    """Corrections with phantoms beside; each has its own share of the loss, whatever its voxels.

    Parameters
    ----------
    corrections, phantoms
        What is learned, and what is not to be forgotten.
    share
        Of the loss, for the phantoms.
    """

    corrections: Batch
    phantoms: Batch
    share: float


class PhantomPatches:
    """Draws patches of the phantoms on a shelf, in the planes whose pixels are square.

    Parameters
    ----------
    shelf
        Filled beside, from the first draw on.
    show
        As the network sees a volume.
    patch
        Edge, in pixels.
    seed
        Of the draws.
    """

    def __init__(self, shelf: PhantomShelf, show: ShowPhantom, patch: int, seed: int) -> None:
        self._shelf, self._show, self._patch = shelf, show, patch
        self._rng = np.random.default_rng((seed, _STREAM))
        self._loaded: dict[Path, _Shown] = {}
        self._broken: set[Path] = set()
        self._looked: float | None = None

    def draw(self, count: int) -> Batch | None:
        """Return patches, all of them reviewed; None where no phantom is there yet."""
        self._look()
        shown = list(self._loaded.values())
        if not shown or not count:
            return None
        cuts = [self._cut(shown[int(self._rng.integers(len(shown)))]) for _ in range(count)]
        image, target = (np.stack(parts)[:, None] for parts in zip(*cuts, strict=True))
        return Batch(image, target, np.ones_like(target))

    def close(self) -> None:
        """Stop filling the shelf."""
        self._shelf.close()

    def _look(self) -> None:
        """Load what has come to the shelf, now and then; the first time, have it filled."""
        now = monotonic()
        if self._looked is not None and now - self._looked < _LOOK_S:
            return
        if self._looked is None:
            self._shelf.fill_beside()
        self._looked = now
        for path in self._shelf.paths()[:_MOST_LOADED]:
            if path in self._loaded or path in self._broken:
                continue
            if monotonic() - now > _SLOW_S:
                breathe()
            try:
                self._loaded[path] = _Shown.of(self._shelf.load(path), self._show)
            except ReadError as error:
                _log.warning("Left out of the replay: %s", error)
                self._broken.add(path)

    def _cut(self, shown: _Shown) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rng, edge = self._rng, self._patch
        plane = shown.planes[int(rng.integers(len(shown.planes)))]
        images, truths = slices_of(shown.image, plane), slices_of(shown.truth, plane)
        if len(shown.vessels) and rng.random() >= _BACKGROUND:
            voxel = shown.vessels[int(rng.integers(len(shown.vessels)))]
        else:
            voxel = rng.integers(0, shown.truth.shape)
        reach = edge // 4
        starts = [
            int(voxel[axis]) - edge // 2 + int(rng.integers(-reach, reach + 1))
            for axis in (plane.rows, plane.columns)
        ]
        first, last = (starts[0], starts[1]), (starts[0] + edge, starts[1] + edge)
        index = int(voxel[plane.normal])
        image = cut_reflected(images[index], first, last)
        truth = cut_reflected(truths[index].astype(np.float32), first, last)
        return np.ascontiguousarray(image, np.float32), np.ascontiguousarray(truth)


class _Shown(NamedTuple):
    """A phantom as the network sees it."""

    image: NDArray[np.float32]
    truth: NDArray[np.bool_]
    vessels: NDArray[np.int64]  # some vessel voxels, (n, 3)
    planes: tuple[Plane, ...]

    @classmethod
    def of(cls, phantom: ShelvedPhantom, show: ShowPhantom) -> _Shown:
        windowed = IntensityWindow.of(phantom.image).apply(phantom.image)
        places = np.argwhere(phantom.truth)
        square = tuple(plane for plane in Plane if _is_square(plane, phantom.edges_um))
        image = show(windowed, phantom.bright).astype(np.float32)
        return cls(image, phantom.truth, places[:: max(len(places) // 20_000, 1)], square)


class RehearsingSampler:
    """Batches of corrections, some of their patches given to phantoms as soon as there are any.

    Parameters
    ----------
    sampler
        Draws corrections.
    phantoms
        Draws phantoms.
    config
        ``batch``, ``replay_share``, ``replay_weight`` and ``seed``.
    """

    def __init__(
        self, sampler: PatchSampler, phantoms: PhantomPatches, config: TrainingConfig
    ) -> None:
        self._sampler, self._phantoms, self._config = sampler, phantoms, config
        self._rng = np.random.default_rng((config.seed, _STREAM + 1))

    def __iter__(self) -> Iterator[Batch | Rehearsal]:
        for _ in range(len(self)):
            yield self.batch()

    def __len__(self) -> int:
        return len(self._sampler)

    def batch(self) -> Batch | Rehearsal:
        """Draw one batch; where it has room for one patch alone, of corrections or of phantoms."""
        config = self._config
        size, share = config.batch, config.replay_share
        # A share of 0.2 of 8 is 1.6: two patches three times out of five, else one.
        wanted = int(share * size + self._rng.random())
        phantoms = self._phantoms.draw(min(wanted, max(size - 1, 1)))
        if phantoms is None:
            return self._sampler.batch()
        left = size - len(phantoms.image)
        corrections = self._sampler.batch(left) if left else self._sampler.batch(1)
        return Rehearsal(corrections, phantoms, config.replay_weight)

    def close(self) -> None:
        """Stop making phantoms."""
        self._phantoms.close()


def _is_square(plane: Plane, edges: tuple[float, float, float]) -> bool:
    sides = edges[plane.rows], edges[plane.columns]
    return max(sides) < _SQUARE * min(sides)
