"""Let the C library keep large activations, which it otherwise gives back after every batch."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from functools import cache

__all__ = ["keep_activations"]

_log = logging.getLogger(__name__)

# Parameters of mallopt (malloc.h), as the compute process is started with them (runner).
_SETTINGS = {-4: 0, -1: -1, -2: 512 * 2**20}
"""M_MMAP_MAX: nothing mapped; M_TRIM_THRESHOLD: no giving back; M_TOP_PAD: half a GB at a time."""


@cache
def keep_activations() -> bool:
    """Tell glibc to keep freed memory for the next batch; once in a process.

    Without, the CPU spends 10 to 40 % of a prediction on pages that it gave back just
    before. A process that was started with ``MALLOC_MMAP_MAX_`` set is left as it is, and
    so are systems with another C library, where nothing needs telling.

    Returns
    -------
    bool
        Whether it was told so, here or in the environment.
    """
    if "MALLOC_MMAP_MAX_" in os.environ:
        return True
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        _log.info("This C library cannot be told to keep memory.")
        return False
    told = {name: mallopt(name, value) for name, value in _SETTINGS.items()}
    return all(told.values())
