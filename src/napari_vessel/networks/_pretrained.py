"""What can go wrong with a download of weights, in words a person can act on."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

from huggingface_hub import constants, errors
from safetensors import SafetensorError

from napari_vessel.errors import CheckpointError

__all__ = ["download_explained"]

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

    The hub's client tries each file six times and waits 10 s for an answer: some 25 s
    to 50 s without a network, three minutes where nothing answers. Downloads of torch
    itself would wait for ever; here they wait 30 s for the next bytes. That is set for
    the whole process while the context lasts.

    Raises
    ------
    CheckpointError
        In place of what the libraries raise.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENT_SECONDS)
    try:
        yield
    except _FAILURES as error:
        raise CheckpointError(
            f"The pretrained weights of {encoder} cannot be had ({_said(error)}). Check the "
            "connection and the proxy settings (HTTPS_PROXY) and try again; or, on a machine "
            "that has a connection, build the same network once and copy its cache of weights "
            f"to {constants.HF_HUB_CACHE}; or set pretrained = false."
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _said(error: BaseException) -> str:
    """Return the type and first line of the error at the root of ``error``, cut short."""
    root = error
    while (cause := root.__cause__) is not None:
        root = cause
    # A KeyError's text is its message in quotes.
    words = str(root.args[0] if isinstance(root, KeyError) and root.args else root)
    first = (words.splitlines() or [""])[0]
    text = f"{type(root).__name__}: {first}".removesuffix(": ").rstrip(".")
    return text if len(text) <= 160 else text[:159] + "…"
