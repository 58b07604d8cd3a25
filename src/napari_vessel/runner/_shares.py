"""What of the machine a job may have: threads while it works, memory back at its end."""

from __future__ import annotations

import gc
import sys
from types import ModuleType

__all__ = ["Shares"]


class Shares:
    """Gives jobs in the background fewer threads, and takes memory back.

    Imports nothing: where torch is not loaded there is nothing to share.

    Parameters
    ----------
    background
        Threads of a job of priority below 0; None: as many as any other.
    """

    def __init__(self, background: int | None = None) -> None:
        self._background = background
        self._all: int | None = None
        self._now: int | None = None

    def give(self, priority: float) -> None:
        """Give a job of ``priority`` its threads, before its turn."""
        torch = _torch()
        if torch is None or self._background is None:
            return
        if self._all is None:
            self._all = self._now = torch.get_num_threads()
        wanted = min(self._all, self._background) if priority < 0 else self._all
        if wanted != self._now:
            torch.set_num_threads(wanted)
            self._now = wanted

    def take_back(self) -> None:
        """Give a GPU's memory back that no job needs any more."""
        torch = _torch()
        if torch is not None and torch.cuda.is_initialized():
            gc.collect()  # a network is part of cycles, as its optimiser's hooks
            torch.cuda.empty_cache()


def _torch() -> ModuleType | None:
    """Return torch, if it is loaded to its end."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "set_num_threads") and hasattr(torch, "cuda") else None
