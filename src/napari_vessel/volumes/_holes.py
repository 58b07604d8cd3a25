"""Look past pieces that cannot be read: zeros in their place, and each one reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from napari_vessel.errors import ReadError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes._dtypes import LazyArray, Voxels
from napari_vessel.volumes._source import Source, lazy_array

__all__ = ["HoleySource"]


class HoleySource:
    """Any source, for looking at: a piece that cannot be read is zeros and a report.

    Not for predicting or measuring, where a hole must stay an error.
    """

    def __init__(self, source: Source, on_hole: Callable[[ReadError], None]) -> None:
        self._source = source
        self._on_hole = on_hole

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the source has)
        return getattr(self._source, name)

    def read(self, box: Box, level: int) -> Voxels:
        """Read ``box``; zeros, and a report, where that fails."""
        try:
            return self._source.read(box, level)
        except ReadError as error:
            self._on_hole(error)
            return np.zeros(box.shape, self._source.dtype)

    def array(self, level: int) -> LazyArray:
        """Return a level as a dask array, chunked as the source chunks it."""
        chunk: Zyx = self._source.array(level).chunksize
        return lazy_array(self, level, chunk)
