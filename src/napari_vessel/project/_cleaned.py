"""A probability without its small pieces, kept with the one it was made of.

It is a store of its own in the folder of the other, ``cleaned``: whole or absent,
and saying of which setting it is. The probability as predicted is never changed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import JsonValue

from napari_vessel.errors import VesselError, VolumeNotFoundError
from napari_vessel.volumes import (
    Store,
    StoreSpec,
    create_store,
    folder_beside,
    open_store,
    remove_leftovers,
)

_log = logging.getLogger(__name__)


def open_cleaned(store: Store, least_voxels: int) -> Store | None:
    """Open ``store``'s probability without pieces of fewer than ``least_voxels``.

    None where nothing is to be removed (up to 1 voxel), where it was not made,
    or made with another setting. A damaged one is as none: it can be made again.
    """
    if least_voxels <= 1:
        return None
    try:
        cleaned = open_store(_place(store))
        fits = cleaned.shape == store.shape and cleaned.attrs.get("least_voxels") == least_voxels
        return cleaned if fits and cleaned.complete else None
    except VolumeNotFoundError:
        return None  # deleted meanwhile
    except VesselError as error:
        _log.warning("Small pieces are shown, what was made without them is left out: %s", error)
        return None


@contextmanager
def cleaned_draft(
    store: Store, smallest_um3: float, least_voxels: int, layers: list[str]
) -> Iterator[Store]:
    """Give a store to fill and finish; on leaving it is ``store``'s cleaned probability.

    On an error, or where it is cancelled, what stood there before stays.

    Parameters
    ----------
    store
        What it is made of.
    smallest_um3, least_voxels
        The setting, as a volume and as the voxels that it takes.
    layers
        What was seen when it was made: the proposals, the newest first.

    Raises
    ------
    WriteError
        The disk refuses.
    """
    attrs: dict[str, JsonValue] = {
        "smallest_um3": smallest_um3,
        "least_voxels": least_voxels,
        "layers": list(layers),
    }
    spec = StoreSpec(shape=store.shape, voxel_size=store.voxel_size, chunk=store.chunk, attrs=attrs)
    with _held(store), folder_beside(_place(store), overwrite=True) as draft:
        yield create_store(draft, spec, overwrite=True)


def remove_killed_drafts(store: Store) -> None:
    """Delete what cleanings of ``store`` that were killed left, unless one is under way."""
    with _held(store) as alone:
        if alone:
            remove_leftovers(_place(store))


@contextmanager
def _held(store: Store) -> Iterator[bool]:
    """Hold ``store`` against the removal of drafts; false where another does, or none can."""
    # The system frees the lock of who is killed. A generator may end on another thread.
    lock = FileLock(_place(store).with_suffix(".lock"), thread_local=False)
    with suppress(Timeout, OSError, NotImplementedError):
        lock.acquire(blocking=False)
    try:
        yield lock.is_locked
    finally:
        lock.release()


def _place(store: Store) -> Path:
    return store.path / "cleaned"
