"""Tell of chunks that were not there: a hole must not pass for data unseen."""

from __future__ import annotations

import logging

from napari_vessel.volumes import Volume

_log = logging.getLogger(__name__)


def tell_missing(volume: Volume) -> int:
    """Log how many chunks of ``volume`` were asked for and not there; return the number."""
    missing = volume.missing_chunks
    if missing:
        chunks = "chunk was" if missing == 1 else "chunks were"
        _log.warning("%d %s missing in %s and taken as fill value.", missing, chunks, volume.uri)
    return missing
