"""Remove small pieces from stored probabilities, block by block; nothing is predicted again."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from time import monotonic

from napari_vessel.geometry import Box, Zyx
from napari_vessel.morphology import HALO, least_voxels, opened_block
from napari_vessel.project import (
    Project,
    Proposal,
    cleaned_draft,
    open_cleaned,
    remove_killed_drafts,
)
from napari_vessel.volumes import Store, create_store
from napari_vessel.workflows._events import Progress
from napari_vessel.workflows._finishing import finish

REMOVING = "Removing small components"
_BLOCK: Zyx = (128, 256, 256)  # with its halo 20 million voxels: at most 500 MB to work on


def remove_small(project: Project, smallest_um3: float) -> Iterator[Progress]:
    """Make the proposal in view, and those that show through it, again without small pieces.

    A piece is counted in what all of them together predict, so one that crosses the
    edge of a proposal is not cut. A proposal that is not complete stays as it is.
    What was made before with this setting, and met nothing new, is taken over.

    Raises
    ------
    CallerError
        The setting is no volume.
    """
    config, proposal = project.config, project.open_proposal()
    least = least_voxels(smallest_um3, config.volume.voxel_size)
    for layer in proposal.layers if proposal else ():
        remove_killed_drafts(layer.store)
    if proposal is None or least <= 1:
        return
    parts, bounds = _stale(proposal, least), Box.of(config.volume.shape)
    seen = [_state(layer) for layer in proposal.layers]
    clock = _Clock(monotonic(), sum(len(part.blocks) for part in parts))
    for part in reversed(parts):  # the newest last: it is what most of the view shows
        with cleaned_draft(part.layer.store, smallest_um3, least, seen) as draft:
            for place in part.blocks:
                block = place.shifted(part.layer.region.start)
                if part.old and part.is_as_before(block):
                    found = part.old.read("probability", place)
                else:
                    found = opened_block(proposal.predicted, block, bounds, least)
                draft.write("probability", place, found)
                yield clock.tick()
            yield from finish(draft)


def without_small(store: Store, smallest_um3: float) -> Generator[Progress, None, Store]:
    """Return a store of ``store``'s probability less its small pieces, made beside it.

    It is ``store`` itself where none are to be removed; coarse levels are not made.
    """
    least = least_voxels(smallest_um3, store.voxel_size)
    if least <= 1:
        return store
    spec = store.spec.model_copy(update={"arrays": ("probability",)})
    draft = create_store(store.path.with_name("cleaned.ome.zarr"), spec, overwrite=True)
    places, bounds = _blocks(draft), Box.of(draft.shape)
    clock, read = _Clock(monotonic(), len(places)), partial(store.read, "probability")
    for place in places:
        draft.write("probability", place, opened_block(read, place, bounds, least))
        yield clock.tick()
    return draft


@dataclass(frozen=True)
class _Part:
    """One proposal to go through; ``fresh`` was predicted after ``old`` was made of it."""

    layer: Proposal
    old: Store | None
    fresh: tuple[Box, ...]

    @property
    def blocks(self) -> list[Box]:
        return _blocks(self.layer.store)

    def is_as_before(self, block: Box) -> bool:
        seen = block.expanded((HALO, HALO, HALO))
        return not any(region.intersection(seen) for region in self.fresh)


@dataclass
class _Clock:
    started: float
    total: int
    done: int = 0

    def tick(self) -> Progress:
        self.done += 1
        left = (monotonic() - self.started) * (self.total - self.done) / self.done
        return Progress(self.done, self.total, "blocks", REMOVING, left)


def _stale(proposal: Proposal, least: int) -> list[_Part]:
    """Return the complete proposals whose small pieces are not, or not all, removed."""
    found, layers = [], {_state(layer): layer.region for layer in proposal.layers}
    for layer in filter(lambda each: each.complete, proposal.layers):
        old = open_cleaned(layer.store, least)
        known = _layers_of(old) if old else frozenset()
        if old is None or not known <= layers.keys():  # made with what shows no more
            found.append(_Part(layer, None, ()))
        elif fresh := tuple(region for state, region in layers.items() if state not in known):
            found.append(_Part(layer, old, fresh))
    return found


def _layers_of(cleaned: Store) -> frozenset[str]:
    layers = cleaned.attrs.get("layers")
    return frozenset(map(str, layers)) if isinstance(layers, list) else frozenset()


def _state(layer: Proposal) -> str:
    """Name what a proposal holds: while it is not complete, that grows."""
    return layer.id if layer.complete else f"{layer.id}:{len(layer.ledger.done)}"


def _blocks(store: Store) -> list[Box]:
    """Cut a store into boxes of whole chunks, of about the size that is worked on at once."""
    z, y, x = (max(n // c, 1) * c for n, c in zip(_BLOCK, store.unit, strict=True))
    return list(Box.of(store.shape).cells((z, y, x)))
