"""Who is at work on a study: a file each, locked as long as its process lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

__all__ = ["Presence", "is_alive"]


class Presence:
    """Marks this process as alive in ``folder``; the kernel lets go of it however it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self._path = folder / f"{self.name}.lock"
        self._lock = FileLock(self._path, thread_local=False)
        self._lock.acquire(timeout=0)

    def close(self) -> None:
        """Leave; idempotent."""
        if self._lock.is_locked:
            self._lock.release()
            self._path.unlink(missing_ok=True)


def is_alive(folder: Path, name: str) -> bool:
    """Tell whether the process that marked itself as ``name`` lives still, here or elsewhere."""
    path = folder / f"{name}.lock"
    if not path.exists():
        return False
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    path.unlink(missing_ok=True)
    return False
