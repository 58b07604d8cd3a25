"""Where a volume seems to hold vessels, chunk by chunk: small, and read without torch."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_vessel.errors import CallerError, ProjectError, VolumeNotFoundError
from napari_vessel.geometry import Box, Zyx
from napari_vessel.volumes import Organ, write_atomically

__all__ = ["TriageMap", "is_triage", "open_triage"]

ABOUT, GRID = "triage.json", "probability.npy"
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class TriageMap:
    """The probability of a vessel in each chunk of a box of a volume.

    Attributes
    ----------
    probability
        float32, zyx, one a chunk; NaN: not judged.
    chunk
        Edges of a chunk, in voxels of the level that was looked at; the last ones may be cut.
    box
        What was looked at, in voxels of that level.
    shape
        Of the volume at that level, in voxels.
    about
        Provenance: volume, fingerprint, level, channel, voxel_size_um, checkpoint,
        checkpoint_sha256, classes, state ("complete" or "partial"), code, created.
    """

    probability: NDArray[np.float32]
    chunk: Zyx
    box: Box
    shape: Zyx
    about: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether all of it was looked at."""
        return self.about.get("state") == "complete"

    @cached_property
    def digest(self) -> str:
        """Identify what was found: equal maps have equal digests."""
        text = repr((self.probability.shape, self.chunk, str(self.box), self.shape)).encode()
        return sha256(text + np.ascontiguousarray(self.probability).tobytes()).hexdigest()

    def box_of(self, index: Zyx) -> Box:
        """Return the chunk at ``index`` of the grid, in voxels of its level."""
        axes = zip(index, self.chunk, self.box.start, strict=True)
        z, y, x = (i * edge + start for i, edge, start in axes)
        far = (z + self.chunk[0], y + self.chunk[1], x + self.chunk[2])
        found = Box((z, y, x), far).intersection(self.box)
        if found is None:
            raise CallerError(f"Chunk {index} does not lie in {self.probability.shape}.")
        return found

    @property
    def indices(self) -> Iterator[Zyx]:
        """All chunks, in the order of the grid."""
        yield from np.ndindex(*self.probability.shape)

    def kept(self, skip_below: float, shape: Zyx) -> Organ:
        """Return where a prediction looks: chunks of at least ``skip_below``, or not judged.

        Parameters
        ----------
        shape
            Of the volume at the level that is predicted, in voxels; what is answered is in
            voxels of that level.
        """
        if skip_below <= 0:
            return Organ(None, shape, (1.0, 1.0, 1.0), "No chunk is left out.")
        mask = self._padded(~(self.probability < skip_below), outside=True)
        reason = f"Chunks of a probability below {skip_below:g} are left out."
        return Organ(mask, shape, self._edges(shape), reason)

    def highest(self, box: Box, shape: Zyx) -> float:
        """Return the highest probability in ``box`` (voxels of a level of ``shape``).

        NaN where nothing of it was judged.
        """
        grid = self._all
        spans = zip(box.start, box.stop, self._edges(shape), grid.shape, strict=True)
        cut = tuple(
            slice(min(int(a // edge), n - 1), max(int(-(-b // edge)), int(a // edge) + 1))
            for a, b, edge, n in spans
        )
        found = grid[cut]
        known = found[~np.isnan(found)]
        return float(known.max()) if known.size else float("nan")

    @cached_property
    def _all(self) -> NDArray[np.float32]:
        return self._padded(self.probability, outside=np.nan)

    def _edges(self, shape: Zyx) -> tuple[float, float, float]:
        """Return the edges of a chunk in voxels of a level of ``shape``."""
        axes = zip(self.chunk, shape, self.shape, strict=True)
        z, y, x = (edge * ours / theirs for edge, ours, theirs in axes)
        return z, y, x

    def _padded(self, values: NDArray[Any], *, outside: float) -> NDArray[Any]:
        """Return values of the whole volume's grid; the box begins on it."""
        axes = zip(self.shape, self.chunk, strict=True)
        whole = np.full(tuple(-(-edge // size) for edge, size in axes), outside, values.dtype)
        first = (start // size for start, size in zip(self.box.start, self.chunk, strict=True))
        starts = zip(first, values.shape, strict=True)
        whole[tuple(slice(a, a + n) for a, n in starts)] = values
        return whole


def is_triage(path: Path) -> bool:
    """Tell whether a triage lies at ``path``."""
    return (path / ABOUT).is_file()


def open_triage(path: str | Path) -> TriageMap:
    """Read what a triage found, or has found so far.

    Raises
    ------
    VolumeNotFoundError
        There is none.
    ProjectError
        It is damaged, or of a newer version.
    """
    folder = Path(path)
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8"))
        grid = np.load(folder / GRID, allow_pickle=False)
        z, y, x = (int(edge) for edge in about["chunk"])
        d, e, f = (int(edge) for edge in about["shape"])
        found = TriageMap(
            grid.astype(np.float32), (z, y, x), Box.parse(about["box"]), (d, e, f), about
        )
    except FileNotFoundError as error:
        raise VolumeNotFoundError(
            f"{folder} holds no triage: expected {ABOUT} and {GRID}. Make one with "
            "napari-vessel triage."
        ) from error
    except (OSError, ValueError, LookupError, TypeError, EOFError) as error:
        raise ProjectError(
            f"{folder} holds a triage that is damaged ({error}): make it again, with --overwrite."
        ) from error
    _check(folder, found)
    return found


def _check(folder: Path, found: TriageMap) -> None:
    if found.about.get("format_version") != _FORMAT:
        raise ProjectError(
            f"{folder} is a triage of format {found.about.get('format_version')}, this version "
            f"reads {_FORMAT}: update napari-vessel, or make it again."
        )
    axes = zip(found.box.shape, found.chunk, strict=True)
    expected = tuple(-(-edge // size) for edge, size in axes)
    if found.probability.shape != expected:
        raise ProjectError(
            f"{folder} holds a triage that is damaged: its grid is {found.probability.shape}, "
            f"its box takes {expected}. Make it again, with --overwrite."
        )


def write_triage(folder: Path, found: TriageMap) -> None:
    """Keep what was found so far: each file whole, the grid before what says it is complete.

    Raises
    ------
    WriteError
        The disk refuses.
    """
    content = io.BytesIO()
    np.save(content, found.probability)
    about = found.about | {
        "format_version": _FORMAT,
        "box": str(found.box),
        "chunk": list(found.chunk),
        "shape": list(found.shape),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / GRID, content.getvalue())
    write_atomically(folder / ABOUT, json.dumps(about, indent=2).encode())
