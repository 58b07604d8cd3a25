"""What can go wrong with a download of weights, in words a person can act on."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

from huggingface_hub import constants, errors, get_session
from safetensors import SafetensorError

from napari_vessel.errors import CheckpointError

__all__ = ["download_explained"]

_ANSWER_SECONDS = 10.0
_SILENT_SECONDS = 30.0

# Next to OSError, which holds sockets, files, urllib and most of the hub's own: the HTTP
# client's errors (whichever client the hub uses: its errors derive from them), what
# proxies and offline mode raise, and what reading a damaged file does.
_FAILURES: tuple[type[BaseException], ...] = (
    OSError,
    *errors.HfHubHTTPError.__bases__,
    errors.EntryNotFoundError,
    HTTPException,
    ImportError,
    SafetensorError,
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    KeyError,
    RuntimeError,
    TypeError,
    ValueError,
)


@contextmanager
def download_explained(encoder: str) -> Iterator[None]:
    """Turn any failure to get an encoder's weights into advice, in bounded time.

    The hub is asked once, for 10 s. Where it does not answer, only the cache of weights
    is looked into: the hub's client alone would try each file six times, a minute each.
    Downloads of torch itself would wait for ever for the next bytes; here for 30 s.
    Both are set for the whole process while the context lasts.

    Raises
    ------
    CheckpointError
        In place of what the libraries raise.
    """
    silent = _unreachable()
    before = constants.HF_HUB_OFFLINE, socket.getdefaulttimeout()
    # What HF_HUB_OFFLINE=1 sets when a program starts.
    constants.HF_HUB_OFFLINE = before[0] or silent is not None
    socket.setdefaulttimeout(_SILENT_SECONDS)
    try:
        yield
    except _FAILURES as error:
        root = _root(error)
        if silent is not None and isinstance(root, errors.OfflineModeIsEnabled):
            root = _root(silent)  # not that we went offline, but why
        raise CheckpointError(
            f"The pretrained weights of {encoder} cannot be had ({_said(root)}). Check the "
            "connection and the proxy settings (HTTPS_PROXY) and try again; or, on a machine "
            "that has a connection, build the same network once and copy its cache of weights "
            f"to {constants.HF_HUB_CACHE}; or set pretrained = false."
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = before[0]
        socket.setdefaulttimeout(before[1])


def _unreachable() -> BaseException | None:
    """Ask the hub for any answer at all; return what failed, or none."""
    try:
        get_session().head(constants.ENDPOINT, timeout=_ANSWER_SECONDS)
    except _FAILURES as error:
        return error
    return None


def _root(error: BaseException) -> BaseException:
    """Return the first of the errors that led to ``error``."""
    while (cause := error.__cause__) is not None:
        error = cause
    return error


def _said(root: BaseException) -> str:
    """Return the type and first line of an error, cut short."""
    # A KeyError's text is its message in quotes.
    words = str(root.args[0] if isinstance(root, KeyError) and root.args else root)
    first = (words.splitlines() or [""])[0]
    text = f"{type(root).__name__}: {first}".removesuffix(": ").rstrip(".")
    return text if len(text) <= 160 else text[:159] + "…"
