"""Large arrays that need not stay in memory: in a file without a name, mapped."""

from __future__ import annotations

import mmap
import os
import tempfile
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_vessel.errors import WriteError

__all__ = ["Spill"]

_LEAST = 2**25  # bytes: smaller arrays stay in memory


class Spill:
    """Makes a block's arrays; the large ones lie in a folder and rest there.

    The system may write what rests to the disk and use its memory otherwise. The files
    have no name: they are gone with their arrays, also where the process is killed.

    Parameters
    ----------
    folder : Path, optional
        Where there is room; without it all arrays stay in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._maps: list[mmap.mmap] = []

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array of zeros.

        Raises
        ------
        WriteError
            Where the folder has no room for it.
        """
        size = prod(shape) * np.dtype(dtype).itemsize
        if self._folder is None or size < _LEAST:
            return np.zeros(shape, dtype)
        try:
            mapped = _mapped(self._folder, size)
        except OSError as error:
            raise WriteError(
                f"{self._folder} has no room for {size / 1e9:.1f} GB to work in "
                f"({error.strerror}): free some, or put the output elsewhere."
            ) from error
        self._maps.append(mapped)
        return np.frombuffer(mapped, dtype).reshape(shape)

    def rest(self) -> None:
        """Let the system have the memory of all arrays; their values stay."""
        if hasattr(mmap, "MADV_DONTNEED"):  # not on Windows: there it pages by itself
            for mapped in self._maps:
                mapped.madvise(mmap.MADV_DONTNEED)


def _mapped(folder: Path, size: int) -> mmap.mmap:
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # a full disk is an error now, not a crash later
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
        return mmap.mmap(file.fileno(), size)
