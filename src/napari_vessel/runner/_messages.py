"""What goes over the pipe between the viewer and its compute process.

Requests, events and errors travel packed inside a message, so that one that
cannot be unpacked fails its own job and not the conversation.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

from napari_vessel.errors import ComputeError

__all__ = [
    "Beat",
    "Cancel",
    "Ended",
    "Event",
    "Failed",
    "Pause",
    "Ready",
    "Shutdown",
    "Start",
    "pack",
    "unpack",
]


@dataclass(frozen=True, slots=True)
class Start:
    """To the child: begin a job; ``request`` is packed."""

    job: int
    workflow: str
    request: bytes
    priority: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """To the child: close a job's generator."""

    job: int


@dataclass(frozen=True, slots=True)
class Pause:
    """To the child: give jobs of ``workflow`` no turn, or again, also those that come."""

    workflow: str
    paused: bool


@dataclass(frozen=True, slots=True)
class Shutdown:
    """To the child: close every generator and exit."""


@dataclass(frozen=True, slots=True)
class Ready:
    """To the viewer: requests are taken."""


@dataclass(frozen=True, slots=True)
class Beat:
    """To the viewer, every second: the process lives; ``step_s`` is how long its step lasts."""

    step_s: float


@dataclass(frozen=True, slots=True)
class Event:
    """To the viewer: a job's next event, packed."""

    job: int
    event: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """To the viewer: a job came to its end, or was closed as asked."""

    job: int


@dataclass(frozen=True, slots=True)
class Failed:
    """To the viewer: a job's error, packed, and where it happened."""

    job: int
    error: bytes
    trace: str


def pack(value: object) -> bytes:
    """Make bytes of a value.

    Raises
    ------
    ComputeError
        The value cannot be pickled.
    """
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # a foreign __reduce__ may raise anything
        message = (
            f"A {type(value).__qualname__} cannot be sent to another process ({error}): "
            "requests and events have to be picklable."
        )
        raise ComputeError(message) from error


def unpack(payload: bytes) -> Any:  # noqa: ANN401  whatever was packed
    """Make the value of bytes again.

    Raises
    ------
    ComputeError
        The value cannot be rebuilt in this process.
    """
    try:
        return pickle.loads(payload)  # noqa: S301  both ends are ours, and the pipe asks for a secret
    except Exception as error:  # a foreign __init__ or __setstate__ may raise anything
        message = f"What the other process sent cannot be rebuilt here ({error!r})."
        raise ComputeError(message) from error
