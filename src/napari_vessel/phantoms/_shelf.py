"""Phantoms kept on disk, made once by a process of its own, to be learned from again and again.

They stand for what volumes look like that a person does not have open: learning from a few
corrected slices of one volume must not make a network forget the others. All are small, seeded,
and the same on every machine. Nobody waits for them: what is there is used.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import platformdirs
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from napari_vessel.errors import ReadError, WriteError
from napari_vessel.geometry import Zyx
from napari_vessel.phantoms._phantom import make_phantom
from napari_vessel.phantoms._random import random_config

__all__ = ["PhantomShelf", "ShelvedPhantom"]

_SHAPE: Zyx = (64, 128, 128)  # about a second of one core each
_GENERATION = 1  # other phantoms come from another folder
_LOWEST = 19  # of nice: whoever works at the machine comes first


@dataclass(frozen=True, slots=True, eq=False)
class ShelvedPhantom:
    """One phantom as it lies on the shelf.

    Parameters
    ----------
    image
        (z, y, x), uint8 or uint16, as a scanner would store it.
    truth
        bool: what a person would outline.
    edges_um
        Of a voxel, zyx.
    bright
        Whether vessels are brighter than what is around them.
    """

    image: NDArray[np.uint8 | np.uint16]
    truth: NDArray[np.bool_]
    edges_um: tuple[float, float, float]
    bright: bool


class PhantomShelf:
    """A folder of phantoms, and the process that fills it.

    Parameters
    ----------
    count
        How many phantoms there are to be.
    seed
        Of all of them.
    folder
        Where; by default in the user's cache.
    """

    def __init__(self, count: int = 24, seed: int = 0, folder: Path | None = None) -> None:
        base = Path(platformdirs.user_cache_dir("napari-vessel")) if folder is None else folder
        self.folder = base / f"phantoms-{_GENERATION}-{seed}"
        self.count, self.seed = count, seed
        self._maker: subprocess.Popen[bytes] | None = None

    def paths(self) -> list[Path]:
        """Return the files of the phantoms that are there, in order."""
        wanted = (self._path(number) for number in range(self.count))
        return [path for path in wanted if path.is_file()]

    @property
    def filling(self) -> bool:
        """Whether a process of this shelf is making phantoms."""
        return self._maker is not None and self._maker.poll() is None

    def fill_beside(self) -> None:
        """Start a process of lowest priority that makes what is missing; ends with this one.

        It does nothing where another one is at it already, or the cache cannot be written.
        """
        if self.filling or len(self.paths()) >= self.count:
            return
        command = [sys.executable, "-m", __name__, str(self.folder.parent)]
        command += [str(self.count), str(self.seed), str(os.getpid())]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        nothing = subprocess.DEVNULL
        self._maker = subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, env={**os.environ, **threads}
        )

    def close(self) -> None:
        """End the process that fills the shelf; what it made stays."""
        if self._maker is not None:
            self._maker.terminate()
            self._maker.wait()
            self._maker = None

    def fill(self, parent: int | None = None) -> None:
        """Make what is missing, here; stops where the process ``parent`` has gone.

        Raises
        ------
        WriteError
            The folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=0):
                for number in range(self.count):
                    if parent is not None and not _runs(parent):
                        return
                    if not self._path(number).is_file():
                        self._make(number)
        except Timeout:  # another process is making the same
            return
        except OSError as error:
            raise WriteError(f"{self.folder} cannot be written: {error.strerror}.") from error

    def _make(self, number: int) -> None:
        rng = np.random.default_rng((self.seed, number))
        phantom = make_phantom(random_config(rng, _SHAPE, polarity=None))
        path = self._path(number)
        beside = path.with_name(f".{path.name}.{os.getpid()}.npz")
        np.savez_compressed(
            beside,
            image=phantom.image,
            truth=np.packbits(phantom.outlined()),
            edges=phantom.voxel_size.zyx,
            bright=phantom.config.polarity == "bright",
        )
        beside.replace(path)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:03d}.npz"

    @staticmethod
    def load(path: Path) -> ShelvedPhantom:
        """Read one phantom.

        Raises
        ------
        ReadError
            The file is damaged.
        """
        try:
            with path.open("rb") as file, np.load(file) as stored:
                image, edges = stored["image"], stored["edges"].tolist()
                truth = np.unpackbits(stored["truth"], count=image.size).reshape(image.shape)
                bright = bool(stored["bright"])
        except (OSError, ValueError, LookupError, EOFError, BadZipFile, zlib.error) as error:
            raise ReadError(f"{path} is damaged ({error}): delete it, it is made again.") from error
        z, y, x = edges
        return ShelvedPhantom(image, truth.astype(np.bool_), (z, y, x), bright)


def _runs(process: int) -> bool:
    """Tell whether a process is there; where that cannot be told, it is."""
    if sys.platform == "win32":
        return True  # the shelf ends its maker when it closes; asking would end the parent
    return os.getppid() == process


def _main() -> None:
    """Fill a shelf: FOLDER COUNT SEED PARENT."""
    folder, count, seed, parent = sys.argv[1:]
    with suppress(AttributeError, OSError):  # not on every system
        os.nice(_LOWEST)
    PhantomShelf(int(count), int(seed), Path(folder)).fill(int(parent))


if __name__ == "__main__":
    _main()
