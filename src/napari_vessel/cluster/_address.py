"""What a person may name as scheduler: this machine, or TLS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec
from ipaddress import ip_address

from napari_vessel.errors import CallerError

__all__ = ["check_scheduler", "local_workers", "require_safe", "scheduler_address"]

_LOCAL = re.compile(r"local(?::(\d+))?")
_ADDRESS = re.compile(r"(?:([a-z]+)://)?(\[[0-9a-fA-F:.]+\]|[^\s/\[\]:]+)(?::(\d+))?(/\S*)?")
_ENCRYPTED = {"tls", "wss"}
_PLAIN = {"tcp", "ws"}
_HOW = (
    "Everything that is sent there is code to run. Start the cluster with TLS and name it as "
    "tls://HOST:PORT (docs/cluster.md says how), or reach it through this machine alone."
)


def check_scheduler(scheduler: str) -> None:
    """Refuse what :func:`connect` would refuse, before anything is begun.

    Raises
    ------
    CallerError
        It is neither ``local``, ``local:N`` nor a safe address, or dask is not installed.
    """
    if local_workers(scheduler) is None:
        scheduler_address(scheduler)
    if find_spec("distributed") is None:
        raise CallerError(
            f"--scheduler {scheduler} needs dask.distributed: pip install 'napari-vessel[cluster]'."
        )


def local_workers(scheduler: str) -> int | None:
    """Read ``local`` or ``local:N``: N workers on this machine, 0 for as many as fit.

    >>> local_workers("local"), local_workers("local:3"), local_workers("tls://gpu:8786")
    (0, 3, None)

    Raises
    ------
    CallerError
        N is zero.
    """
    found = _LOCAL.fullmatch(scheduler.strip())
    if found is None:
        return None
    if found[1] is not None and int(found[1]) == 0:
        raise CallerError(f"--scheduler {scheduler}: at least one worker is needed, as local:1.")
    return int(found[1] or 0)


def scheduler_address(text: str) -> str:
    """Return the address of a scheduler, complete, once it is found safe.

    >>> scheduler_address("127.0.0.1:8786"), scheduler_address("tls://gpu.example:8786")
    ('tcp://127.0.0.1:8786', 'tls://gpu.example:8786')

    Raises
    ------
    CallerError
        It is no address; or plain text would leave this machine.
    """
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or (found[1] or "tcp") not in _ENCRYPTED | _PLAIN | {"inproc"}:
        raise CallerError(
            f"--scheduler {text!r}: expected local, local:N, tls://HOST:PORT, or "
            "tcp://127.0.0.1:PORT."
        )
    address = text.strip() if found[1] else f"tcp://{text.strip()}"
    require_safe([address], "The scheduler")
    return address


def require_safe(addresses: Iterable[str], what: str) -> None:
    """Refuse addresses that plain text would be sent to beyond this machine.

    Raises
    ------
    CallerError
        With the first of them.
    """
    for address in addresses:
        if not _is_safe(address):
            raise CallerError(f"{what} {address} is neither on this machine nor on TLS. {_HOW}")


def _is_safe(address: str) -> bool:
    scheme, _, rest = address.partition("://")
    if scheme in _ENCRYPTED or scheme == "inproc":
        return True
    found = _ADDRESS.fullmatch(address)
    return scheme in _PLAIN and bool(rest) and found is not None and _is_loopback(found[2])


def _is_loopback(host: str) -> bool:
    """Tell whether a host, as text, is this machine; other names than localhost could be any."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
