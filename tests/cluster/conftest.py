"""A cluster within this process, which starts at once, and patience cut short."""

from contextlib import contextmanager

import pytest
from distributed import LocalCluster

from napari_vessel.cluster import ClusterConfig, connect

QUICK = ClusterConfig(tick_s=0.1, look_s=0.1, slow_least_s=0.2, connect_s=5)


@contextmanager
def threads_for_workers(n_workers, threads=1, **options):
    """Start workers that are threads of this process."""
    with LocalCluster(
        n_workers=n_workers,
        threads_per_worker=threads,
        processes=False,
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
        **options,
    ) as made:
        yield made


@pytest.fixture
def two_workers():
    with threads_for_workers(2) as made:
        yield made


@pytest.fixture
def cluster(two_workers):
    with connect(two_workers.scheduler_address, config=QUICK) as connected:
        yield connected
