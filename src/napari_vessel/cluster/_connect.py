"""Reach a cluster, or start one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_vessel.cluster._address import (
    check_scheduler,
    local_workers,
    require_safe,
    scheduler_address,
)
from napari_vessel.cluster._cluster import Cluster
from napari_vessel.cluster._config import ClusterConfig
from napari_vessel.errors import CallerError, ComputeError

if TYPE_CHECKING:
    from distributed import Client, Security

__all__ = ["connect"]

_TLS = (
    "TLS needs its certificates in dask's configuration: distributed.comm.tls.ca-file and "
    "distributed.comm.tls.client.cert and .key, in ~/.config/dask/*.yaml or as "
    "DASK_DISTRIBUTED__COMM__TLS__CA_FILE and so on; docs/cluster.md shows it."
)


@contextmanager
def connect(
    scheduler: str, *, device: str = "auto", config: ClusterConfig | None = None
) -> Iterator[Cluster]:
    """Reach the workers of a scheduler; what this process began is ended at the end.

    Parameters
    ----------
    scheduler
        ``local`` (a worker per GPU of this machine, else per four cores), ``local:N``
        (N workers), or the address of a scheduler: ``tls://HOST:PORT`` with the
        certificates of dask's own configuration, or ``tcp://127.0.0.1:PORT``.
    device
        For a local cluster: ``cpu`` gives no worker a GPU.

    Raises
    ------
    CallerError
        dask.distributed is not installed, the address is none, or plain text would
        leave this machine; or TLS is not configured.
    ComputeError
        No scheduler answers there.
    """
    check_scheduler(scheduler)
    config = config or ClusterConfig()
    if (workers := local_workers(scheduler)) is None:
        address = scheduler_address(scheduler)
        with _client(address, config) as client:
            yield Cluster(client, address, config)
    else:
        from napari_vessel.cluster._local import local_cluster

        with local_cluster(workers, device) as cluster:
            from distributed import Client

            with Client(cluster, set_as_default=False) as client:
                yield Cluster(client, "this machine", config)


@contextmanager
def _client(address: str, config: ClusterConfig) -> Iterator[Client]:
    from distributed import Client

    security = _security(address)
    try:
        client = Client(address, security=security, set_as_default=False, timeout=config.connect_s)
    except OSError as error:  # also its own time-out
        raise ComputeError(
            f"No scheduler answers at {address} within {config.connect_s:g} s: is it running, and "
            f"can this machine reach it? ({error})"
        ) from error
    with client:
        require_safe(client.scheduler_info()["workers"], "The scheduler's worker")
        yield client


def _security(address: str) -> Security:
    """Read how to reach ``address`` from dask's configuration; refuse what cannot work.

    Here, since a client that fails to start is waited for when it is collected.
    """
    from distributed import Security

    encrypted = address.startswith(("tls://", "wss://"))
    # With require_encryption a scheduler's word cannot lead to a plain address either.
    security = Security(require_encryption=encrypted or None)
    if security.require_encryption and not encrypted and not address.startswith("inproc://"):
        raise CallerError(
            f"{address} is plain, and dask's configuration asks for encryption: name it as "
            "tls://HOST:PORT."
        )
    if encrypted:
        try:
            ready = security.get_connection_args("client").get("ssl_context") is not None
        except OSError as error:  # also ssl's errors
            raise CallerError(f"The certificates for {address}: {error}. {_TLS}") from error
        if not ready:
            raise CallerError(f"{address}: no certificates were found. {_TLS}")
    return security
