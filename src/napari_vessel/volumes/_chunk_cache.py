"""Chunks of remote volumes, kept in a folder of this computer up to a limit.

Several viewers share the folder: a chunk is written beside and moved into place, carries a
checksum, and may go at any time. Nothing here is ever the only copy.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from zlib import crc32

import platformdirs
from pydantic import BaseModel, Field, ValidationError

__all__ = ["CacheConfig", "CacheState", "ChunkCache", "the_cache"]

_ENDING = ".chunk"
_CONFIG = "cache.json"
_KEPT = 0.9  # of the limit, after a clearing
_STEP = 0.05  # of the limit, written between two looks at the folder
_PLACE = "NAPARI_VESSEL_CACHE"


class CacheConfig(BaseModel, frozen=True, extra="forbid"):
    """How much of remote volumes is kept on this computer."""

    limit_gb: float = Field(4.0, ge=0, le=10_000, description="At most, in GB; 0 keeps nothing.")


@dataclass(frozen=True, slots=True)
class CacheState:
    """What the cache holds now."""

    folder: Path
    chunks: int
    nbytes: int
    limit_bytes: int


class ChunkCache:
    """Bytes by name, the least recently used dropped first; for threads and processes.

    Parameters
    ----------
    folder
        Made when something is first kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._written = 0  # since the folder was last looked at
        self._looked = False

    @property
    def config(self) -> CacheConfig:
        """What a person chose, as it stands in the folder; the default where it cannot be read."""
        try:
            return CacheConfig.model_validate_json((self.folder / _CONFIG).read_bytes())
        except (OSError, ValidationError):
            return CacheConfig()

    def configure(self, config: CacheConfig) -> None:
        """Keep ``config`` for all viewers of this computer, and keep to it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._put(self.folder / _CONFIG, json.dumps(config.model_dump()).encode())
        self.trim()

    def state(self) -> CacheState:
        """Look at the folder."""
        found = self._entries()
        return CacheState(self.folder, len(found), sum(n for _, n, _ in found), self._limit)

    def get(self, name: str) -> bytes | None:
        """Return what is kept under ``name``; None where nothing is, or it is damaged."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if len(content) < 4 or crc32(content[4:]) != int.from_bytes(content[:4], "big"):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # last used now
        return content[4:]

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes; where the disk refuses, nothing is kept and nothing else happens."""
        limit = self._limit
        if len(content) > limit // 4:
            return
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._put(path, crc32(content).to_bytes(4, "big") + content)
        except OSError:
            return
        with self._lock:
            self._written += len(content)
            full = not self._looked or self._written > limit * _STEP
        if full:
            self.trim()

    def trim(self) -> None:
        """Drop the least recently used until the limit is kept."""
        with self._lock:
            self._looked, self._written = True, 0
        limit, found = self._limit, sorted(self._entries())
        total = sum(size for _, size, _ in found)
        if total <= limit:
            return
        for _, size, path in found:
            if total <= limit * _KEPT:
                break
            with suppress(OSError):
                path.unlink()
            total -= size

    def clear(self) -> None:
        """Drop everything."""
        for _, _, path in self._entries():
            with suppress(OSError):
                path.unlink()

    @property
    def _limit(self) -> int:
        return int(self.config.limit_gb * 1e9)

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / (name + _ENDING)

    @staticmethod
    def _put(path: Path, content: bytes) -> None:
        beside = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
        try:
            beside.write_bytes(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _entries(self) -> list[tuple[float, int, Path]]:
        """List what is kept: last use, bytes, file. Others may delete meanwhile."""
        found = []
        with suppress(OSError):
            for folder in self.folder.iterdir():
                found += _files(folder) if folder.is_dir() else []
        return found


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if _ENDING in entry.name:  # also what a killed writer left beside
                    told = entry.stat()
                    found.append((told.st_mtime, told.st_size, Path(entry.path)))
    return found


@lru_cache(maxsize=8)
def _cache_at(folder: Path) -> ChunkCache:
    return ChunkCache(folder)


def the_cache() -> ChunkCache:
    """Return the cache of this person; ``NAPARI_VESSEL_CACHE`` names another folder."""
    named = os.environ.get(_PLACE)
    folder = Path(named) if named else Path(platformdirs.user_cache_dir("napari-vessel"))
    return _cache_at(folder / "chunks")
