"""Every error of a workflow becomes one of ours, with its text."""

from __future__ import annotations

from traceback import TracebackException

from napari_vessel.errors import ComputeError, DeviceMemoryError, VesselError

from ._messages import pack, unpack

__all__ = ["explained", "packed_error", "trace_of"]


def explained(workflow: str, error: BaseException) -> VesselError:
    """Return ``error`` if it is ours, else one of ours with its text."""
    if isinstance(error, VesselError):
        return error
    if isinstance(error, MemoryError):
        return DeviceMemoryError(
            f"No memory was left for the workflow {workflow!r} ({_text(error)}): "
            "close other programs or work on a smaller region, then start again."
        )
    return ComputeError(
        f"The workflow {workflow!r} stopped on an unforeseen error: {_text(error)}. "
        "Start again; if it comes back, please report it."
    )


def packed_error(workflow: str, error: BaseException) -> bytes:
    """Pack an error so that it arrives with its text, whatever it is made of."""
    ours = explained(workflow, error)
    try:
        payload = pack(ours)
        arrived = unpack(payload)
    except ComputeError:
        return pack(ComputeError(_text(ours)))
    # An __init__ of its own may well rebuild something else without an error.
    same = type(arrived) is type(ours) and _text(arrived) == _text(ours)
    return payload if same else pack(ComputeError(_text(ours)))


def trace_of(error: BaseException) -> str:
    """Return where an error happened, as Python prints it."""
    return "".join(TracebackException.from_exception(error).format())


def _text(error: BaseException) -> str:
    """Name and text of an error; survives a ``__str__`` that fails itself."""
    return "".join(TracebackException.from_exception(error).format_exception_only()).strip()
