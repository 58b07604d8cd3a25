"""A cluster on this machine: loopback and TLS only, one GPU or a few cores to a worker."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import SpecCluster

__all__ = ["gpus", "local_cluster", "worker_environments"]

_HOST = "127.0.0.1"
_CORES = 4  # to a worker without GPU, as a network gains little from more
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def gpus(device: str) -> list[str]:
    """Name the GPUs of this machine as CUDA_VISIBLE_DEVICES does; none where not wanted."""
    if device in {"cpu", "mps"}:
        return []
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return [name.strip() for name in visible.split(",")][:count] if visible else _numbers(count)


def _numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def worker_environments(workers: int, cores: int, gpus: list[str]) -> list[dict[str, str]]:
    """Return the environment of each worker; ``workers`` 0: one per GPU, else per four cores.

    >>> [env["CUDA_VISIBLE_DEVICES"] for env in worker_environments(0, 8, ["2", "5"])]
    ['2', '5']
    >>> [env["OMP_NUM_THREADS"] for env in worker_environments(0, 9, [])]
    ['4', '4']
    """
    count = workers or len(gpus) or max(cores // _CORES, 1)
    threads = {name: str(max(cores // count, 1)) for name in _THREADS}
    if not gpus:
        return [threads for _ in range(count)]
    return [threads | {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} for number in range(count)]


@contextmanager
def local_cluster(workers: int, device: str) -> Iterator[SpecCluster]:
    """Start workers, each a process of its own, and end them again."""
    import dask
    from dask.system import CPU_COUNT
    from distributed import Nanny, Scheduler, Security, SpecCluster

    said = {name: os.environ[name] for name in _THREADS if name in os.environ}
    environments = [env | said for env in worker_environments(workers, CPU_COUNT, gpus(device))]
    # TLS even here: other users of this machine could send code to a plain port.
    common: dict[str, Any] = {
        "host": _HOST,
        "protocol": "tls://",
        "security": Security.temporary(),
        "dashboard": False,
        "dashboard_address": f"{_HOST}:0",
    }
    worker = {**common, "nthreads": 1, "memory_limit": 0, "silence_logs": logging.ERROR}
    # dask's own would give each worker one thread, and memory back to the system too often.
    with _environment_kept(), dask.config.set({"distributed.nanny.pre-spawn-environ": {}}):
        cluster = SpecCluster(
            scheduler={"cls": Scheduler, "options": {**common, "allowed_failures": 2}},
            workers={
                number: {"cls": Nanny, "options": {**worker, "env": environment}}
                for number, environment in enumerate(environments)
            },
            security=common["security"],
            silence_logs=logging.ERROR,
            name="napari-vessel",
        )
        with cluster:
            yield cluster


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take back what a nanny sets in this process for those it starts."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
