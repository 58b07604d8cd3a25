"""A block predicted on a worker of a cluster: all it needs is read there, and kept.

What is sent is where things lie: job, volume and checkpoint. The recipe is the job's own,
so what a worker does is what the job says. Imports no torch: a scheduler reads this, too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast

import napari_vessel
from napari_vessel.cluster import GivenUp, given_up, scratch
from napari_vessel.errors import CheckpointError, ComputeError, ReadError
from napari_vessel.geometry import Box
from napari_vessel.inference import InferenceConfig
from napari_vessel.project import BlockLedger
from napari_vessel.volumes import VolumeOptions
from napari_vessel.workflows._events import BlockFailed

if TYPE_CHECKING:
    from torch import nn

    from napari_vessel.networks import Checkpoint
    from napari_vessel.volumes import Volume
    from napari_vessel.workflows._blocks import BlockRun

_RECIPE_S = 2.0  # between two looks whether the job is still the same
_SHARED = "Volume, checkpoint and output must lie where every worker sees them at the same path."


@dataclass(frozen=True, slots=True)
class Network:
    """A checkpoint by its name or folder, that it must be the one meant, and where it runs."""

    checkpoint: str
    sha256: str
    device: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where a worker finds what a job needs.

    Attributes
    ----------
    run
        Names this run of the job: another one opens everything anew.
    job
        The job's folder.
    recipe
        The check sum of the recipe in it.
    volume
        Path or address; not shown, as an address can hold a password.
    """

    run: str
    job: Path
    recipe: str
    volume: str = field(repr=False)
    options: VolumeOptions
    network: Network


@dataclass(frozen=True, slots=True)
class BlockDone:
    """A block is on the disk; ``missing_chunks`` its worker missed up to now."""

    box: Box
    seconds: float
    left_out: int
    missing_chunks: int


def predict_there(site: Site, block: Box) -> BlockDone:
    """Predict ``block`` (volume voxels) and bring it to the disk; runs on a worker.

    Raises
    ------
    ComputeError, CheckpointError
        The worker does not see what it needs, or is another version.
    ReadError
        Voxels cannot be read.
    """
    from napari_vessel.workflows._blocks import predict_blocks

    started = checked = monotonic()
    run, volume = _kept(_benches, site, _opened)
    ledger = _InMemory(scratch() / "blocks.jsonl")
    steps = predict_blocks(replace(run, ledger=ledger), [block])
    with closing(cast("Generator[object, None, None]", steps)) as events:
        for event in events:
            if given_up():
                raise GivenUp
            if monotonic() - checked > _RECIPE_S:
                checked = monotonic()
                _read_recipe(site)  # nobody may have begun another job there meanwhile
            if isinstance(event, BlockFailed):
                raise ReadError(event.reason)
    return BlockDone(
        block, monotonic() - started, ledger.left_out.get(block, 0), volume.missing_chunks
    )


class _InMemory(BlockLedger):
    """A ledger that nothing is left of: the driver keeps the job's."""

    def _append(self, line: str) -> None:
        pass


def precision_there(network: Network, wish: str) -> str:
    """Choose the arithmetic on a worker, whose device is what counts."""
    from napari_vessel.networks import choose_device, choose_precision

    return choose_precision(choose_device(network.device), wish, _kept(_networks, network, _loaded))


_KEPT = 2  # of each: two jobs may share a cluster
_benches: dict[Site, tuple[BlockRun, Volume]] = {}
_networks: dict[Network, nn.Module] = {}
_lock = RLock()
_K = TypeVar("_K")
_V = TypeVar("_V")


def _kept(cache: dict[_K, _V], key: _K, make: Callable[[_K], _V]) -> _V:
    """Return what was made of ``key`` in this process, or make it: once, and forget the oldest."""
    with _lock:
        if key not in cache:
            if len(cache) >= _KEPT:
                del cache[next(iter(cache))]
            cache[key] = make(key)
        return cache[key]


def _loaded(wanted: Network) -> nn.Module:
    from napari_vessel.networks import choose_device

    device = choose_device(wanted.device)
    network = _checkpoint(wanted).load(device)
    if device.type == "cpu":
        return network
    from napari_vessel.workflows._one_at_a_time import OneAtATime

    return OneAtATime(network).eval()


def _checkpoint(wanted: Network) -> Checkpoint:
    from napari_vessel.workflows._checkpoints import checkpoint_of

    found = checkpoint_of(wanted.checkpoint)
    if found.card.sha256 != wanted.sha256:
        raise CheckpointError(
            f"{found.path} has other weights here (sha256 {found.card.sha256[:12]}…) than where "
            f"the job was started ({wanted.sha256[:12]}…). {_SHARED}"
        )
    return found


def _opened(site: Site) -> tuple[BlockRun, Volume]:
    from napari_vessel.volumes import IntensityWindow, open_store, open_volume
    from napari_vessel.workflows._blocks import BlockRun
    from napari_vessel.workflows._job import Job
    from napari_vessel.workflows._organ import organ_of_job
    from napari_vessel.workflows._reading import PolarityUsed, windowed_reader

    recipe, job = _read_recipe(site), Job(site.job)
    _require_same("Software", recipe["code"], napari_vessel.__version__)
    _require_same("Software", recipe["libraries"], {n: version(n) for n in recipe["libraries"]})
    volume = open_volume(site.volume, site.options)
    _require_same(f"The fingerprint of {volume.uri}", recipe["fingerprint"], volume.fingerprint)
    organ = organ_of_job(site.job, volume)
    _require_same("The organ", recipe["organ"]["digest"], organ.digest)
    window = IntensityWindow.model_validate(recipe["window"])
    card = _checkpoint(site.network).card
    return BlockRun(
        name=str(site.job),
        network=_kept(_networks, site.network, _loaded),
        read=windowed_reader(volume, window, card, PolarityUsed(**recipe["polarity"])),
        organ=organ,
        bounds=Box.of(volume.shape),
        region=Box.parse(recipe["region"]),
        config=InferenceConfig.model_validate(
            recipe["inference"] | {"device": site.network.device}
        ),
        store=open_store(job.probability, writable=True),
        ledger=_InMemory(job.ledger),
    ), volume


def recipe_sum(job: Path) -> str:
    """Return the check sum of a job's recipe."""
    return sha256((job / "job.json").read_bytes()).hexdigest()


def _read_recipe(site: Site) -> dict[str, Any]:
    from napari_vessel.workflows._unfinished import read_recipe

    try:
        if recipe_sum(site.job) == site.recipe:
            return read_recipe(site.job / "job.json")
    except OSError as error:
        raise ComputeError(
            f"{site.job} cannot be read here ({error.strerror}). {_SHARED}"
        ) from error
    raise ComputeError(f"{site.job} is another job here than where this was started. {_SHARED}")


def _require_same(what: str, wanted: object, found: object) -> None:
    if wanted != found:
        raise ComputeError(
            f"{what} differs here, {found}, from where the job was started, {wanted}. Workers "
            "need the same environment and the same files, else the mask would not be the recipe's."
        )
